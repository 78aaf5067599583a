// uv, called for an interpreter that is not on this machine: it finds the stand-in, and what it has built is built where the real one is.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import type { HookRunner } from './hook-calls.ts';
import { answerCalls } from './hook-calls.ts';
import type { Interpreter } from './interpreter.ts';
import type { ProgramEnd } from './run-program.ts';
import { runProgram } from './run-program.ts';
import type { Wants } from './wants.ts';
import { writeStandIn } from './stand-in.ts';

export interface UvCall {
  /** Host path of uv. */
  readonly uv: string;
  readonly interpreter: Interpreter;
  /** Private host folder, where uv is run. */
  readonly folder: string;
  /** All variables of uv. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Without it, whatever would have to be built fails. */
  readonly hooks: HookRunner | undefined;
  readonly timeoutMs: number;
}

export interface UvEnd extends ProgramEnd {
  /** What the hook said that failed last. */
  readonly hookOutput: string;
}

/** Modes of what is unpacked and built must not follow the user's umask. */
export const WITH_UMASK = ['-c', 'umask 022; exec "$@"', 'sh'];

/**
 * Runs uv with these arguments. What it builds it keeps in a cache of the folder: what hooks have touched is for this call alone.
 * Throws `ABORTED`, and what hooks throw.
 */
export async function callUv(ctx: Context, args: readonly string[], call: UvCall): Promise<UvEnd> {
  const { uv, interpreter, folder, env, hooks, timeoutMs } = call;
  const home = join(folder, hooks ? 'building' : 'resolving');
  await mkdir(home, { recursive: true });
  const python = await writeStandIn(home, interpreter, hooks ? 'told' : 'refused');
  const all = [uv, ...args, '--python', python, '--no-python-downloads'];
  if (!hooks) return { ...(await runProgram(ctx, uv, all.slice(1), { env, folder, timeoutMs })), hookOutput: '' };
  const answers = answerCalls(ctx, { home, folder, interpreter: interpreter.path }, hooks);
  const own = { ...env, UV_CACHE_DIR: join(folder, 'uv-cache') };
  const { onLine } = answers;
  let end: ProgramEnd;
  try {
    end = await runProgram(ctx, '/bin/sh', [...WITH_UMASK, ...all], { env: own, folder, timeoutMs, onLine });
  } finally {
    await answers.close();
  }
  return { ...end, hookOutput: answers.lastFailure() };
}

/**
 * The variables with the indexes that are wanted. They go by variable, since the arguments of a process can be read by everyone on the
 * machine.
 */
export function indexVariables(
  { pipIndex, pipExtraIndexUrls, options }: Pick<Wants, 'pipIndex' | 'pipExtraIndexUrls' | 'options'>,
  env: UvCall['env'],
): UvCall['env'] {
  const mine: Record<string, string | undefined> = { ...env };
  if (pipIndex !== undefined) {
    delete mine['UV_INDEX_URL'];
    mine['UV_DEFAULT_INDEX'] = pipIndex;
  }
  if (pipExtraIndexUrls.length > 0) {
    delete mine['UV_EXTRA_INDEX_URL'];
    mine['UV_INDEX'] = pipExtraIndexUrls.join(' ');
  }
  const { findLinks = [], keyring = false } = options ?? {};
  if (findLinks.length > 0) mine['UV_FIND_LINKS'] = [mine['UV_FIND_LINKS'], ...findLinks].filter(Boolean).join(',');
  // What pip was told holds for the resolver too, unless that was told something else.
  if (keyring || mine['PIP_KEYRING_PROVIDER'] === 'subprocess') mine['UV_KEYRING_PROVIDER'] ??= 'subprocess';
  return mine;
}
