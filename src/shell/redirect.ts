// Redirections (POSIX XCU 2.7): which open file each descriptor of a command leads to.
import type { HereDoc, Redirection, Word, WordPart } from 'unbash';
import { FileError } from '../filesystem/writable-tree.ts';
import { expandQuoted, expandText, expandWords } from './expand.ts';
import { absolute, interpretable, isNull, lookAt } from './files.ts';
import { NotInterpretable } from './program.ts';
import type { Shell } from './state.ts';
import { fileInput, fileOutput, nullStream, textInput, type Stream } from './streams.ts';

/** What dash says of a redirection that cannot be made. */
export class RedirectError extends Error {
  override readonly name = 'RedirectError';
}

/** The streams after some redirections, in their order. Throws `RedirectError`. */
export function redirected(shell: Shell, redirects: readonly Redirection[]): ReadonlyMap<number, Stream> {
  const streams = new Map(shell.streams);
  for (const redirect of redirects) {
    const standard = redirect.operator.startsWith('<') ? 0 : 1;
    const descriptor = redirect.descriptor?.type === 'FileDescriptor' ? redirect.descriptor.value : standard;
    const stream = open(shell, redirect, streams);
    if (stream) streams.set(descriptor, stream);
    else streams.delete(descriptor);
  }
  return streams;
}

function open(shell: Shell, redirect: Redirection, streams: ReadonlyMap<number, Stream>): Stream | undefined {
  if (redirect.type === 'HereDoc') {
    const text = hereText(shell, redirect);
    return textInput(() => text);
  }
  if (redirect.type === 'HereString' || !redirect.target) throw new NotInterpretable('a redirection without a target');
  const target = targetOf(shell, redirect.target);
  switch (redirect.operator) {
    case '<&':
    case '>&':
      return duplicate(target, streams);
    case '<':
      return openFile(shell, target, streams, (path) => fileInput(shell.machine.tree, path), 'open');
    case '>':
    case '>|':
    case '>>': {
      const { flags, machine, umask } = shell;
      const isAppend = redirect.operator === '>>';
      // `set -C`: what is there as a file stays (POSIX XCU 2.7.2).
      const keeps = flags.has('C') && redirect.operator === '>';
      const make = (path: string): Stream => {
        if (keeps && machine.tree.get(path)?.type === 'file') throw new FileError('EEXIST', path);
        return fileOutput(machine.tree, path, isAppend, 0o666 & ~umask);
      };
      return openFile(shell, target, streams, make, 'create');
    }
    case '<>':
    case '&>':
    case '&>>':
      throw new NotInterpretable(redirect.operator);
  }
}

/** Bash splits it, and does not take more than one word. */
function targetOf(shell: Shell, word: Word): string {
  if (!shell.isBash) return expandText(shell, word);
  const [target, ...more] = expandWords(shell, [word]);
  if (target === undefined || more.length > 0) throw new NotInterpretable(`an ambiguous redirection: ${word.text}`);
  return target;
}

function duplicate(target: string, streams: ReadonlyMap<number, Stream>): Stream | undefined {
  if (target === '-') return undefined;
  if (!/^[0-9]$/.test(target)) throw new RedirectError('Bad fd number');
  const stream = streams.get(Number(target));
  if (!stream) throw new RedirectError(`${target}: Bad file descriptor`);
  return stream;
}

const DESCRIPTORS: Readonly<Record<string, number>> = { '/dev/stdin': 0, '/dev/stdout': 1, '/dev/stderr': 2 };

function openFile(
  shell: Shell,
  target: string,
  streams: ReadonlyMap<number, Stream>,
  make: (path: string) => Stream,
  verb: 'open' | 'create',
): Stream {
  const fail = (why: string): never => {
    throw new RedirectError(`cannot ${verb} ${target}: ${why}`);
  };
  if (isNull(target)) return nullStream();
  // A build has no terminal.
  if (target === '/dev/tty') return fail('No such device or address');
  const descriptor = DESCRIPTORS[target] ?? /^\/dev\/fd\/([0-9])$/.exec(target)?.[1];
  if (descriptor !== undefined) return streams.get(Number(descriptor)) ?? fail('No such file');
  if (/^\/dev\/(?!shm\/)/.test(target)) throw new NotInterpretable(target);
  const path = absolute(shell.cwd, target);
  try {
    lookAt(shell.machine.tree, path);
    if (target === '') throw new FileError('ENOENT', path);
    return interpretable(() => make(path));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code === 'EISDIR') return fail('Is a directory');
    if (error.code === 'EEXIST') return fail('File exists');
    return fail(verb === 'open' ? 'No such file' : 'Directory nonexistent');
  }
}

function hereText(shell: Shell, { operator, delimiter, body }: HereDoc): string {
  const cutTabs = (text: string, isStart: boolean): string =>
    operator === '<<-' ? text.replace(isStart ? /(^|\n)\t+/g : /(\n)\t+/g, '$1') : text;
  if (delimiter?.quoted === true) return cutTabs(body.text, true);
  if (!body.parts)
    return cutTabs(body.text, true).replace(/\\([\\$`]|\n)/g, (_, char: string) => (char === '\n' ? '' : char));
  const parts = body.parts.map((part, index): WordPart =>
    part.type === 'Literal' ? { ...part, value: cutTabs(part.value, index === 0) } : part,
  );
  return expandQuoted(shell, parts);
}
