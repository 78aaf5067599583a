// Other programs: run to their end with a given environment, stopped when the build stops, their words bounded.
import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Context } from '../core/context.ts';
import { abortedError, throwIfAborted } from '../core/context.ts';

export interface ProgramOptions {
  /** All variables of the program: nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly folder: string;
  /** Milliseconds after which nobody believes in an answer any more. */
  readonly timeoutMs: number;
  /** Called with each line that the program, or one that it starts, writes to its file 3. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface ProgramEnd {
  /** Exit status; undefined when it could not be started, was killed or took too long. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no status: the start failed, or time was up. */
  readonly failure: string | undefined;
}

/** What is kept of each stream; the rest is read and forgotten, so that the program never waits for us. */
const OUTPUT_LIMIT_BYTES = 1 << 20;
/** A program that does not end on SIGTERM within this time is killed. */
const GRACE_MS = 3000;

/** Runs a program without a shell. Throws `ABORTED` after it is gone; every other end is a result. */
export async function runProgram(
  ctx: Context,
  program: string,
  args: readonly string[],
  { env, folder, timeoutMs, onLine }: ProgramOptions,
): Promise<ProgramEnd> {
  throwIfAborted(ctx);
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(onLine ? (['pipe'] as const) : [])],
    windowsHide: true,
  }) as ChildProcessByStdio<null, Readable, Readable>;
  if (onLine) createInterface({ input: child.stdio[3] as Readable }).on('line', onLine);
  let failure: string | undefined;
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    // A program of its own that outlives it would hold its outputs open.
    child.once('exit', () => child.stdio.forEach((stream) => stream?.destroy()));
    child.kill('SIGTERM');
    killer ??= setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  };
  const timer = setTimeout(() => {
    failure = `it gave no result within ${Math.round(timeoutMs / 1000)} s`;
    stop();
  }, timeoutMs);
  ctx.signal.addEventListener('abort', stop, { once: true });
  try {
    const [stdout, stderr, status] = await Promise.all([
      start(child.stdout),
      start(child.stderr),
      new Promise<number | undefined>((resolve) => {
        child.once('error', (error) => {
          failure ??= error.message;
          resolve(undefined);
        });
        child.once('close', (code, signal) => {
          if (signal) failure ??= `it was ended by ${signal}`;
          resolve(code ?? undefined);
        });
      }),
    ]);
    if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
    return { status: failure === undefined ? status : undefined, stdout, stderr, failure };
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    ctx.signal.removeEventListener('abort', stop);
  }
}

/** The start of a stream as text; the stream is read to its end. */
async function start(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      if (size < OUTPUT_LIMIT_BYTES) chunks.push(chunk.subarray(0, OUTPUT_LIMIT_BYTES - size));
      size += chunk.length;
    }
  } catch {
    // Broken off: the end of the program tells why.
  }
  return Buffer.concat(chunks).toString('utf8');
}
