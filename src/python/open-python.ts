// An archive of CPython is fetched and unpacked once, and then known by its record, as long as the cache has its contents.
import { extname, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import type { WorkPool } from '../layer/work-pool.ts';
import type { LocalCache } from '../store/cache.ts';
import { fetchBlob } from '../store/fetch-blob.ts';
import type { LockedPython } from './managed.ts';
import { mirroredUrl, PYTHON_FORMAT, pythonPrefix } from './managed.ts';
import type { UnpackedPython } from './unpack-python.ts';

export interface OpenedPython {
  /** The folder itself first. */
  readonly entries: readonly Entry[];
  /** The blob of the cache that holds the contents; undefined when there are none. */
  readonly content: { readonly digest: Digest; readonly file: string } | undefined;
}

export interface OpenPythonOptions {
  readonly cache: LocalCache;
  readonly pool: WorkPool;
  /** Bytes at an http or https URL. */
  readonly open: (ctx: Context, url: URL) => AsyncIterable<Uint8Array>;
  /** As uv's `UV_PYTHON_INSTALL_MIRROR`. */
  readonly mirror: string | undefined;
  readonly offline: boolean;
}

/** Debug builds have 200 MB. */
const ARCHIVE_LIMIT_BYTES = 1e9;

const KIND = 'python';
const WORK = new URL(`./unpack-python-work${extname(import.meta.url)}`, import.meta.url);
/** Beside what a pool else does: as a package of so many bytes. */
const EFFORT = 30e6;

/** Throws as `fetchBlob` and `unpackPython` do. */
export async function openPython(
  ctx: Context,
  python: LockedPython,
  options: OpenPythonOptions,
): Promise<OpenedPython> {
  const { cache, pool } = options;
  const prefix = pythonPrefix(python.version);
  const key = keyOf({ format: PYTHON_FORMAT, archive: python.digest, prefix });
  const known = await readKnown(cache, key);
  if (known) return known;
  const file = await fetchPython(ctx, python, options);
  const subject = `CPython ${python.version}`;
  return step(ctx, { step: 'unpack', subject }, () =>
    cache.scratch(async (folder) => {
      const contentFile = join(folder, 'content');
      const request = { file, subject, prefix, contentFile };
      const work = { module: WORK, request, effort: EFFORT, startsThreads: true, isShort: true };
      const unpacked = (await pool.run(ctx, work)) as UnpackedPython;
      if (unpacked.content) await cache.adopt(unpacked.content, contentFile);
      await cache.writeRecord(KIND, key, encode(unpacked));
      return (await readKnown(cache, key))!;
    }),
  );
}

function fetchPython(ctx: Context, python: LockedPython, options: OpenPythonOptions): Promise<string> {
  const { cache, offline, open, mirror } = options;
  const url = mirroredUrl(python.url, mirror);
  const name = `CPython ${python.version}`;
  const blob = { kind: 'archive', name, url, digest: python.digest, size: undefined, limitBytes: ARCHIVE_LIMIT_BYTES };
  return fetchBlob(ctx, blob, { cache, offline, open: (inner) => open(inner, new URL(url)) });
}

async function readKnown(cache: LocalCache, key: Digest): Promise<OpenedPython | undefined> {
  const record = await cache.readRecord(KIND, key);
  if (!record) return undefined;
  const { entries, content } = JSON.parse(new TextDecoder().decode(record)) as UnpackedPython;
  const file = content === undefined ? '' : await cache.find(content);
  if (file === undefined) return undefined;
  return { entries: entries.map((entry) => revived(entry, file)), content: content && { digest: content, file } };
}

/** Bytes are base64 in a record, and the file is wherever the cache is. */
function encode({ entries, content }: UnpackedPython): Uint8Array {
  const plain = entries.map((entry) => {
    if (entry.type !== 'file') return entry;
    const { content: one } = entry;
    if (one.kind === 'range') return { ...entry, content: { ...one, file: '' } };
    return { ...entry, content: { ...one, bytes: Buffer.from(one.bytes).toString('base64') } };
  });
  return new TextEncoder().encode(JSON.stringify({ entries: plain, content }));
}

function revived(entry: Entry, file: string): Entry {
  if (entry.type !== 'file') return entry;
  const { content } = entry;
  if (content.kind === 'range') return { ...entry, content: { ...content, file } };
  return { ...entry, content: { ...content, bytes: Buffer.from(content.bytes as unknown as string, 'base64') } };
}
