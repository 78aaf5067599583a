// A shell of the host in namespaces of its own, where the host has them: started, given its ids (user_namespaces(7)), ended when the build ends.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import type { Context } from '../core/context.ts';
import { abortedError, throwIfAborted } from '../core/context.ts';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { IdMap } from './ids.ts';
import type { ChrootPrograms, HostPrograms } from './programs.ts';
import { WAIT_FOR_IDS } from './scripts.ts';

/** What makes sandboxes on this host. */
export type SandboxHost = NamespaceHost | ChrootHost;

export interface NamespaceHost {
  readonly maker: 'namespaces';
  readonly programs: HostPrograms;
  readonly ids: IdMap;
  /** What else could be done here, for errors. */
  readonly advice?: string | undefined;
}

/** Root where namespaces are forbidden; programs are not isolated from others. Never chosen by us. */
export interface ChrootHost {
  readonly maker: 'chroot';
  readonly programs: ChrootPrograms;
  readonly ids: IdMap;
}

export interface Script {
  /** For `sh -euc`. */
  readonly text: string;
  readonly args?: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Options of unshare(1) beside those for user and mount namespaces. */
  readonly namespaces?: readonly string[];
  /** Of the shell: 0, 1, 2, and from 5 on; 3 and 4 are for starting and stopping it. */
  readonly stdio: readonly ('ignore' | 'inherit' | 'pipe')[];
  /** Whether it stays in the caller's session: its terminal is the script's then, with the signals of its keys. */
  readonly hasTerminal?: boolean | undefined;
}

export interface Running {
  readonly child: ChildProcess;
  /** Lines to file 3 of the script. */
  readonly tell: (line: string) => void;
  /** What the script writes to file 4, after its first line. */
  readonly answers: Readable;
  /** Its exit status, 128 + signal where it was ended by one. */
  readonly ended: Promise<number>;
}

/** Signals end the program's group first; what does not end within this time is killed. */
const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * Starts a script as root of a new user and mount namespace, or just as root by chroot's maker. When the context is aborted, its file 3
 * ends, and everything with it.
 * Throws `SANDBOX_UNAVAILABLE` where the host has no such namespaces.
 */
export async function startScript(ctx: Context, host: SandboxHost, script: Script): Promise<Running> {
  const { programs } = host;
  throwIfAborted(ctx);
  const [stdin, stdout, stderr, ...further] = script.stdio;
  const stdio: ('ignore' | 'inherit' | 'pipe' | number)[] = [stdin!, stdout!, stderr!, 'pipe', 'pipe', ...further];
  const [program, ...words] = wordsOf(host, script);
  const nothing = await open('/dev/null');
  for (const file of await inheritedFiles()) {
    while (stdio.length <= file) stdio.push('ignore');
    if (file >= 5 + further.length) stdio[file] = nothing.fd;
  }
  const child = spawn(program!, words, {
    cwd: '/',
    env: { PATH: pathOf(programs), LC_ALL: 'C', ...script.variables },
    stdio,
    detached: script.hasTerminal !== true,
  });
  // Before anything is waited for: a shell that ends at once says so only once.
  const ended = endOf(child);
  await nothing.close();
  const control = child.stdio[3] as Writable;
  const answers = child.stdio[4] as Readable;
  // The shell may end while we write, and its files with it: its status tells.
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  try {
    await ready(host, child, answers, ended);
    if (host.maker === 'namespaces') await writeIds(host, child.pid!);
  } catch (error) {
    control.destroy();
    child.kill('SIGKILL');
    throw error;
  }
  control.write('go\n');
  const stop = (): void => void control.destroy();
  child.once('exit', stop);
  if (ctx.signal.aborted) stop();
  ctx.signal.addEventListener('abort', stop, { once: true });
  void ended.then(() => ctx.signal.removeEventListener('abort', stop));
  return { child, tell: (line) => void control.write(`${line}\n`), answers, ended };
}

/** Runs a script to its end. Throws `ABORTED`, and `SANDBOX_UNAVAILABLE` with what it said when its status is not 0. */
export async function runScript(ctx: Context, host: SandboxHost, script: Omit<Script, 'stdio'>): Promise<void> {
  const running = await startScript(ctx, host, { ...script, stdio: ['ignore', 'ignore', 'pipe'] });
  const said = textOf(running.child.stderr!);
  const status = await running.ended;
  if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
  if (status !== 0) throw unavailable(host, `a sandbox could not be prepared: ${(await said).trim()}`);
}

