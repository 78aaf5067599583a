// A package is unpacked once and then known by its record, as long as the cache has its contents.
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import type { LocalCache } from '../store/cache.ts';
import { DEB_FORMAT } from './deb-format.ts';
import { decodeDeb } from './deb-record.ts';
import { refusalOf } from './invalid-deb.ts';
import type { OpenedDeb } from './opened-deb.ts';
import type { UnpackedDeb, UnpackRequest } from './unpack-deb.ts';

const KIND = 'deb';

export interface ExpectedDeb {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

export interface OpenServices {
  readonly cache: LocalCache;
  /** Unpacks elsewhere, on a worker thread; on this one unless given. */
  readonly unpack?: ((ctx: Context, request: UnpackRequest) => Promise<UnpackedDeb>) | undefined;
}

/**
 * Opens a .deb.
 * @param source host path of it, or what gives one: called only when the package is not known
 * @param digest of its bytes, verified before
 * @param expected what it was asked for as; undefined for a file that the user names
 *
 * Throws `DEB_INVALID` for bytes that are no such package, `DISK_FULL`, `CACHE_UNWRITABLE`, `ABORTED`, and what `source` throws.
 */
export async function openDeb(
  ctx: Context,
  source: string | (() => Promise<string>),
  digest: Digest,
  expected: ExpectedDeb | undefined,
  { cache, unpack = unpackHere }: OpenServices,
): Promise<OpenedDeb> {
  const subject = expected ? `${expected.name} ${expected.version}` : typeof source === 'string' ? source : digest;
  const key = keyOf({ format: DEB_FORMAT, deb: digest });
  const deb = (await readKnown(cache, key)) ?? (await unpackInto(cache));
  if (expected) expectSame(deb, expected, subject);
  return deb;

  async function unpackInto({ scratch }: LocalCache): Promise<OpenedDeb> {
    const file = typeof source === 'string' ? source : await source();
    return scratch(async (folder) => {
      const contentFile = join(folder, 'content');
      const { record, content } = await unpack(ctx, { file, subject, contentFile });
      const blob = content && (await cache.adopt(content, contentFile));
      await cache.writeRecord(KIND, key, record);
      return decodeDeb(record).at(blob ?? '');
    });
  }
}

async function readKnown(cache: LocalCache, key: Digest): Promise<OpenedDeb | undefined> {
  const record = await cache.readRecord(KIND, key);
  if (!record) return undefined;
  const { content, at } = decodeDeb(record);
  const file = content === undefined ? '' : await cache.find(content);
  return file === undefined ? undefined : at(file);
}

async function unpackHere(ctx: Context, request: UnpackRequest): Promise<UnpackedDeb> {
  const { unpackDeb } = await import('./unpack-deb.ts');
  return unpackDeb(ctx, request);
}

function expectSame(deb: OpenedDeb, expected: ExpectedDeb, subject: string): void {
  for (const field of ['name', 'version', 'architecture'] as const) {
    if (deb[field] !== expected[field])
      throw refusalOf(subject)(`says that its ${field} is ${deb[field]} instead of ${expected[field]}`);
  }
}
