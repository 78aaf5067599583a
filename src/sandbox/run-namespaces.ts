// Runs a program in namespaces of its own, over layers that overlayfs stacks, with nothing of the host in reach.
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import type { Ending } from './attend.ts';
import { attend } from './attend.ts';
import { escape, prepareMounts } from './mounts.ts';
import type { NamespaceHost, Running } from './namespace.ts';
import { startScript } from './namespace.ts';
import type { RunRequest } from './run-request.ts';
import { CAPABILITIES, CHANGES_TAR, groupsOption, programFiles, programWords } from './run-request.ts';
import { INNER, RUN } from './scripts.ts';

const HOST_NAME = 'imagespec';
const NAMESPACES = ['--pid', '--ipc', '--uts', '--mount-proc'];

/** @param work private folder of the run. Throws as `startScript` does, `PATH_CONFLICT` for mounts, and what `changes` throws. */
export async function runInNamespaces(
  ctx: Context,
  host: NamespaceHost,
  work: string,
  request: RunRequest,
): Promise<Ending> {
  await prepare(work, request);
  return attend(await start(ctx, host, work, request), request);
}

function start(ctx: Context, host: NamespaceHost, work: string, request: RunRequest): Promise<Running> {
  const { programs } = host;
  const { user, network, changes } = request;
  const isMapped = host.ids.kind !== 'single';
  return startScript(ctx, host, {
    text: RUN,
    args: programWords(request),
    variables: {
      INNER,
      WORK: work,
      CAPABILITIES,
      GROUP: isMapped ? String(user.gid) : '0',
      GROUPS_OPTION: isMapped ? groupsOption(user) : '--keep-groups',
      USER_OPTION: isMapped && user.uid !== 0 ? `--setuid=${user.uid}` : '',
      SETPRIV: programs.setpriv,
      UNSHARE: programs.unshare,
      CAT: programs.cat,
      FOLDER: request.folder,
      NAMESPACES: network === 'none' ? '--net' : '',
      HOST_NAME,
      SET_NAME: programs.hostname ?? '',
      TAR: changes ? CHANGES_TAR : '',
    },
    namespaces: NAMESPACES,
    stdio: [...programFiles(request), 'pipe', ...(changes ? (['pipe'] as const) : [])],
    hasTerminal: request.hasTerminal,
  });
}

async function prepare(work: string, request: RunRequest): Promise<void> {
  for (const name of ['root', 'bottom', 'layers', 'scratch', 'upper']) {
    await mkdir(join(work, name));
    await chmod(join(work, name), 0o755);
  }
  const { mode } = request.facts.entries.get('') ?? { mode: 0o755 };
  await chmod(join(work, 'upper'), mode);
  await prepareMounts({ work, facts: request.facts, mounts: request.mounts, hostName: HOST_NAME });
  // Short names: options of mount(2) end after a page. Highest first.
  const folders = [join(work, 'bottom'), ...request.stack.folders].reverse();
  for (const [index, folder] of folders.entries()) await symlink(folder, join(work, 'layers', String(index)));
  if (folders.length === 1) await symlink(join(work, 'bottom'), join(work, 'layers', '1'));
  const lower = [...folders.keys(), ...(folders.length === 1 ? [1] : [])].join(':');
  const writable = request.isReadOnly ? 'ro' : `upperdir=../upper,workdir=../scratch,index=off`;
  const row = `overlay ${escape(join(work, 'root'))} overlay lowerdir=${lower},${writable},userxattr\n`;
  await writeFile(join(work, 'root.fstab'), row);
}
