// An image that was run before from the same layout is run without reading it again: index.json names it by digest, and its layers are
// unpacked. What reads images and registries is loaded for others only, since it takes longer than a small program.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import type { RunConfig } from '../oci/config.ts';
import type { Platform } from '../oci/platform.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import type { Stack } from '../sandbox/unpack.ts';
import { findStack, stackFacts, unpackLayers } from '../sandbox/unpack.ts';
import type { LocalCache } from '../store/cache.ts';
import { createLocalCache } from '../store/cache.ts';
import { parseTransport } from '../store/transport.ts';
import type { Environment } from '../build/environment.ts';
import { cacheFolder, VERSION } from '../build/environment.ts';
import { requireRunnable, warnOfChroot } from '../build/sandbox.ts';

/** As far as running it goes. */
export interface Runnable {
  readonly config: RunConfig | undefined;
  readonly words: readonly string[];
  readonly stack: Stack;
  /** Of all its layers. */
  readonly facts: () => Promise<BaseFacts>;
}

export interface RunnableRequest {
  /** A reference, or TRANSPORT:PATH. */
  readonly text: string;
  /** `OS/ARCH` that is asked for. */
  readonly platform: string | undefined;
  readonly environment: Environment;
  readonly cacheFolder: string | undefined;
  /** What is to be run, asked before anything is unpacked. */
  readonly words: (config: RunConfig | undefined) => readonly string[];
}

/** Calls work with the image, unpacked. Throws `PLATFORM_FOREIGN`, and what reading and unpacking an image throw. */
export async function withRunnable<T>(
  ctx: Context,
  request: RunnableRequest,
  opening: Promise<SandboxHost>,
  work: (image: Runnable, host: SandboxHost, cache: LocalCache) => Promise<T>,
): Promise<T> {
  const { environment } = request;
  const { now, uniqueName: random } = environment;
  const cache = createLocalCache(cacheFolder(environment, request.cacheFolder), { now, random });
  const key = await memoKey(request);
  const memo = key && (await readMemo(cache, key));
  if (!memo) return withRead(ctx, request, key, opening, work);
  const words = request.words(memo.config);
  await requireRunnable(memo.platform, environment, request.text);
  const host = await opening;
  const stack = await findStack(host, cache, memo.layers);
  if (!stack) return withRead(ctx, request, key, opening, work);
  warnOfChroot(ctx, host);
  const facts = (): Promise<BaseFacts> => withRead(ctx, request, key, opening, (image) => image.facts());
  return work({ config: memo.config, words, stack, facts }, host, cache);
}

async function withRead<T>(
  ctx: Context,
  request: RunnableRequest,
  key: Digest | undefined,
  opening: Promise<SandboxHost>,
  work: (image: Runnable, host: SandboxHost, cache: LocalCache) => Promise<T>,
): Promise<T> {
  const { text, platform, environment, cacheFolder: folder } = request;
  const [{ findImage }, { withServices }] = await Promise.all([import('./find.ts'), import('../build/services.ts')]);
  return withServices(environment, folder, async (services) => {
    const { cache } = services;
    const image = await findImage(ctx, text, platform, services);
    const { layers } = image;
    const { config } = image.config;
    const words = request.words(config);
    await requireRunnable(image.platform, environment, text);
    const host = await opening;
    warnOfChroot(ctx, host);
    const stack = await unpackLayers(ctx, host, cache, layers);
    if (key) await writeMemo(cache, key, { platform: image.platform, config, layers });
    return work({ config, words, stack, facts: () => stackFacts(ctx, host, cache, layers) }, host, cache);
  });
}

/** What the cache keeps; its own seal says that it is whole. */
interface Memo {
  readonly platform: Platform;
  readonly config: RunConfig | undefined;
  readonly layers: readonly { readonly diffId: Digest }[];
}

const KIND = 'runnable';

/** Undefined for what is no layout: only its index is at hand, and says all. */
async function memoKey({ text, platform = '', environment }: RunnableRequest): Promise<Digest | undefined> {
  const transport = parseTransport(text);
  if (transport.kind !== 'oci') return undefined;
  const index = await readFile(join(transport.folder, 'index.json')).catch(() => undefined);
  if (!index) return undefined;
  const { system } = environment;
  return keyOf({
    version: VERSION,
    index: digestOf(index),
    name: transport.name ?? '',
    asked: platform,
    own: `${system.platform}/${system.arch}`,
  });
}

async function readMemo(cache: LocalCache, key: Digest): Promise<Memo | undefined> {
  const bytes = await cache.readRecord(KIND, key);
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Memo);
}

/** A cache that cannot be written costs time only. */
async function writeMemo(cache: LocalCache, key: Digest, { platform, config, layers }: Memo): Promise<void> {
  const memo: Memo = { platform, config, layers: layers.map(({ diffId }) => ({ diffId })) };
  await cache.writeRecord(KIND, key, new TextEncoder().encode(JSON.stringify(memo))).catch(() => undefined);
}
