// The lines of a requirements file, read as far as we must know them; uv reads the file itself (pip, "Requirements File Format").
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { redactText } from '../core/redact.ts';
import { normalizeName } from './package-name.ts';
import { filenameOfUrl, parseWheelFilename } from './tags.ts';

export type RequirementLine =
  /** A distribution by name or by the URL of its wheel. `hashes` are all its `--hash` options: one of them must fit. */
  | { readonly kind: 'package'; readonly name: string; readonly hashes: readonly Digest[] }
  /** A source archive or repository by its URL; its name may stand only in itself. */
  | { readonly kind: 'source'; readonly name: string | undefined; readonly hashes: readonly Digest[] }
  /** A wheel, source archive or project's folder of this host, which may not say its name. */
  | {
      readonly kind: 'local';
      readonly name: string | undefined;
      /** As written, without file: and encoding. */
      readonly path: string;
      readonly hashes: readonly Digest[];
      /** The line with this URL in place of the path. */
      readonly at: (url: string) => string;
    }
  /** Of a constraints file when it `limits`: versions of what others ask for. */
  | { readonly kind: 'include'; readonly path: string; readonly limits: boolean }
  | { readonly kind: 'index'; readonly url: string }
  | { readonly kind: 'require-hashes' }
  /** What cannot be installed without running code of it; `what` names it for a message. */
  | { readonly kind: 'refused'; readonly what: string; readonly hint: string }
  | { readonly kind: 'invalid'; readonly what: string }
  /** Options that only the resolver needs to know. */
  | { readonly kind: 'other' };

export interface NumberedLine {
  /** From 1: where the line begins. */
  readonly number: number;
  readonly text: string;
}

