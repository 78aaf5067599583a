// Runs the built command line as users do: a process of its own, with an environment of its own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface CliRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  /** Folder of the cache. */
  readonly cache: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input; empty without it. */
  readonly input?: string;
  /** Sends SIGINT, as Ctrl-C does, as soon as stderr says this. */
  readonly interruptAt?: RegExp;
  /** Sent at once, in place of the one SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Another node than the one that runs the tests. */
  readonly node?: string;
  /** A program that starts node with its last arguments, as another user or under another umask. */
  readonly through?: readonly string[];
}

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'imagespec.js');

export function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  const { cwd, cache, env = {}, interruptAt, signals = ['SIGINT'], node = process.execPath, through = [] } = options;
  const own = { PATH: process.env['PATH'] ?? '', HOME: cache, IMAGESPEC_CACHE: cache, CI: 'true', ...env };
  const [program = node, ...words] = [...through, node, BIN, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd, env: own, stdio: ['pipe', 'pipe', 'pipe'] });
    // A program that reads nothing may have ended before.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    let stdout = '';
    let stderr = '';
    let interrupted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (interrupted || !interruptAt?.test(stderr)) return;
      interrupted = true;
      for (const signal of signals) child.kill(signal);
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}
