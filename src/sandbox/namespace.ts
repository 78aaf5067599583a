// A shell of the host in namespaces of its own: started, given its ids (user_namespaces(7)), ended when the build ends.
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Context } from '../core/context.ts';
import { abortedError, throwIfAborted } from '../core/context.ts';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { IdMap } from './ids.ts';
import type { HostPrograms } from './programs.ts';
import { WAIT_FOR_IDS } from './scripts.ts';

/** What makes sandboxes on this host. */
export interface SandboxHost {
  readonly programs: HostPrograms;
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
 * Starts a script as root of a new user and mount namespace. When the context is aborted, its file 3 ends, and everything with it.
 * Throws `SANDBOX_UNAVAILABLE` where the host has no such namespaces.
 */
export async function startScript(ctx: Context, { programs, ids }: SandboxHost, script: Script): Promise<Running> {
  throwIfAborted(ctx);
  const [stdin, stdout, stderr, ...further] = script.stdio;
  const stdio: StdioOptions = [stdin!, stdout!, stderr!, 'pipe', 'pipe', ...further];
  const unshare = ['--user', '--mount', ...(script.namespaces ?? []), '--fork', '--kill-child', '--'];
  const shell = [programs.sh, '-c', WAIT_FOR_IDS, 'sh', programs.sh, '-euc', script.text, 'sh', ...(script.args ?? [])];
  const child = spawn(programs.unshare, [...unshare, ...shell], {
    cwd: '/',
    env: { PATH: pathOf(programs), LC_ALL: 'C', ...script.variables },
    stdio,
  });
  const ended = endOf(child);
  const control = child.stdio[3] as import('node:stream').Writable;
  const answers = child.stdio[4] as Readable;
  // The shell may end while we write, and its files with it: its status tells.
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  try {
    await ready(child, answers, ended);
    await writeIds(programs, ids, child.pid!);
  } catch (error) {
    control.destroy();
    child.kill('SIGKILL');
    throw error;
  }
  control.write('go\n');
  const stop = (): void => void control.destroy();
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
  if (status !== 0) throw unavailable(`a sandbox could not be prepared: ${(await said).trim()}`);
}

export function unavailable(why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('SANDBOX_UNAVAILABLE', `No program of an image can be run on this host: ${why}`, {
    hint: 'It takes Linux with user namespaces and overlayfs (user.max_user_namespaces, kernel 5.11 or newer); containers often forbid them.',
    cause,
  });
}

/** The end of a stream that people read. */
export async function textOf(stream: AsyncIterable<Buffer>, limit = 8192): Promise<string> {
  let text = '';
  for await (const chunk of stream) text = (text + chunk.toString()).slice(-limit);
  return text;
}

function pathOf(programs: HostPrograms): string {
  return [...new Set(Object.values(programs).map((file) => file.slice(0, file.lastIndexOf('/'))))].join(':');
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (SIGNALS[signal ?? ''] ?? 9)));
  });
}

/** The first line of file 4 comes from inside of the new namespaces. */
async function ready(child: ChildProcess, answers: Readable, ended: Promise<number>): Promise<void> {
  let isReady = false;
  const failed = once(child, 'error').then(([error]: unknown[]) => messageOf(error));
  const line = once(answers, 'data').then(() => undefined);
  // A stream has one reader: what is said later is for the caller.
  const said = async (): Promise<string> => (isReady || !child.stderr ? '' : (await textOf(child.stderr)).trim());
  const early = ended.then(async () => `unshare: ${(await said()) || 'it ended at once'}`);
  const failure = await Promise.race([line, failed, early]);
  isReady = true;
  if (failure !== undefined) throw unavailable(failure);
}

async function writeIds(programs: HostPrograms, { kind, uids, gids }: IdMap, pid: number): Promise<void> {
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
    throw unavailable(`the ids of a user namespace could not be set: ${messageOf(error)}`, error);
  }
}

async function runMapper(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, status] = await Promise.all([textOf(child.stderr), endOf(child)]);
  if (status !== 0) throw new Error(`${program}: ${said.trim()}`);
}
