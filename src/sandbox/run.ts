// Runs one program in an image: its layers stacked by overlayfs, namespaces of its own, nothing of the host in reach; what it changed
// comes back as a tar.
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import type { LocalCache } from '../store/cache.ts';
import type { Mount } from './mounts.ts';
import { escape, prepareMounts } from './mounts.ts';
import type { Running, SandboxHost } from './namespace.ts';
import { startScript, unavailable } from './namespace.ts';
import { removeFolder } from './remove.ts';
import { INNER, RUN } from './scripts.ts';
import type { Stack } from './unpack.ts';

interface RunUser {
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
}

export interface RunRequest {
  readonly stack: Stack;
  /** Of the stack. */
  readonly facts: BaseFacts;
  readonly argv: readonly string[];
  /** All variables; the host's are not inherited. Names are those of a shell. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Working directory in the image. */
  readonly folder: string;
  readonly user: RunUser;
  readonly network: 'host' | 'none';
  readonly mounts: readonly Mount[];
  readonly isReadOnly: boolean;
  /** `inherit`: the caller's terminal or pipes; else called for each piece of output, of both streams. */
  readonly output: 'inherit' | ((text: string) => void);
  /** Whether the program reads the caller's input. */
  readonly hasInput: boolean;
  /** Whether the caller's terminal is the program's; else it is in a session of its own, out of reach of the terminal's keys. */
  readonly hasTerminal?: boolean | undefined;
  /** Given the tar of what changed, in overlayfs' form, when the program ended with status 0; the tar must be read to its end. */
  readonly changes?: ((tar: AsyncIterable<Uint8Array>) => Promise<void>) | undefined;
  /** Called when the program runs, with what sends it a signal (`TERM`). */
  readonly onStart?: (send: (signal: string) => void) => void;
}

/** Characters of what mount(8) and its like say when they fail. */
const SAID_LIMIT = 2000;

const HOST_NAME = 'imagespec';

/** What engines leave to root in a container, without devices (containers/common, default capabilities). */
const CAPABILITIES =
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap';
const NAMESPACES = ['--pid', '--ipc', '--uts', '--mount-proc'];
const XATTRS = '--xattrs --xattrs-include=security.capability --xattrs-include=user.*';

/**
 * The exit status of the program; 128 + signal when it was ended by one. Nothing of the run is left behind, whatever happens.
 * Throws `ABORTED`, `SANDBOX_UNAVAILABLE`, `PATH_CONFLICT` for mounts, and what `changes` throws.
 */
export async function runInSandbox(
  ctx: Context,
  host: SandboxHost,
  cache: LocalCache,
  request: RunRequest,
): Promise<number> {
  return cache.scratch(async (work) => {
    try {
      await prepare(work, request);
      const running = await start(ctx, host, work, request);
      const { child } = running;
      (fileOf(child, 5) as Writable).end(exportsOf(request.env));
      if (request.output !== 'inherit') {
        for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', request.output);
      }
      request.onStart?.(running.tell);
      let said = '';
      child.stderr?.on('data', (text: string) => (said = (said + text).slice(-SAID_LIMIT)));
      const status = await finish(running, request.changes);
      if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
      if (status === undefined) throw unavailable(said.trim() || 'its root could not be prepared');
      return status;
    } finally {
      await removeFolder(host, work);
    }
  });
}

/** @returns undefined when the program was not even started */
async function finish({ child, ended, answers }: Running, changes: RunRequest['changes']): Promise<number | undefined> {
  const tar = fileOf(child, 6) as Readable | undefined;
  let said = '';
  answers.on('data', (chunk: Buffer) => (said += chunk.toString()));
  if (tar && changes) {
    // A tar without a first byte is a program that failed: there is nothing to read then.
    const iterator = (tar as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (!first.done) await changes(joined(first.value, iterator));
  }
  const status = await ended;
  const [, own] = /ended (\d+)/.exec(said) ?? [];
  // Killed from outside: that is how it ended.
  if (own === undefined) return status < 128 ? undefined : status;
  return Number(own);
}

/** Node types the first five alone. */
const fileOf = ({ stdio }: ChildProcess, number: number): unknown => (stdio as readonly unknown[])[number];

async function* joined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function start(ctx: Context, host: SandboxHost, work: string, request: RunRequest): Promise<Running> {
  const { programs } = host;
  const { user, output, network, changes, argv, env } = request;
  const isMapped = host.ids.kind !== 'single';
  const groups = user.groups.length > 0 ? `--groups=${user.groups.join(',')}` : '--clear-groups';
  const stream = output === 'inherit' ? 'inherit' : 'pipe';
  const loader = env.filter(([name]) => isForLoader(name)).map(([name, value]) => `${name}=${value}`);
  return startScript(ctx, host, {
    text: RUN,
    args: loader.length > 0 ? ['/usr/bin/env', ...loader, ...argv] : argv,
    variables: {
      INNER,
      WORK: work,
      CAPABILITIES,
      GROUP: isMapped ? String(user.gid) : '0',
      GROUPS_OPTION: isMapped ? groups : '--keep-groups',
      USER_OPTION: isMapped && user.uid !== 0 ? `--setuid=${user.uid}` : '',
      SETPRIV: programs.setpriv,
      UNSHARE: programs.unshare,
      CAT: programs.cat,
      FOLDER: request.folder,
      NAMESPACES: network === 'none' ? '--net' : '',
      HOST_NAME,
      SET_NAME: programs.hostname ?? '',
      TAR: changes ? `--numeric-owner --sort=name --format=posix ${XATTRS}` : '',
    },
    namespaces: NAMESPACES,
    stdio: [request.hasInput ? 'inherit' : 'ignore', stream, stream, 'pipe', ...(changes ? (['pipe'] as const) : [])],
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

/** The host's programs that start the image's would obey these too (ld.so(8)); they are set by the image's own env. */
export const isForLoader = (name: string): boolean => /^(LD_|GLIBC_TUNABLES$|MALLOC_)/.test(name);

/** For the shell: names that it cannot have are left out. */
function exportsOf(env: RunRequest['env']): string {
  const usable = env.filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !isForLoader(name));
  return usable.map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`).join('');
}
