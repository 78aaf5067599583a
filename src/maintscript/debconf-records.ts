// Stanzas as debconf writes them, in `templates` and in its database under /var/cache/debconf.

/** Fields by lower-case name; a folded value has its line breaks, and ` .` is an empty line. */
export function fieldsOf(text: string): ReadonlyMap<string, string>[] {
  return text
    .split(/\n(?:[ \t]*\n)+/)
    .map(parseRecord)
    .filter((fields) => fields.size > 0);
}

function parseRecord(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^([A-Za-z][^:\s]*):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields.set((last = name.toLowerCase()), value.trimEnd());
    else if (/^\s/.test(line) && last !== '') {
      const more = line.trim() === '.' ? '' : line.slice(1).trimEnd();
      fields.set(last, `${fields.get(last)}\n${more}`);
    }
  }
  return fields;
}
