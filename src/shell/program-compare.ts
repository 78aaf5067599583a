// Utilities that compare files: `cmp`, `diff -q`, and sums.
import { createHash } from 'node:crypto';
import { FileError } from '../filesystem/writable-tree.ts';
import { readBytes, wordsOf } from './files.ts';
import { parseOptions } from './options.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { linesOf } from './text.ts';
import { at, fail, forEach, readSources } from './utility.ts';

const bytesOf = (call: Call, path: string): Uint8Array =>
  path === '-' ? new TextEncoder().encode(call.stdin) : readBytes(call.tree, at(call, path));

/** Undefined, with a message, where one of them cannot be read. */
function areEqual(call: Call, [left = '', right = '']: readonly string[], isQuiet: boolean): boolean | undefined {
  try {
    return Buffer.compare(bytesOf(call, left), bytesOf(call, right)) === 0;
  } catch (error) {
    if (!(error instanceof FileError) || error.code === 'UNREADABLE') throw error;
    if (!isQuiet) fail(call, `${error.path}: ${wordsOf(error)}`);
    return undefined;
  }
}

export const cmp: Program = (call) => {
  const { operands, has } = parseOptions(call, { flags: 's', long: { quiet: 's', silent: 's' } });
  if (operands.length !== 2) throw new NotInterpretable('cmp of other than two files');
  const equal = areEqual(call, operands, has('s'));
  if (equal === undefined) return 2;
  if (!equal && !has('s')) throw new NotInterpretable('cmp without -s');
  return equal ? 0 : 1;
};

export const diff: Program = (call) => {
  const { operands, has } = parseOptions(call, { flags: 'quN', long: { brief: 'q' } });
  if (operands.length !== 2) throw new NotInterpretable('diff of other than two files');
  const equal = areEqual(call, operands, false);
  if (equal === undefined) return 2;
  if (equal) return 0;
  if (!has('q')) throw new NotInterpretable('diff of files that differ');
  call.stdout(`Files ${operands[0]} and ${operands[1]} differ\n`);
  return 1;
};

export const sum =
  (algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512'): Program =>
  (call) => {
    const long = { check: 'c', status: 's', quiet: 'q' };
    const { operands, has } = parseOptions(call, { flags: 'cbt', long });
    const digest = (bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');
    if (has('c')) return check(call, operands, digest, { isSilent: has('s'), isQuiet: has('q') });
    return forEach(call, operands.length > 0 ? operands : ['-'], (path) => {
      if (/[\\\n]/.test(path)) throw new NotInterpretable(`the sum of ${path}`);
      call.stdout(`${digest(bytesOf(call, path))} ${has('b') ? '*' : ' '}${path}\n`);
    });
  };

interface CheckOptions {
  readonly isSilent: boolean;
  readonly isQuiet: boolean;
}

function check(
  call: Call,
  operands: readonly string[],
  digest: (bytes: Uint8Array) => string,
  { isSilent, isQuiet }: CheckOptions,
): number {
  const { sources, isComplete } = readSources(call, operands);
  let status = isComplete ? 0 : 1;
  for (const line of sources.flatMap(({ text }) => linesOf(text))) {
    const [, hex, path] = /^([0-9a-f]{32,128}) [ *](.+)$/.exec(line) ?? [];
    if (hex === undefined || path === undefined) throw new NotInterpretable(`${call.argv[0]} -c of ${line}`);
    let isSame = false;
    const own = forEach(call, [path], () => {
      isSame = digest(bytesOf(call, path)) === hex;
    });
    status ||= own;
    if (!isSame) status = 1;
    if (!isSilent && !(isQuiet && isSame)) call.stdout(`${path}: ${isSame ? 'OK' : 'FAILED'}\n`);
  }
  return status;
}
