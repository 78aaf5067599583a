// One file of a lock (PEP 751): its name, digest and URL, and what they say of where it came from.
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import type { Interpreter } from './interpreter.ts';
import type { DirectUrl } from './lock.ts';
import type { Selection } from './markers.ts';
import type { PylockFile, PylockPackage } from './pylock.ts';
import type { Requirements } from './requirements.ts';
import { filenameOfUrl } from './tags.ts';

export interface ChooseOptions {
  readonly interpreter: Interpreter;
  /** Host path of the lock: relative paths in it start in its folder. */
  readonly file: string;
  /** Names the lock in messages. */
  readonly what: string;
  /** What the user asked for, and the hashes that bind it; undefined when the lock itself is what was asked for. */
  readonly requirements: Omit<Requirements, 'question'> | undefined;
  /** Extras and groups of the lock. */
  readonly selection?: Selection | undefined;
}

export interface Candidate {
  readonly file: PylockFile;
  readonly filename: string;
  readonly digest: Digest | undefined;
}

export function candidateOf(file: PylockFile): Candidate {
  return { file, filename: filenameIn(file), digest: sha256Of(file) };
}

export function filenameIn({ name, url, path }: PylockFile): string {
  return name ?? (url === undefined ? (path ?? '').split(/[/\\]/).at(-1)! : filenameOfUrl(url));
}

function sha256Of({ hashes }: PylockFile): Digest | undefined {
  const digest = `sha256:${hashes['sha256']?.toLowerCase()}`;
  return isDigest(digest) ? digest : undefined;
}

export function urlOf({ url, path }: PylockFile, { file, what }: ChooseOptions): string {
  if (url === undefined && path !== undefined) return pathToFileURL(resolve(dirname(file), path)).href;
  const parsed = URL.parse(url ?? '');
  if (!parsed || !(/^https?:$/.test(parsed.protocol) || isLocal(parsed)))
    throw invalid(`${what} names a file by "${redactText(url ?? '')}", which is no URL of http, https or a local file`);
  parsed.hash = '';
  return parsed.href;
}

/** Whether it is a file of this host: one with another host, or an encoded slash, is none. */
function isLocal(url: URL): boolean {
  try {
    return url.protocol === 'file:' && isAbsolute(fileURLToPath(url));
  } catch {
    return false;
  }
}

/**
 * The record of what came by a URL of its own, without credentials (PEP 610). A path of this host says nothing in the image, and the image
 * must not change with it.
 */
export function directUrlOf(
  { archive }: PylockPackage,
  url: string,
  digest: Digest,
): { readonly directUrl?: DirectUrl } {
  if (!archive || url.startsWith('file:')) return {};
  const { subdirectory } = archive;
  const archive_info = { hashes: { sha256: digest.slice('sha256:'.length) } };
  return { directUrl: { url: withoutUser(url), archive_info, ...(subdirectory !== undefined && { subdirectory }) } };
}

/** The user of ssh is no secret, and part of where a repository is. */
export function withoutUser(url: string): string {
  const bare = new URL(url);
  if (!bare.protocol.startsWith('ssh')) bare.username = '';
  bare.password = '';
  return bare.href;
}

/** A source that was asked for without a name is known by having a URL of its own. */
export function isRequested(
  name: string,
  { vcs, archive, directory }: PylockPackage,
  { requirements }: ChooseOptions,
): boolean {
  if (!requirements || requirements.requested.has(name)) return true;
  return requirements.hasNameless && (vcs ?? archive ?? directory) !== undefined;
}

export function unknownDigest(what: string, filename: string): ImageSpecError {
  return invalid(`${what} gives no sha256 for ${filename}`);
}

export function invalid(message: string): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', message, { hint: 'Make the lock anew.' });
}
