// Where the tools and bases of the system tests live: outside the clone, so that the next clone finds them.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Raised when tools or bases must be made anew. */
const VERSION = 'v1';

/** Must be enterable by a user who is not root. */
export const GROUND = join(process.env['IMAGESPEC_TEST_CACHE'] ?? defaultFolder(), VERSION);
export const BIN = join(GROUND, 'bin');

function defaultFolder(): string {
  return process.getuid?.() === 0 ? '/var/cache/imagespec-test' : join(homedir(), '.cache', 'imagespec-test');
}

export const PATH = `${BIN}:${process.env['PATH']}:/usr/sbin:/sbin`;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Bytes for standard input. */
  readonly input?: Uint8Array | string;
}

export interface Run {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program with the ground's PATH; resolves whatever its status is. */
export function tryRun(program: string, args: readonly string[], { cwd, env, input }: RunOptions = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, PATH, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-20_000)));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout: Buffer.concat(stdout), stderr }));
    // A program that does not read its input closes it: no failure of ours.
    child.stdin.on('error', () => undefined).end(input);
  });
}

/** The same, but a status other than 0 is an error that shows what the program said. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await tryRun(program, args, options);
  if (status === 0) return stdout.toString();
  throw new Error(
    `${program} ${args.join(' ')}: exit ${status}\n${stderr.slice(-4000)}\n${stdout.toString().slice(-2000)}`,
  );
}

/** For minutes of work: its output goes to a log, whose end is shown on failure. */
export async function runLogged(
  name: string,
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  const folder = join(GROUND, 'log');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.log`);
  const log = createWriteStream(file);
  const status = await new Promise<number | null>((resolve, reject) => {
    const env = { ...process.env, PATH, ...options.env };
    const child = spawn(program, args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.on('error', reject);
    child.on('close', resolve);
  });
  await new Promise((resolve) => log.end(resolve));
  if (status !== 0)
    throw new Error(
      `${name} failed (${program}, exit ${status}); the end of ${file}:\n${(await readFile(file, 'utf8')).slice(-2000)}`,
    );
}
