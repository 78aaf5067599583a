// User and password of a URL travel as a header, never in the URL: URLs end up in messages and logs.

/** Removes user and password from the URL and gives them as a header; none where there are none. */
export function takeCredentials(url: URL): Readonly<Record<string, string>> {
  const { username, password } = url;
  if (username === '' && password === '') return {};
  url.username = '';
  url.password = '';
  return basicAuthorization(decoded(username), decoded(password));
}

/** RFC 7617. */
export function basicAuthorization(user: string, password: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** Percent-decoded; a `%` that encodes nothing stands for itself. */
export function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());
}
