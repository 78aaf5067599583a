// `test` and `[`, with the grammar that dash reads their operands by.
import type { TreeNode } from '../filesystem/writable-tree.ts';
import { nodeSize } from '../filesystem/writable-tree.ts';
import { absolute, isNull, lookAt } from './files.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';

class TestError extends Error {
  override readonly name = 'TestError';
}

/** 0 true, 1 false, 2 for operands that make no expression. */
export const test: Program = (call) => {
  const words = call.argv.slice(1);
  const isBracket = call.argv[0]?.endsWith('[') === true;
  try {
    if (isBracket && words.pop() !== ']') throw new TestError('missing ]');
    return holds(call, words) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TestError)) throw error;
    call.stderr(`${call.argv[0]}: ${error.message}\n`);
    return 2;
  }
};

function holds(call: Call, words: string[]): boolean {
  if (words.length === 0) return false;
  let isNegated = false;
  const isComparison = words.length === 3 && BINARY[words[1]!] !== undefined;
  if (words.length === 4 || (words.length === 3 && !isComparison)) {
    if (words[0] === '(' && words.at(-1) === ')') words = words.slice(1, -1);
    else if (words[0] === '!') {
      isNegated = true;
      words = words.slice(1);
    }
  }
  const reader = new TestReader(call, words, isComparison);
  return reader.run() !== isNegated;
}

class TestReader {
  readonly #call: Call;
  readonly #words: readonly string[];
  /** The first word is an operand whatever it looks like. */
  readonly #isComparison: boolean;
  #at = 0;

  constructor(call: Call, words: readonly string[], isComparison: boolean) {
    this.#call = call;
    this.#words = words;
    this.#isComparison = isComparison;
  }

  run(): boolean {
    const value = this.#or();
    const rest = this.#words[this.#at];
    if (rest !== undefined) throw new TestError(`${rest}: unexpected operator`);
    return value;
  }

  #or(): boolean {
    let value = this.#and();
    while (this.#words[this.#at] === '-o') {
      this.#at++;
      const right = this.#and();
      value ||= right;
    }
    return value;
  }

  #and(): boolean {
    let value = this.#not();
    while (this.#words[this.#at] === '-a') {
      this.#at++;
      const right = this.#not();
      value &&= right;
    }
    return value;
  }

  #not(): boolean {
    if (this.#words[this.#at] !== '!' || this.#isOperand()) return this.#primary();
    this.#at++;
    return !this.#not();
  }

  #primary(): boolean {
    const word = this.#words[this.#at];
    if (word === undefined) return false;
    const second = this.#words[this.#at + 1];
    const isOperand = this.#isOperand();
    if (word === '(' && !isOperand) {
      this.#at++;
      const value = this.#or();
      if (this.#words[this.#at++] !== ')') throw new TestError('closing paren expected');
      return value;
    }
    const unary = isOperand ? undefined : UNARY[word];
    if (unary) {
      if (second === undefined) throw new TestError(`${word}: argument expected`);
      this.#at += 2;
      return unary(this.#call, second);
    }
    const binary = second === undefined ? undefined : BINARY[second];
    if (!binary) {
      this.#at++;
      return word.length > 0;
    }
    const third = this.#words[this.#at + 2];
    if (third === undefined) throw new TestError(`${second}: argument expected`);
    this.#at += 3;
    return binary(this.#call, word, third);
  }

  /** An operator with nothing behind it, or with an operator between it and another word, is an operand. */
  #isOperand(): boolean {
    if (this.#at === 0 && this.#isComparison) return true;
    const second = this.#words[this.#at + 1];
    if (second === undefined) return true;
    if (this.#words[this.#at + 2] === undefined) return false;
    return BINARY[second] !== undefined;
  }
}

const at = (call: Call, path: string, follow = true): TreeNode | undefined =>
  path === '' ? undefined : lookAt(call.tree, absolute(call.cwd, path), follow);

type Unary = (call: Call, operand: string) => boolean;

const isThere: Unary = (call, path) => isNull(path) || at(call, path) !== undefined;
const isLink: Unary = (call, path) => at(call, path, false)?.type === 'symlink';
const hasBit =
  (bit: number): Unary =>
  (call, path) =>
    ((at(call, path)?.mode ?? 0) & bit) !== 0;

/** Which kind of device something of the base is, its facts do not say. */
const isSpecial: Unary = (call, path) => {
  if (at(call, path)?.type === 'other') throw new NotInterpretable(`a test of the device ${path}`);
  return false;
};

const UNARY: Readonly<Record<string, Unary | undefined>> = {
  '-n': (_, text) => text !== '',
  '-z': (_, text) => text === '',
  '-e': isThere,
  // Scripts are root's, who may read and write everything.
  '-r': isThere,
  '-w': isThere,
  '-x': (call, path) => {
    const node = at(call, path);
    return node !== undefined && (node.type === 'directory' || (node.mode & 0o111) !== 0);
  },
  '-f': (call, path) => at(call, path)?.type === 'file',
  '-d': (call, path) => at(call, path)?.type === 'directory',
  '-h': isLink,
  '-L': isLink,
  '-s': (call, path) => {
    const node = at(call, path);
    return node !== undefined && (node.type !== 'file' || nodeSize(node) > 0);
  },
  '-c': (call, path) => isNull(path) || isSpecial(call, path),
  '-b': isSpecial,
  '-p': isSpecial,
  '-S': isSpecial,
  '-u': hasBit(0o4000),
  '-g': hasBit(0o2000),
  '-k': hasBit(0o1000),
  '-O': (call, path) => at(call, path)?.uid === 0,
  '-G': (call, path) => at(call, path)?.gid === 0,
  // A build has no terminal.
  '-t': () => false,
};

type Binary = (call: Call, left: string, right: string) => boolean;

const numeric =
  (compare: (left: bigint, right: bigint) => boolean): Binary =>
  (_, left, right) =>
    compare(integer(left), integer(right));

function integer(text: string): bigint {
  if (!/^\s*[-+]?[0-9]+\s*$/.test(text)) throw new TestError(`Illegal number: ${text}`);
  return BigInt(text.trim().replace(/^\+/, ''));
}

const newer = (call: Call, left: string, right: string): boolean => {
  const [one, other] = [at(call, left), at(call, right)];
  return one !== undefined && other !== undefined && one.mtime > other.mtime;
};

const BINARY: Readonly<Record<string, Binary | undefined>> = {
  '=': (_, left, right) => left === right,
  '!=': (_, left, right) => left !== right,
  '<': (_, left, right) => left < right,
  '>': (_, left, right) => left > right,
  '-eq': numeric((a, b) => a === b),
  '-ne': numeric((a, b) => a !== b),
  '-lt': numeric((a, b) => a < b),
  '-le': numeric((a, b) => a <= b),
  '-gt': numeric((a, b) => a > b),
  '-ge': numeric((a, b) => a >= b),
  '-nt': newer,
  '-ot': (call, left, right) => newer(call, right, left),
  '-ef': (call, left, right) => {
    const node = at(call, left);
    return node !== undefined && node === at(call, right);
  },
};
