// One layer's tar as a list of changes, in its order; its diff ID is checked on the way.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Header } from 'tar-stream';
import { extract } from 'tar-stream';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { isImageSpecError, messageOf } from '../core/error.ts';
import { decompressed } from './decompress.ts';
import type { BaseEntry } from './facts.ts';
import type { Refuse } from './layer-error.ts';
import { refusalOf } from './layer-error.ts';

/** One entry of a layer. */
export interface Change {
  /** Cleaned: no leading slash, no `.`; parents are not resolved. */
  readonly path: string;
  readonly entry: BaseEntry;
  /** Content, where it was asked for. */
  readonly bytes?: Uint8Array | undefined;
}

/** The largest images have a few hundred thousand files; more is an attack. */
const ENTRY_LIMIT = 4_000_000;
/** PATH_MAX. */
const PATH_LIMIT = 4096;

export async function readChanges(
  ctx: Context,
  layer: Layer,
  capture: (path: string) => number | undefined,
): Promise<Change[]> {
  const refuse = refusalOf(layer.descriptor.digest);
  const hash = createHash('sha256');
  const tar = extract();
  const feeding = feed(ctx, tar, decompressed(layer.open(ctx), refuse), (chunk) => hash.update(chunk));
  const changes: Change[] = [];
  try {
    for await (const entry of tar) {
      if (changes.length >= ENTRY_LIMIT) throw refuse(`has more than ${ENTRY_LIMIT} entries`);
      const path = cleanPath(entry.header.name, refuse);
      const limit = entry.header.type === 'file' ? capture(path) : undefined;
      const wanted = limit !== undefined && (entry.header.size ?? 0) <= limit;
      const bytes = wanted ? await collect(entry) : await skip(entry);
      changes.push({ path, entry: toBaseEntry(entry.header, refuse), bytes });
    }
    await feeding;
  } catch (error) {
    // Whatever stopped the bytes is the reason; the tar's own complaint about it is not.
    const reason = await feeding.then(() => error).catch((failure: unknown) => failure);
    if (isImageSpecError(reason)) throw reason;
    throw refuse(`is not a readable tar archive: ${messageOf(reason)}`, { cause: reason });
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== layer.diffId) {
    throw refuse(`unpacks to ${found} instead of its diff ID ${layer.diffId}`, { code: 'DIGEST_MISMATCH' });
  }
  return changes;
}

async function feed(
  ctx: Context,
  tar: ReturnType<typeof extract>,
  bytes: AsyncIterable<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const closed = once(tar, 'close').catch(() => undefined);
  try {
    for await (const chunk of bytes) {
      throwIfAborted(ctx);
      onChunk(chunk);
      if (tar.destroyed) return;
      if (!tar.write(chunk)) await Promise.race([once(tar, 'drain'), closed]);
    }
    tar.end(undefined);
  } catch (error) {
    tar.destroy(error as Error);
    throw error;
  }
}

async function skip(entry: AsyncIterable<unknown>): Promise<undefined> {
  for await (const _chunk of entry) {
    // The content is hashed already; only the place behind it is wanted.
  }
}

async function collect(entry: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) chunks.push(Uint8Array.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

/** `./a/`, `/a` and `a` are one path (image-spec, layer.md). */
export function cleanPath(name: string, refuse: Refuse): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.length > PATH_LIMIT || name.includes('\0') || parts.includes('..')) {
    throw refuse(`has an entry with a path that leaves the image: "${name.slice(0, 200)}"`);
  }
  return parts.join('/');
}

const KINDS: Readonly<Record<string, BaseEntry['type']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'hardlink',
};

function toBaseEntry(header: Header, refuse: Refuse): BaseEntry {
  const type = KINDS[header.type ?? 'file'] ?? 'other';
  const xattrs = xattrsOf(header.pax);
  const linkname = header.linkname ?? '';
  const target = type === 'hardlink' ? cleanPath(linkname, refuse) : linkname;
  return {
    type,
    mode: (header.mode ?? 0o644) & 0o7777,
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
    mtime: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
    ...(type === 'file' && { size: header.size ?? 0 }),
    ...((type === 'symlink' || type === 'hardlink') && { target }),
    ...(xattrs && { xattrs }),
  };
}

const XATTR = 'SCHILY.xattr.';

function xattrsOf(pax: Header['pax']): Record<string, string> | undefined {
  const found = Object.entries(pax ?? {}).filter(([key]) => key.startsWith(XATTR));
  if (found.length === 0) return undefined;
  return Object.fromEntries(
    found.map(([key, value]) => [key.slice(XATTR.length), Buffer.from(String(value)).toString('base64')]),
  );
}
