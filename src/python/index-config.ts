// Configuration files of pip and uv, as far as they say where packages come from: index URLs, which may hold credentials.
import { parse } from 'smol-toml';
import { ImageSpecError } from '../core/error.ts';

export interface PipConfig {
  readonly indexUrl: string | undefined;
  readonly extraIndexUrls: readonly string[];
}

/** Sections whose options hold for an installation, the stronger last (pip, "Configuration"). */
const SECTIONS = ['global', 'install'] as const;
/** Options that say where packages come from or which are taken, and that nobody hands over. */
const REFUSED: ReadonlySet<string> = new Set(
  'no-index find-links trusted-host cert client-cert proxy constraint no-binary only-binary prefer-binary pre'.split(
    ' ',
  ),
);

/**
 * `index-url` and `extra-index-url` of a pip.conf. Throws `REQUIREMENTS_INVALID`, and `NOT_SUPPORTED` for options that would have to be
 * followed too.
 * @param what begins a message: `The pip.conf /app/pip.conf`
 */
export function parsePipConfig(text: string, what: string): PipConfig {
  const sections = iniSections(text, what);
  const values = new Map<string, string>();
  for (const section of SECTIONS) for (const [name, value] of sections.get(section) ?? []) values.set(name, value);
  const refused = [...values.keys()].find((name) => REFUSED.has(name));
  if (refused !== undefined)
    throw new ImageSpecError('NOT_SUPPORTED', `${what} has the option ${refused}, which is not followed yet`, {
      hint: 'Leave it out of this file: index-url and extra-index-url are read.',
    });
  const urls = (name: string): string[] => (values.get(name) ?? '').split(/\s+/).filter((url) => url !== '');
  const all = [...urls('index-url'), ...urls('extra-index-url')];
  if (!all.every((url) => URL.canParse(url))) throw unreadable(what, 'names an index that is no URL');
  return { indexUrl: urls('index-url')[0], extraIndexUrls: urls('extra-index-url') };
}

/** As Python's configparser reads it: `name = value` or `name: value`, comments at the start of a line, indented lines go on. */
function iniSections(text: string, what: string): ReadonlyMap<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let last: string | undefined;
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const [, name] = /^\[([^\]]+)\]/.exec(line) ?? [];
    if (name !== undefined) {
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      last = undefined;
      continue;
    }
    if (section && last !== undefined && /^\s/.test(line)) {
      section.set(last, `${section.get(last)!}\n${line.trim()}`);
      continue;
    }
    const [, key, value = ''] = /^\s*([^=:\s][^=:]*?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (!section || key === undefined) throw unreadable(what, 'has a line that is neither [section] nor name = value');
    // pip takes both spellings.
    last = key.toLowerCase().replaceAll('_', '-');
    section.set(last, value.trim());
  }
  return sections;
}

/** All index URLs of a uv.toml, which uv reads itself. Throws `REQUIREMENTS_INVALID`. */
export function indexUrlsOfUvConfig(text: string, what: string): readonly string[] {
  let config: Readonly<Record<string, unknown>>;
  try {
    config = parse(text);
  } catch {
    // Its own message shows the lines.
    throw unreadable(what, 'is not TOML');
  }
  const { pip } = config;
  const tables = [config, ...(isTable(pip) ? [pip] : [])];
  const values = tables.flatMap((table) => [
    table['index-url'],
    table['extra-index-url'],
    table['index'],
    table['find-links'],
  ]);
  const urls = values.flat().map((value: unknown) => (isTable(value) ? value['url'] : value));
  return urls.filter((url) => typeof url === 'string');
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unreadable(what: string, why: string): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', `${what} ${why}`, { hint: 'Correct the file.' });
}
