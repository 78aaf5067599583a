// A lock file: one process at a time changes a document that several share, and a process that died does not stop the rest.
import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';
import { ImageSpecError, systemCode } from '../core/error.ts';

/** Time between two looks at a lock: holders keep it for the rewriting of one small file. */
const LOOK_MS = 20;
/** A lock that stayed the same for so long was left by a process that died. No clock of another machine is compared. */
const STALE_MS = 5_000;
/** Longest wait while others take turns: far beyond any honest queue. */
const WAIT_LIMIT_MS = 60_000;

export interface LockOptions {
  readonly random: () => string;
  /** For tests: instead of five seconds. */
  readonly staleMs?: number;
}

/** Runs work while holding the lock `file`. Throws `OUTPUT_UNWRITABLE` when it cannot be had, `ABORTED` while waiting. */
export async function withLock<T>(
  ctx: Context,
  file: string,
  { random, staleMs = STALE_MS }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  let own: string | undefined;
  let seen: string | undefined;
  let unchangedMs = 0;
  for (let waitedMs = 0; !(own = await take(file)); waitedMs += LOOK_MS) {
    if (waitedMs >= WAIT_LIMIT_MS) throw busy(file);
    const now = await identify(file);
    unchangedMs = now === seen ? unchangedMs + LOOK_MS : 0;
    seen = now;
    if (now !== undefined && unchangedMs >= staleMs) await discard(file, now, random());
    else await setTimeout(LOOK_MS, undefined, { signal: ctx.signal }).catch(() => abort(ctx));
  }
  try {
    return await work();
  } finally {
    // Who was suspended for long may find that others took the lock for stale, and now hold their own.
    if ((await identify(file)) === own) await rm(file, { force: true });
  }
}

/** Makes the lock; undefined when it is there already. */
async function take(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'wx');
    await handle.close();
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return undefined;
    throw error;
  }
  return identify(file);
}

/** Tells one lock from the next of the same name. */
async function identify(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found && `${found.ino} ${found.mtimeNs}`;
}

/**
 * Removes a stale lock. It is renamed first, so that of several waiters one succeeds; one that comes late could catch the lock of the one
 * before it, which it then puts back.
 */
async function discard(file: string, stale: string, unique: string): Promise<void> {
  const aside = `${file}.${unique}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await identify(aside)) === stale) await rm(aside, { force: true });
  else await rename(aside, file);
}

function abort(ctx: Context): never {
  throw abortedError(ctx.signal.reason);
}

function busy(file: string): ImageSpecError {
  return new ImageSpecError('OUTPUT_UNWRITABLE', `${file} was held by others for ${WAIT_LIMIT_MS / 1000} seconds`, {
    hint: 'Let the other programs that write to this layout finish, or choose another output.',
  });
}