/** Joins lines that end in `\`, then drops comments and empty lines, in this order, as pip does. */
export function logicalLines(content: string): NumberedLine[] {
  const lines: NumberedLine[] = [];
  let open: { number: number; text: string } | undefined;
  for (const [index, line] of content
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const isComment = /^\s*#/.test(line);
    const text = isComment ? '' : line;
    open = { number: open?.number ?? index + 1, text: `${open?.text ?? ''}${text.replace(/\\$/, '')}` };
    if (!isComment && line.endsWith('\\')) continue;
    lines.push(open);
    open = undefined;
  }
  if (open) lines.push(open);
  return lines
    .map(({ number, text }) => ({ number, text: text.replace(/(^|\s+)#.*$/, '').trim() }))
    .filter(({ text }) => text !== '');
}

const OPTION = /^(--[a-z-]+|-[a-z])(?:\s*=\s*|\s+)?(.*)$/s;

export function parseRequirementLine(text: string): RequirementLine {
  if (!text.startsWith('-')) return parseRequirement(text);
  const [, name = '', rest = ''] = OPTION.exec(text) ?? [];
  const value = rest.trim().replace(/^(["'])(.*)\1$/, '$2');
  switch (name) {
    case '-r':
    case '--requirement':
      return { kind: 'include', path: value, limits: false };
    case '-c':
    case '--constraint':
      return { kind: 'include', path: value, limits: true };
    case '-i':
    case '--index-url':
    case '--extra-index-url':
    case '-f':
    case '--find-links':
      return { kind: 'index', url: value };
    case '-e':
    case '--editable':
      return parseEditable(value);
    case '--require-hashes':
      return { kind: 'require-hashes' };
    default:
      return { kind: 'other' };
  }
}

/** A line without the word that asks for an editable install. */
export function withoutEditable(text: string): string {
  return text.replace(/^(?:-e|--editable)\s*=?\s*/, '');
}

const WHEEL_HINT = 'Build a wheel of it, and name that by its path or publish it to an index.';
const NAMED = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:(?:===|[=<>!~]=|[<>;(]).*|@\s*(\S+).*)?$/s;
const VCS = /^(?:git|hg|svn|bzr)\+/i;

/** An image has no link to a folder of this host: what is installed of it is its wheel. */
function parseEditable(value: string): RequirementLine {
  if (value === '') return { kind: 'invalid', what: '-e without a folder' };
  const line = parseRequirement(value);
  // Behind -e, what looks like a name is a folder.
  return line.kind === 'package' || line.kind === 'invalid' ? parseRequirement(`./${value}`) : line;
}

/** A requirement (PEP 508, and pip's bare URLs and paths) with its options. */
function parseRequirement(line: string): RequirementLine {
  const [text = '', ...options] = line.split(/\s+(?=--[a-z])/);
  const [, name, url] = NAMED.exec(text) ?? [];
  if (isLocalArchive(text))
    return localLine(url === undefined ? undefined : name, url ?? /^\S+/.exec(text)![0], text, options);
  if (name !== undefined && url === undefined) return packageLine(name, options);
  const target = url ?? /^\S+/.exec(text)?.[0] ?? '';
  if (/^git\+/i.test(target)) return sourceLine(name, target, options);
  if (VCS.test(target)) return refused(`a source repository that is not git, ${shown(target)}`, WHEEL_HINT);
  if (!/^https?:\/\//i.test(target)) {
    if (/^file:|^[.~]|[/\\]/.test(target)) return localLine(name, target, text, options);
    return { kind: 'invalid', what: shown(text) };
  }
  const wheel = parseWheelFilename(filenameOfUrl(target));
  return wheel ? packageLine(name ?? wheel.name, options) : sourceLine(name, target, options);
}

function isLocalArchive(text: string): boolean {
  return !text.includes('://') && /\.(?:whl|zip|tar\.\w+|tgz)(?:\s*;.*)?$/s.test(text);
}

const LOCAL = /^([^\s[#]+)(\[[^\]]*\])?(?:#(?:egg=[^&\s]*)?)?$/;

/** @param written the path or URL, as a part of the text */
function localLine(
  name: string | undefined,
  written: string,
  text: string,
  options: readonly string[],
): RequirementLine {
  const [, place = '', extras = ''] = LOCAL.exec(written) ?? [];
  const line = packageLine(name ?? '', options);
  if (place === '') return refused(`the local path ${shown(written)}`, 'Name the folder or file alone, without "#".');
  if (line.kind !== 'package') return line;
  const start = text.indexOf(written, name === undefined ? 0 : text.indexOf('@'));
  const [before, after] = [text.slice(0, start), text.slice(start + written.length)];
  const at = (url: string): string => [`${before}${url}${extras}${after}`, ...options].join(' ');
  const named = name === undefined ? undefined : line.name;
  return { kind: 'local', name: named, path: pathIn(place), hashes: line.hashes, at };
}

/** pip takes `file:` with relative paths too. */
function pathIn(place: string): string {
  const [, path] = /^file:(?:\/\/(?:localhost)?(?=\/))?(.*)$/is.exec(place) ?? [];
  if (path === undefined) return place;
  try {
    return decodeURIComponent(path);
  } catch {
    // `%` that encodes nothing stands for itself.
    return path;
  }
}

/** Before direct references (PEP 440) there was only the fragment of the URL to name it. */
function sourceLine(name: string | undefined, target: string, options: readonly string[]): RequirementLine {
  const named = name ?? /[#&]egg=([A-Za-z0-9][\w.-]*)/.exec(target)?.[1];
  const line = packageLine(named ?? '', options);
  if (line.kind !== 'package') return line;
  return { kind: 'source', name: named === undefined ? undefined : line.name, hashes: line.hashes };
}

function packageLine(name: string, options: readonly string[]): RequirementLine {
  const values = options.flatMap((option) => /^--hash[\s=]+(\S+)/.exec(option)?.[1]?.toLowerCase() ?? []);
  const hashes = values.filter(isDigest);
  if (values.length > 0 && hashes.length === 0) return { kind: 'invalid', what: `${name} has hashes, but no sha256` };
  return { kind: 'package', name: normalizeName(name), hashes };
}

function refused(what: string, hint: string): RequirementLine {
  return { kind: 'refused', what, hint };
}

function shown(text: string): string {
  return redactText(text.slice(0, 200));
}