function wordsOf(host: SandboxHost, { text, args = [], namespaces = [] }: Script): string[] {
  const { sh } = host.programs;
  const shell = [sh, '-c', WAIT_FOR_IDS, 'sh', sh, '-euc', text, 'sh', ...args];
  if (host.maker === 'chroot') return shell;
  return [host.programs.unshare, '--user', '--mount', ...namespaces, '--fork', '--kill-child', '--', ...shell];
}

export function unavailable(host: SandboxHost, why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('SANDBOX_UNAVAILABLE', `No program of an image can be run on this host: ${why}`, {
    hint: host.maker === 'chroot' ? CHROOT_WANTS : (host.advice ?? NAMESPACES_WANT),
    cause,
  });
}

const NAMESPACES_WANT =
  'It takes Linux with user namespaces and overlayfs (user.max_user_namespaces, kernel 5.11 or newer); containers often forbid them.';
const CHROOT_WANTS =
  'chroot takes root with the capabilities that engines leave to containers: CHOWN, DAC_OVERRIDE, FOWNER, SETUID, SETGID, SETPCAP, SETFCAP, SYS_CHROOT.';

/** The end of a stream that people read. */
export async function textOf(stream: AsyncIterable<Buffer>, limit = 8192): Promise<string> {
  let text = '';
  for await (const chunk of stream) text = (text + chunk.toString()).slice(-limit);
  return text;
}

/** Files of this process that a child has too: what our own caller left open must not come into the reach of the image. */
async function inheritedFiles(): Promise<number[]> {
  const files = (await readdir('/proc/self/fd')).map(Number).filter((file) => file > 2);
  const facts = await Promise.all(files.map((file) => readFile(`/proc/self/fdinfo/${file}`, 'utf8').catch(() => '')));
  return files.filter((_, index) => {
    const [, flags] = /^flags:\s*(\d+)/m.exec(facts[index]!) ?? [];
    return flags !== undefined && (parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  });
}

/** O_CLOEXEC, the same on every architecture of Linux that Node runs on. */
const CLOSE_ON_EXEC = 0o2000000;

function pathOf(programs: SandboxHost['programs']): string {
  return [...new Set(Object.values(programs).map((file) => file.slice(0, file.lastIndexOf('/'))))].join(':');
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code, signal) => resolve(code ?? 128 + (SIGNALS[signal ?? ''] ?? 9)));
  });
}

/** The first line of file 4 comes from inside of the new namespaces. */
async function ready(host: SandboxHost, child: ChildProcess, answers: Readable, ended: Promise<number>): Promise<void> {
  // Read by listening, not by iterating: whoever waits for the script's own words must get them.
  let said = '';
  const listen = (chunk: Buffer): void => void (said += chunk.toString());
  child.stderr?.on('data', listen);
  const failed = once(child, 'error').then(([error]: unknown[]) => messageOf(error));
  const line = once(answers, 'data').then(() => undefined);
  const early = ended.then(() => said.trim() || 'its shell ended at once');
  const failure = await Promise.race([line, failed, early]);
  child.stderr?.off('data', listen).pause();
  if (failure !== undefined) throw unavailable(host, failure);
}

async function writeIds(host: NamespaceHost, pid: number): Promise<void> {
  const { programs } = host;
  const { kind, uids, gids } = host.ids;
  try {
    if (kind === 'range') {
      const newgidmap = programs.newuidmap!.replace(/newuidmap$/, 'newgidmap');
      await Promise.all([
        runMapper(programs.newuidmap!, [String(pid), ...uids.flat().map(String)]),
        runMapper(newgidmap, [String(pid), ...gids.flat().map(String)]),
      ]);
      return;
    }
    // A group may be given up only by who may give it (user_namespaces(7)).
    if (kind === 'single') await writeFile(`/proc/${pid}/setgroups`, 'deny');
    await writeFile(`/proc/${pid}/uid_map`, uids.map((row) => row.join(' ')).join('\n'));
    await writeFile(`/proc/${pid}/gid_map`, gids.map((row) => row.join(' ')).join('\n'));
  } catch (error) {
    throw unavailable(host, `the ids of a user namespace could not be set: ${messageOf(error)}`, error);
  }
}

async function runMapper(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, status] = await Promise.all([textOf(child.stderr), endOf(child)]);
  if (status !== 0) throw new Error(`${program}: ${said.trim()}`);
}
