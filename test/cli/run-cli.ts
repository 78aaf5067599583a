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
  /** Called with the process, to interrupt it. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Another node than the one that runs the tests. */
  readonly node?: string;
}

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'imagespec.js');

export function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  const { cwd, cache, env = {}, onStart, node = process.execPath } = options;
  const own = { PATH: process.env['PATH'] ?? '', HOME: cache, IMAGESPEC_CACHE: cache, CI: 'true', ...env };
  return new Promise((resolve, reject) => {
    const child = spawn(node, [BIN, ...args], { cwd, env: own, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    onStart?.((signal) => child.kill(signal));
  });
}
