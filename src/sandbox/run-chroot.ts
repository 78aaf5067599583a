// Runs a program where namespaces are forbidden: by chroot(2) into a copy of the tree. It is not isolated from other processes, nor from
// the network; what it started is ended with it.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';
import type { LocalCache } from '../store/cache.ts';
import type { Ending } from './attend.ts';
import { attend } from './attend.ts';
import { INNER_BY_CHROOT, READ_CHANGED, RUN_BY_CHROOT, TRY_CHROOT } from './chroot-scripts.ts';
import type { Tree } from './chroot-tree.ts';
import { folderIn, makeTree, nameList } from './chroot-tree.ts';
import { toText } from './folder-walk.ts';
import type { ChrootHost, Running } from './namespace.ts';
import { runScript, startScript, textOf, unavailable } from './namespace.ts';
import type { RunRequest } from './run-request.ts';
import { CAPABILITIES, CHANGES_TAR, groupsOption, programFiles, programWords } from './run-request.ts';
import type { TreeChanges } from './tree-changes.ts';
import { compareTrees, snapshot } from './tree-changes.ts';
import { diskError } from './unpack.ts';

interface Run {
  readonly host: ChrootHost;
  readonly work: string;
  readonly request: RunRequest;
  readonly mark: string;
}

/** @param work private folder of the run. Throws as `makeTree` does, `DISK_FULL`, and what `changes` throws. */
export async function runByChroot(
  ctx: Context,
  host: ChrootHost,
  cache: LocalCache,
  work: string,
  request: RunRequest,
): Promise<Ending> {
  const { facts, mounts, changes } = request;
  const { folders } = request.stack;
  const run: Run = { host, work, request, mark: markOf(work) };
  const plan = { work, facts, folders, mounts, mark: run.mark, capabilities: CAPABILITIES };
  const tree = await makeTree(ctx, host, plan).catch((error: unknown) => {
    throw (error instanceof Error && diskError(error.message, cache)) || error;
  });
  const before = changes && (await snapshot(ctx, tree.root, tree.covered));
  const ending = await attend(await start(ctx, run, tree), { ...request, changes: undefined });
  if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
  const after = before && ending.status === 0 ? await snapshot(ctx, tree.root, tree.covered) : undefined;
  await tree.takeBack();
  if (before && after) await tellChanges(ctx, run, tree.root, compareTrees(before, after));
  return ending;
}

/** Throws `SANDBOX_UNAVAILABLE` where root may not do what a run takes. */
export async function tryChroot(ctx: Context, host: ChrootHost): Promise<void> {
  await runScript(ctx, host, { text: TRY_CHROOT, variables: { MARK: markOf(''), CAPABILITIES } });
}

/** A number that no other run has: 30 bits, which every kernel can print. */
function markOf(work: string): string {
  return String(2 ** 30 + (createHash('sha256').update(work).digest().readUInt32BE() >>> 2));
}

function start(ctx: Context, { host, work, request, mark }: Run, { root }: Tree): Promise<Running> {
  const { programs } = host;
  const { user, facts, folder } = request;
  return startScript(ctx, host, {
    text: RUN_BY_CHROOT,
    args: programWords(request),
    variables: {
      INNER: INNER_BY_CHROOT,
      WORK: work,
      TREE: root,
      MARK: mark,
      CAPABILITIES,
      GROUP: String(user.gid),
      GROUPS_OPTION: groupsOption(user),
      USER_OPTION: user.uid === 0 ? '' : `--setuid=${user.uid}`,
      SETPRIV: programs.setpriv,
      NSENTER: programs.nsenter,
      CAT: programs.cat,
      FOLDER: folderIn(root, facts, folder),
    },
    stdio: [...programFiles(request), 'pipe'],
    hasTerminal: request.hasTerminal,
  });
}

async function tellChanges(
  ctx: Context,
  { host, work, request }: Run,
  root: string,
  { present, removed }: TreeChanges,
): Promise<void> {
  const list = join(work, 'changed');
  await writeFile(list, nameList(present));
  const { child, ended } = await startScript(ctx, host, {
    text: READ_CHANGED,
    args: [root, list],
    variables: { TAR: CHANGES_TAR },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = textOf(child.stderr!);
  await request.changes!(child.stdout!, removed.map(toText));
  const status = await ended;
  if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
  if (status !== 0) throw unavailable(host, `what changed could not be read: ${(await said).trim()}`);
}
