// An index becomes a record of the cache: the same Packages file is downloaded, unpacked and read once, ever.
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf, hexOf, verified } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { readRange } from '../store/disk.ts';
import type { AptSource } from './apt-source.ts';
import type { ArchiveServices } from './archive-services.ts';
import { archiveUrl, keepFile } from './archive-services.ts';
import type { ChosenIndex, IndexVariant } from './choose-indices.ts';
import { INDEX_LIMIT_BYTES } from './choose-indices.ts';
import { decompressIndex } from './decompress-index.ts';
import type { PackagesIndex } from './packages-index.ts';
import { openPackagesRecord } from './packages-index.ts';
import { makePackagesRecord, RECORD_FORMAT } from './packages-record.ts';
import type { Release } from './release.ts';

const KIND = 'packages';

/** Equal for equal content, however it is compressed, if the Release file lists the content. */
export function recordKey({ unpacked, variants }: ChosenIndex): Digest {
  return digestOf(`packages ${RECORD_FORMAT} ${unpacked?.digest ?? variants.map(({ digest }) => digest).join(' ')}`);
}

/** Throws `NOT_FOUND`, `OFFLINE`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `TOO_LARGE`, `RELEASE_INVALID`, and what http throws. */
export async function fetchIndex(
  ctx: Context,
  index: ChosenIndex,
  source: AptSource,
  release: Release,
  services: ArchiveServices,
): Promise<PackagesIndex> {
  const { cache } = services;
  const key = recordKey(index);
  const known = await cache.readRecord(KIND, key);
  const opened = known && openPackagesRecord(known);
  if (opened) return opened;
  services.onNewIndex?.();
  const { file, variant } = await download(ctx, index, source, release, services);
  const record = await step(ctx, { step: 'index', subject: index.name }, () => readIndex(file, variant, index));
  await cache.writeRecord(KIND, key, record);
  const made = openPackagesRecord(record);
  if (!made) throw new Error(`the record of ${index.name} cannot be opened`);
  return made;
}

async function readIndex(file: string, { ending, size }: IndexVariant, index: ChosenIndex): Promise<Uint8Array> {
  const { name, unpacked } = index;
  const limit = unpacked?.size ?? INDEX_LIMIT_BYTES;
  const content = decompressIndex(readRange(file, 0, size), ending, limit, name);
  return makePackagesRecord(unpacked ? verified(content, unpacked, name) : content, name, unpacked?.size);
}

interface Downloaded {
  readonly file: string;
  readonly variant: IndexVariant;
}

async function download(
  ctx: Context,
  { name, variants }: ChosenIndex,
  source: AptSource,
  { hasByHash }: Release,
  services: ArchiveServices,
): Promise<Downloaded> {
  const isByHash = source.byHash === 'force' || (source.byHash === 'yes' && hasByHash);
  for (const variant of variants) {
    const { digest, size } = variant;
    const known = await services.cache.find(digest);
    if (known !== undefined) return { file: known, variant };
    if (services.offline && !source.uri.startsWith('file:')) continue;
    for (const path of isByHash ? [byHashPath(variant), variant.path] : [variant.path]) {
      const url = archiveUrl(source.uri, path);
      const about = { step: 'download', subject: name, total: size, unit: 'bytes' } as const;
      const file = await step(ctx, about, async ({ progress, note }) => {
        const kept = await keepFile(ctx, services, source, url, { digest, size }, `${name} (${url.host})`, progress);
        if (kept === undefined) note('is not there', 'skipped');
        return kept;
      });
      if (file !== undefined) return { file, variant };
    }
  }
  throw services.offline ? notCached(name, source) : absent(name, source);
}

/** `dists/bookworm/main/binary-amd64/by-hash/SHA256/…`: stays what it is while the mirror changes. */
function byHashPath({ path, digest }: IndexVariant): string {
  return `${path.slice(0, path.lastIndexOf('/') + 1)}by-hash/SHA256/${hexOf(digest)}`;
}

function absent(name: string, { uri, where }: AptSource): ImageSpecError {
  const message = `${name} is not at ${uri}, although the Release file there lists it`;
  return new ImageSpecError('NOT_FOUND', message, {
    hint: 'The mirror is just being updated, or is broken: try again in some minutes, or use another one.',
    facts: { where },
  });
}

function notCached(name: string, { where }: AptSource): ImageSpecError {
  return new ImageSpecError('OFFLINE', `${name} is not in the cache and --offline was given`, {
    hint: 'Build once without --offline.',
    facts: { where },
  });
}
