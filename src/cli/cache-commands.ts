// Commands about the cache: what it holds, and what nobody has used for a while.
import { rm } from 'node:fs/promises';
import type { Environment } from '../build/environment.ts';
import { cacheFolder } from '../build/environment.ts';
import { openSandbox } from '../build/sandbox.ts';
import { ImageSpecError } from '../core/error.ts';
import { listCache, pruneCache } from '../store/cache-care.ts';
import { printSize, printTable } from './print.ts';
import type { CommonOptions, Session } from './session.ts';

export async function runCacheList(flags: CommonOptions, { environment, result }: Session): Promise<void> {
  const root = cacheFolder(environment, flags.cacheDir);
  const listing = await listCache(root);
  if (flags.json) {
    result(`${JSON.stringify({ root, ...listing })}\n`);
    return;
  }
  const rows = listing.kinds.map(({ kind, count, bytes }) => [kind, String(count), printSize(bytes)]);
  result(`${root}\n${printTable([['KIND', 'COUNT', 'SIZE'], ...rows], [1, 2])}`);
}

export async function runCachePrune(
  flags: CommonOptions & { readonly all?: boolean; readonly days: string },
  { environment, result }: Session,
): Promise<void> {
  const days = Number(flags.days);
  if (!Number.isInteger(days) || days < 0) {
    throw new ImageSpecError('USAGE', `--days "${flags.days}" is not a number of days`, {
      hint: 'For example --days 30.',
    });
  }
  const root = cacheFolder(environment, flags.cacheDir);
  const choice = flags.all ? ({ all: true } as const) : { olderThanDays: days };
  const removed = await pruneCache(root, choice, environment.now(), (folder) => removeAny(environment, folder));
  const text = `removed ${removed.count} items, ${printSize(removed.bytes)}\n`;
  result(flags.json ? `${JSON.stringify({ root, ...removed })}\n` : text);
}

/** What programs of images made belongs to ids that only a sandbox has. */
async function removeAny(environment: Environment, folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    const { removeFolder } = await import('../sandbox/remove.ts');
    await removeFolder(await openSandbox(environment), folder);
  }
}
