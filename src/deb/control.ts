// Control files as deb822(5) has them: stanzas of fields, in their order and with their line breaks, so that they can be written again.

/** Fields in their order. Values keep their line breaks and the white space at the ends of lines, continuation lines their leading space. */
export type Stanza = readonly (readonly [field: string, value: string])[];

/** Stanzas are parted by empty lines (white space counts as empty); lines that are no field are passed to `refuse`, which throws. */
export function parseStanzas(text: string, refuse: (line: string) => never): Stanza[] {
  const stanzas: Stanza[] = [];
  let fields: [string, string][] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    if (line.trim() === '') {
      if (fields.length > 0) stanzas.push(fields);
      fields = [];
      continue;
    }
    const last = fields.at(-1);
    if (last && /^[ \t]/.test(line)) last[1] += `\n${line}`;
    else fields.push(parseField(line) ?? refuse(line));
  }
  if (fields.length > 0) stanzas.push(fields);
  return stanzas;
}

/** Field names are printable and hold no colon (deb822(5)). */
function parseField(line: string): [string, string] | undefined {
  const [, name, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? [];
  return name === undefined || value === undefined ? undefined : [name, value];
}

/** The value of a field, without white space at its end; names are compared without case (deb822(5)). */
export function fieldOf(stanza: Stanza, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return stanza.find(([field]) => field.toLowerCase() === wanted)?.[1].trimEnd();
}

/** One stanza with a line feed at its end. */
export function printStanza(stanza: Stanza): string {
  return stanza
    .map(([field, value]) => `${field}:${value === '' || value.startsWith('\n') ? '' : ' '}${value}\n`)
    .join('');
}
