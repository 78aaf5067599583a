// After a push, what the fast path needs to know the next time; see unchanged.ts.
import { extname } from 'node:path';
import { systemCode } from '../core/error.ts';
import { lockFileOf } from '../spec/own-files.ts';
import type { Root } from './bases.ts';
import type { Inputs } from './inputs.ts';
import { copiesOf, digestFiles, wantsLockFile } from './inputs.ts';
import type { Job } from './job.ts';
import type { ImageResult } from './result.ts';
import { digestOfCopies, writeMemo } from './unchanged.ts';

/** A spec in TypeScript or JavaScript may read anything: its answer cannot be known without running it. */
const PLAIN_SPECS = new Set(['.yaml', '.yml', '.json', '.toml']);

export interface Pushed {
  readonly argv: readonly string[];
  readonly inputs: Inputs;
  readonly bases: Root;
  readonly result: ImageResult;
}

export async function rememberPush(job: Job, { argv, inputs, bases, result }: Pushed): Promise<void> {
  const { request, loaded, services } = job;
  const { file } = loaded;
  const target = request.pushed;
  if (!target || !file || request.outputs.length > 1 || !PLAIN_SPECS.has(extname(file))) return;
  // A base on disk would have to be looked at; only a registry answers in one request.
  const inRegistry = bases.transport.kind === 'registry' ? bases.transport.reference : undefined;
  if (!inRegistry && bases.transport.kind !== 'scratch') return;
  const moving = inRegistry && !inRegistry.digest && bases.rootDigest;
  const isLocked = wantsLockFile(inputs.wants) || inputs.debian !== undefined;
  const own = await digestFiles([file, ...(isLocked ? [lockFileOf(file)] : [])]).catch(noLock);
  if (!own) return;
  const copies = copiesOf(loaded);
  await writeMemo(services.cache, argv, services.environment, {
    files: [...own, ...inputs.files],
    copies,
    copied: await digestOfCopies(copies),
    target,
    digest: result.digest,
    ...(moving && { base: { reference: inRegistry, digest: moving } }),
    result: { images: [unchanged(result)] },
  });
}

/** An image that was built elsewhere may have left no lock here: the long way answers then. */
function noLock(cause: unknown): undefined {
  if (systemCode(cause) !== 'ENOENT') throw cause;
}

/** The result as the next run will tell it. */
function unchanged(result: ImageResult): ImageResult {
  const platforms = result.platforms.map((platform) => ({
    ...platform,
    layers: platform.layers.map((layer) => ({
      ...layer,
      origin: layer.origin === 'base' ? ('base' as const) : ('reused' as const),
      transfer: 'exists' as const,
    })),
  }));
  return { ...result, status: 'exists', platforms, bytes: { downloaded: 0, uploaded: 0 } };
}
