// The deb822 style of sources.list(5): stanzas of fields, several URIs and suites in each.
import { parseAptBoolean } from './apt-config.ts';
import type { Stanza } from '../deb/control.ts';
import { fieldOf, parseStanzas } from '../deb/control.ts';
import type { SourceEntry } from './source-entry.ts';
import { checkEntry, invalidSource, itemsOf } from './source-entry.ts';

/** What is called otherwise in the one-line style; all other options have their name in lower case there. */
const ONE_LINE_NAMES: Readonly<Record<string, string>> = {
  architectures: 'arch',
  languages: 'lang',
  targets: 'target',
};
const OWN_FIELDS: ReadonlySet<string> = new Set(['types', 'uris', 'suites', 'components', 'enabled']);

/** Entries of type `deb` that are enabled; `where` names the line a stanza starts at. Throws `APT_SOURCES_INVALID`. */
export function parseDeb822Sources(text: string, where: (line: number) => string): SourceEntry[] {
  return blocksOf(text).flatMap(({ block, line }) => {
    const refuse = (bad: string): never => {
      throw invalidSource(where(line), `"${bad.slice(0, 60).trim()}" is not "Field: value"`);
    };
    return parseStanzas(block, refuse).flatMap((stanza) => parseEntry(stanza, where(line)) ?? []);
  });
}

/** Stanzas with the number of their first line that is no comment. */
function blocksOf(text: string): { readonly block: string; readonly line: number }[] {
  const blocks: { block: string; line: number }[] = [];
  let isOpen = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('#')) continue;
    const last = blocks.at(-1);
    if (line.trim() === '') isOpen = false;
    else if (isOpen && last) last.block += `\n${line}`;
    else {
      blocks.push({ block: line, line: index + 1 });
      isOpen = true;
    }
  }
  return blocks;
}

function parseEntry(stanza: Stanza, where: string): SourceEntry | undefined {
  const list = (field: string): string[] => itemsOf(fieldOf(stanza, field) ?? '');
  const enabled = fieldOf(stanza, 'Enabled');
  if (enabled !== undefined && parseAptBoolean(enabled) === false) return undefined;
  const types = list('Types');
  const odd = types.find((type) => type !== 'deb' && type !== 'deb-src');
  if (odd !== undefined || types.length === 0) {
    throw invalidSource(where, odd === undefined ? 'it has no field Types' : `"${odd}" is not a type of source`);
  }
  if (!types.includes('deb')) return undefined;
  return checkEntry({
    where,
    uris: (fieldOf(stanza, 'URIs') ?? '').split(/\s+/).filter((uri) => uri !== ''),
    suites: list('Suites'),
    components: list('Components'),
    options: optionsOf(stanza),
  });
}

function optionsOf(stanza: Stanza): Map<string, string> {
  return new Map(
    stanza
      .map(([field, value]) => [field.toLowerCase(), value] as const)
      .filter(([name]) => !OWN_FIELDS.has(name))
      .map(([name, value]) => [ONE_LINE_NAMES[name] ?? name, value] as const),
  );
}
