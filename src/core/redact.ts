// Credentials never reach a message: every URL passes here before it enters an error, an event or a log.

/** The URL without user, password, query and fragment: signed queries are credentials too. */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : url;
  if (!parsed)
    return String(url)
      .replace(/\/\/[^/@]*@/, '//')
      .replace(/[?#].*$/, '');
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search ? '?…' : ''}`;
}

/** Hides the user info of every URL in a text that another program wrote. */
export function redactText(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]+@/gi, '$1***@');
}
