// A program run over the layers that a build has so far; what it changes becomes entries of the next layer.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import type { Once } from '../core/once.ts';
import type { Entry } from '../filesystem/entry.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { readUpper } from '../sandbox/changes.ts';
import type { Mount } from '../sandbox/mounts.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import { runInSandbox } from '../sandbox/run.ts';
import { stackFacts, unpackLayers } from '../sandbox/unpack.ts';
import type { LocalCache } from '../store/cache.ts';
import type { LayerRecord } from './layer-record.ts';
import type { BuildSecrets } from './secrets.ts';

export interface RunTools {
  readonly cache: LocalCache;
  readonly host: () => Promise<SandboxHost>;
  /** Host path of uv. */
  readonly uv: () => Promise<string>;
  /** Private folder that lasts as long as the build. */
  readonly scratch: string;
  readonly secrets: () => Promise<BuildSecrets>;
  readonly processors: number;
  /** Layers that were made in this build. */
  readonly once: Once<Digest, LayerRecord>;
  /** A name nobody else has. */
  readonly uniqueName: () => string;
}

/** Layers, unpacked and known. */
export interface Ground {
  readonly host: SandboxHost;
  readonly facts: BaseFacts;
  /** Private folder of what is run. */
  readonly work: string;
  readonly run: (ctx: Context, program: Program) => Promise<ProgramResult>;
}

interface Program {
  readonly argv: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly mounts: readonly Mount[];
  readonly network: 'host' | 'none';
  readonly output: (text: string) => void;
  /** Given all bytes of what changed, as the tar has them. */
  readonly watch?: ((chunk: Uint8Array) => void) | undefined;
  /** Seconds: no time in the entries is later. */
  readonly epoch: number;
  /** Absolute; / where it is left out. */
  readonly folder?: string;
  /** Whether what it changes is forgotten. */
  readonly isDiscarded?: boolean;
}

interface ProgramResult {
  readonly status: number;
  /** Nothing where the status is not 0, or where they are forgotten. */
  readonly entries: readonly Entry[];
}

/** @param layers lowest first. Throws as `unpackLayers` does; `run` as `runInSandbox` and `readUpper` do. */
export async function groundOf(
  ctx: Context,
  layers: readonly Layer[],
  { cache, host: findHost, scratch, uniqueName }: Pick<RunTools, 'cache' | 'host' | 'scratch' | 'uniqueName'>,
): Promise<Ground> {
  const host = await findHost();
  const stack = await unpackLayers(ctx, host, cache, layers);
  const facts = await stackFacts(ctx, host, cache, layers);
  const work = join(scratch, uniqueName());
  await mkdir(work);
  const run: Ground['run'] = async (inner, { epoch, folder = '/', isDiscarded = false, watch, ...program }) => {
    let entries: readonly Entry[] = [];
    const status = await runInSandbox(inner, host, cache, {
      ...program,
      stack,
      facts,
      folder,
      user: { uid: 0, gid: 0, groups: [] },
      isReadOnly: false,
      hasInput: false,
      changes: isDiscarded ? undefined : readChanges,
    });
    return { status, entries };
    async function readChanges(tar: AsyncIterable<Uint8Array>, removed: readonly string[]): Promise<void> {
      const file = join(work, 'changes.tar');
      const changes = await readUpper(inner, tar, { facts, file, epoch, ids: host.ids.kind, removed, watch });
      entries = changes.entries;
      if (changes.leftOut.length > 0) warnLeftOut(inner, changes.leftOut);
    }
  };
  return { host, facts, work, run };
}

function warnLeftOut(ctx: Context, paths: readonly string[]): void {
  const shown = paths.slice(0, 3).map((path) => `/${path}`);
  const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more` : '';
  const message = `Layers hold no devices and fifos, so these are left out: ${shown.join(', ')}${more}`;
  ctx.emit({ type: 'log', level: 'warning', message });
}
