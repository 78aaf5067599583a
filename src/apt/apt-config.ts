// The few settings of apt.conf(5) that decide which packages are taken, out of files that hold hundreds of others.
import { ImageSpecError } from '../core/error.ts';
import type { AptFolder } from './apt-folder.ts';

/** Values by lower-case name: `acquire::check-date`. Lists and what only apt itself needs are read over. */
export type AptConfig = ReadonlyMap<string, string>;

/** Files beyond this are no configuration (bytes). */
const CONFIG_LIMIT_BYTES = 1 << 20;
/** Scopes within scopes; apt's own files have five. */
const DEPTH_LIMIT = 64;

/** `/etc/apt/apt.conf.d/*` in order, then `/etc/apt/apt.conf`, of which the last word counts. Throws `APT_SOURCES_INVALID`. */
export function readAptConfig(folder: AptFolder): AptConfig {
  const parts = folder
    .list('/etc/apt/apt.conf.d')
    .filter((name) => /^[\w-]+(?:\.conf)?$/.test(name))
    .sort()
    .map((name) => `/etc/apt/apt.conf.d/${name}`);
  const config = new Map<string, string>();
  for (const path of [...parts, '/etc/apt/apt.conf']) {
    const bytes = folder.read(path);
    if (bytes) parseAptConfig(new TextDecoder().decode(bytes), config, path);
  }
  return config;
}

/** Adds what the text sets to `config`. Throws `APT_SOURCES_INVALID` naming `path` for what is no configuration. */
function parseAptConfig(text: string, config: Map<string, string>, path: string): void {
  const invalid = (why: string): ImageSpecError =>
    new ImageSpecError('APT_SOURCES_INVALID', `${path} cannot be understood: ${why}`, {
      hint: 'Its syntax is that of apt.conf(5): "apt-config dump" says what apt makes of it.',
      facts: { file: path },
    });
  if (text.length > CONFIG_LIMIT_BYTES) throw invalid(`it is longer than ${CONFIG_LIMIT_BYTES} bytes`);
  const scopes: string[] = [];
  let words: string[] = [];
  for (const { word, isMark } of wordsOf(text)) {
    if (!isMark) {
      words.push(word);
    } else if (word === '{') {
      if (scopes.length === DEPTH_LIMIT) throw invalid(`braces lie more than ${DEPTH_LIMIT} deep`);
      scopes.push(scopeOf(words));
      words = [];
    } else {
      assign(config, scopes, words);
      words = [];
      if (word === '}' && scopes.pop() === undefined) throw invalid('a brace is closed that was not opened');
    }
  }
  assign(config, scopes, words);
  if (scopes.length > 0) throw invalid('a brace is not closed');
}

const scopeOf = ([name = '']: readonly string[]): string => name;

/** `A::B "x";` sets a value; `"x";` alone, and names that end in `::`, are items of lists. */
function assign(config: Map<string, string>, scopes: readonly string[], [name, value]: readonly string[]): void {
  if (name === undefined) return;
  const full = [...scopes, name].filter((part) => part !== '').join('::');
  if (name.startsWith('#clear')) clear(config, value ?? '');
  else if (value !== undefined && !name.endsWith('::')) config.set(full.toLowerCase(), value);
}

function clear(config: Map<string, string>, name: string): void {
  const cleared = name.toLowerCase();
  for (const key of config.keys()) if (key === cleared || key.startsWith(`${cleared}::`)) config.delete(key);
}

const TOKEN = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|#(?!clear\b)[^\n]*|"([^"\n]*)"|([{};])|((?:[^\s"{};/]|\/(?![/*]))+)/g;

function* wordsOf(text: string): Generator<{ readonly word: string; readonly isMark: boolean }> {
  for (const [, quoted, mark, bare] of text.matchAll(TOKEN)) {
    const word = quoted ?? mark ?? bare;
    if (word !== undefined) yield { word, isMark: mark !== undefined };
  }
}

/** apt's own words for yes and no; undefined for anything else. */
export function parseAptBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (['yes', 'true', 'with', 'on', 'enable', '1'].includes(word)) return true;
  if (['no', 'false', 'without', 'off', 'disable', '0'].includes(word)) return false;
  return undefined;
}
