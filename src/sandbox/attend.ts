// Stays with a program that was started: gives it its environment, passes its output on, and says how it ended.
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Running } from './namespace.ts';
import type { RunRequest } from './run-request.ts';
import { isForLoader } from './run-request.ts';

export interface Ending {
  /** Undefined when the program was not even started. */
  readonly status: number | undefined;
  /** The last words to stderr. */
  readonly said: string;
}

/** Characters of what mount(8) and its like say when they fail. */
const SAID_LIMIT = 2000;

export async function attend(running: Running, request: RunRequest): Promise<Ending> {
  const { child } = running;
  (fileOf(child, 5) as Writable).end(exportsOf(request.env));
  if (request.output !== 'inherit') {
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', request.output);
  }
  request.onStart?.(running.tell);
  let said = '';
  child.stderr?.on('data', (text: string) => (said = (said + text).slice(-SAID_LIMIT)));
  const status = await finish(running, request.changes);
  return { status, said: said.trim() };
}

async function finish({ child, ended, answers }: Running, changes: RunRequest['changes']): Promise<number | undefined> {
  const tar = fileOf(child, 6) as Readable | undefined;
  let said = '';
  answers.on('data', (chunk: Buffer) => (said += chunk.toString()));
  if (tar && changes) {
    // A tar without a first byte is a program that failed: there is nothing to read then.
    const iterator = (tar as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (!first.done) await changes(joined(first.value, iterator), []);
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

/** For the shell: names that it cannot have are left out. */
function exportsOf(env: RunRequest['env']): string {
  const usable = env.filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !isForLoader(name));
  return usable.map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`).join('');
}
