// InRelease, or Release with Release.gpg, as they come from the mirror; the last good ones are kept for builds without network.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { canonicalJson } from '../core/json.ts';
import type { LocalCache } from '../store/cache.ts';
import type { AptSource } from './apt-source.ts';
import type { ArchiveServices } from './archive-services.ts';
import { archiveUrl, readSmall } from './archive-services.ts';

/** Nothing in it is verified. */
export interface ReleaseDocuments {
  /** `InRelease` or `Release`. */
  readonly name: string;
  readonly document: Uint8Array;
  /** `Release.gpg`, which only goes with `Release`. */
  readonly signature: Uint8Array | undefined;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number;
}

/** Debian's has 150 kB; those of archives with all architectures and translations stay below 2 MB. */
const RELEASE_LIMIT_BYTES = 8 << 20;
/** A signature has some kilobytes. */
const SIGNATURE_LIMIT_BYTES = 256 << 10;
const KIND = 'release';
const FORMAT = 1;

/** The folder of a suite's Release file below the source's URI; exact paths are folders themselves (sources.list(5)). */
export function releaseFolder({ suite }: AptSource): string {
  if (!suite.endsWith('/')) return `dists/${suite}/`;
  return suite.replace(/^(?:\.?\/)+/, '');
}

/** Throws `NOT_FOUND` where there is no such suite, `TOO_LARGE`, and what http throws. */
export async function fetchDocuments(
  ctx: Context,
  source: AptSource,
  services: ArchiveServices,
): Promise<ReleaseDocuments> {
  const folder = releaseFolder(source);
  const read = (name: string, limit: number): Promise<Uint8Array | undefined> =>
    readSmall(ctx, services, source, archiveUrl(source.uri, folder + name), limit);
  const fetchedAt = services.now();
  const signed = await read('InRelease', RELEASE_LIMIT_BYTES);
  if (signed) return { name: 'InRelease', document: signed, signature: undefined, fetchedAt };
  const document = await read('Release', RELEASE_LIMIT_BYTES);
  if (!document) throw absent(source);
  return { name: 'Release', document, signature: await read('Release.gpg', SIGNATURE_LIMIT_BYTES), fetchedAt };
}

function absent({ uri, suite, where }: AptSource): ImageSpecError {
  const message = `There is no suite ${suite} at ${uri}, which the package source at ${where} names: neither InRelease nor Release is there`;
  return new ImageSpecError('NOT_FOUND', message, {
    hint: 'Check URI and suite; a suite that is no longer supported has moved to another archive.',
    facts: { where, suite, uri },
  });
}

/** Two sources with one key have one Release file. */
function keyOf({ uri, suite }: AptSource): Digest {
  return digestOf(canonicalJson([FORMAT, uri, suite]));
}

export async function keepDocuments(cache: LocalCache, source: AptSource, documents: ReleaseDocuments): Promise<void> {
  const { name, document, signature, fetchedAt } = documents;
  const head = canonicalJson([name, fetchedAt, document.length, signature === undefined ? -1 : signature.length]);
  await cache.writeRecord(
    KIND,
    keyOf(source),
    Buffer.concat([Buffer.from(`${head}\n`), document, signature ?? NOTHING]),
  );
}

const NOTHING = new Uint8Array();

/** What was last seen of this source. Throws `OFFLINE` if that is nothing. */
export async function keptDocuments(cache: LocalCache, source: AptSource): Promise<ReleaseDocuments> {
  const record = await cache.readRecord(KIND, keyOf(source));
  if (!record) {
    const { suite, uri, where } = source;
    throw new ImageSpecError(
      'OFFLINE',
      `The Release file of ${suite} at ${uri} is not in the cache and --offline was given`,
      {
        hint: 'Build once without --offline.',
        facts: { where },
      },
    );
  }
  const end = record.indexOf(10);
  const head = JSON.parse(Buffer.from(record.subarray(0, end)).toString()) as [string, number, number, number];
  const [name, fetchedAt, size, signed] = head;
  const start = end + 1;
  const signature = signed === -1 ? undefined : record.subarray(start + size, start + size + signed);
  return { name, document: record.subarray(start, start + size), signature, fetchedAt };
}
