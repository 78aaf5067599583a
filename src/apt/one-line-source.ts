// The one-line style of sources.list(5): `deb [arch=amd64 signed-by=/path] uri suite component…`.
import type { SourceEntry } from './source-entry.ts';
import { checkEntry, invalidSource } from './source-entry.ts';

/** A word that is longer is none (characters). */
const LINE_LIMIT = 10_000;

/** Entries of type `deb`; `where` gives a line its name in messages. Throws `APT_SOURCES_INVALID`. */
export function parseOneLineSources(text: string, where: (line: number) => string): SourceEntry[] {
  return text.split('\n').flatMap((line, index) => parseOneLineSource(line, where(index + 1)) ?? []);
}

/** Undefined for empty lines and for `deb-src`. Throws `APT_SOURCES_INVALID`. */
function parseOneLineSource(line: string, where: string): SourceEntry | undefined {
  const text = line.replace(/#.*$/, '').trim();
  if (text === '') return undefined;
  if (text.length > LINE_LIMIT) throw invalidSource(where, `the line is longer than ${LINE_LIMIT} characters`);
  const [, type, options, rest = ''] = /^(\S+)\s+(?:\[([^\]]*)\]\s*)?([^[].*)?$/.exec(text) ?? [];
  if (type === 'deb-src') return undefined;
  if (type !== 'deb') throw invalidSource(where, 'it is not "deb [options] uri suite component…"');
  const [uri, suite, ...components] = rest.split(/\s+/).filter((word) => word !== '');
  return checkEntry({
    where,
    uris: uri === undefined ? [] : [uri],
    suites: suite === undefined ? [] : [suite],
    components,
    options: parseOptions(options ?? '', where),
  });
}

function parseOptions(text: string, where: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const option of text.split(/\s+/).filter((word) => word !== '')) {
    const [, name, sign, value] = /^([\w-]+?)(=|\+=|-=)(.*)$/.exec(option) ?? [];
    if (name === undefined || value === undefined) throw invalidSource(where, `"${option}" is not "option=value"`);
    if (sign !== '=') throw invalidSource(where, `the option "${name}${sign}" is not supported`, 'Use "=" instead.');
    options.set(name.toLowerCase(), value);
  }
  return options;
}
