// What reading archives needs of the outside: a cache, the network, a clock; and how a file of an archive is opened, wherever it lies.
import { fileURLToPath } from 'node:url';
import type { Context } from '../core/context.ts';
import type { Expected } from '../core/digest.ts';
import { readAll } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import { redactUrl } from '../core/redact.ts';
import { answerError } from '../registry/answer.ts';
import type { Http } from '../registry/http.ts';
import type { LocalCache } from '../store/cache.ts';
import { readRange } from '../store/disk.ts';
import type { AptSource } from './apt-source.ts';

export interface ArchiveServices {
  readonly cache: LocalCache;
  readonly http: Pick<Http, 'download' | 'request'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly offline: boolean;
  /** Counts bytes that came over the network. */
  readonly meter: { readonly add: (bytes: number) => void };
  /** Told of an index that was never read here. */
  readonly onNewIndex?: () => void;
}

/** The URL of a file by its path below the source's URI; characters that mean something in URLs are part of names here. */
export function archiveUrl(uri: string, path: string): URL {
  return new URL(path.split('/').map(encodeURIComponent).join('/'), uri);
}

/** A small file, whole; undefined where there is none (object stores answer 403 for that). Throws `TOO_LARGE` and what http throws. */
export async function readSmall(
  ctx: Context,
  { http, meter }: Pick<ArchiveServices, 'http' | 'meter'>,
  { headersFor }: AptSource,
  url: URL,
  limitBytes: number,
): Promise<Uint8Array | undefined> {
  if (url.protocol === 'file:') {
    return readAll(readRange(fileURLToPath(url)), limitBytes, url.href).catch(ifAbsent);
  }
  const answer = await http.request(ctx, {
    method: 'GET',
    url,
    headers: headersFor(url),
    answerLimitBytes: limitBytes,
  });
  if ([403, 404, 410].includes(answer.status)) return undefined;
  if (answer.status !== 200) throw answerError(answer, `read ${redactUrl(url)}`, credentialHint(answer.status));
  meter.add(answer.bytes.length);
  return answer.bytes;
}

function credentialHint(status: number): string | undefined {
  return status === 401 ? 'Name user and password in /etc/apt/auth.conf (apt_auth.conf(5)).' : undefined;
}

function ifAbsent(error: unknown): undefined {
  if (isImageSpecError(error) && error.code === 'NOT_FOUND') return undefined;
  throw error;
}

/** Keeps a file whose digest is known; undefined where there is none. Throws `DIGEST_MISMATCH`, `SIZE_MISMATCH` and what http throws. */
export async function keepFile(
  ctx: Context,
  { cache, http, meter }: Pick<ArchiveServices, 'cache' | 'http' | 'meter'>,
  { headersFor }: AptSource,
  url: URL,
  expected: Expected,
  what: string,
  progress: (done: number) => void,
): Promise<string | undefined> {
  const open = (inner: Context): AsyncIterable<Uint8Array> =>
    url.protocol === 'file:'
      ? readRange(fileURLToPath(url))
      : metered(http.download(inner, url, { headers: headersFor(url), expected, what }), meter, progress);
  return cache.keep(ctx, expected, what, open).catch(ifAbsentOrForbidden);
}

function ifAbsentOrForbidden(error: unknown): undefined {
  if (isImageSpecError(error) && error.code === 'FORBIDDEN') return undefined;
  return ifAbsent(error);
}

async function* metered(
  bytes: AsyncIterable<Uint8Array>,
  meter: ArchiveServices['meter'],
  progress: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of bytes) {
    meter.add(chunk.length);
    progress((done += chunk.length));
    yield chunk;
  }
}

/** The same error, with the source that it is about. */
export function atSource(error: unknown, { where, suite }: AptSource): unknown {
  if (!isImageSpecError(error) || error.facts['where'] !== undefined || error.code === 'ABORTED') return error;
  return new ImageSpecError(error.code, `${error.message} (suite ${suite}, package source at ${where})`, {
    hint: error.hint,
    cause: error,
    facts: { ...error.facts, where },
  });
}
