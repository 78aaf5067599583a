// `find`: its tests and actions over the tree. Names come sorted, where a real directory gives them in no order.
import type { TreeNode } from '../filesystem/writable-tree.ts';
import { FileError, nodeSize } from '../filesystem/writable-tree.ts';
import { accountOf } from './accounts.ts';
import { lookAt, wordsOf } from './files.ts';
import { matches } from './pattern.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { at, baseName, fail } from './utility.ts';

interface Visit {
  readonly path: string;
  readonly node: TreeNode;
  /** Set by `-prune`. */
  isPruned: boolean;
}
type Test = (visit: Visit) => boolean;

interface Plan {
  readonly test: Test;
  readonly least: number;
  readonly most: number;
  readonly isDepthFirst: boolean;
  /** `-L`: what links lead to is looked at; a dangling one is itself. */
  readonly follows: boolean;
  /** What `-exec … +` gathered is run. */
  readonly finish: () => number;
}

export const find: Program = (call) => {
  const words = call.argv.slice(1);
  let follows = false;
  while (/^-[LPH]$/.test(words[0] ?? '')) {
    const option = words.shift();
    if (option === '-H') throw new NotInterpretable('find -H');
    follows = option === '-L';
  }
  const paths: string[] = [];
  while (words.length > 0 && !/^[-(!]/.test(words[0]!)) paths.push(words.shift()!);
  const plan = { ...new FindParser(call, words).plan(), follows };
  let status = 0;
  for (const path of paths.length > 0 ? paths : ['.']) status = walk(call, path, 0, plan) || status;
  return plan.finish() || status;
};

/** With `-L`, links may lead to what they stand in. */
const DEPTH_LIMIT = 200;

function walk(call: Call, path: string, depth: number, plan: Plan): number {
  const full = at(call, path);
  const node = (plan.follows ? lookAt(call.tree, full) : undefined) ?? lookAt(call.tree, full, false);
  if (depth > DEPTH_LIMIT) throw new NotInterpretable('find in folders that lead into one another');
  if (!node) return fail(call, `'${path}': No such file or directory`);
  const visit: Visit = { path, node, isPruned: false };
  let status = 0;
  const act = (): void => {
    if (depth < plan.least) return;
    try {
      plan.test(visit);
    } catch (error) {
      if (!(error instanceof FileError) || error.code === 'UNREADABLE') throw error;
      status = fail(call, `'${path}': ${wordsOf(error)}`);
    }
  };
  if (!plan.isDepthFirst) act();
  if (node.type === 'directory' && depth < plan.most && !visit.isPruned) {
    const names = call.tree.get(full, plan.follows)?.type === 'directory' ? call.tree.list(full) : [];
    for (const name of names)
      status = walk(call, path.endsWith('/') ? `${path}${name}` : `${path}/${name}`, depth + 1, plan) || status;
  }
  if (plan.isDepthFirst) act();
  return status;
}

const TYPES = { f: 'file', d: 'directory', l: 'symlink' } as const;

class FindParser {
  readonly #call: Call;
  readonly #words: string[];
  #least = 0;
  #most = Infinity;
  #isDepthFirst = false;
  #hasAction = false;
  readonly #gathered: { argv: string[]; paths: string[] }[] = [];

  constructor(call: Call, words: string[]) {
    this.#call = call;
    this.#words = words;
  }

  plan(): Omit<Plan, 'follows'> {
    const given: Test = this.#words.length > 0 ? this.#or() : () => true;
    if (this.#words.length > 0) throw new NotInterpretable(`find ${this.#words.join(' ')}`);
    const print: Test = ({ path }) => {
      this.#call.stdout(`${path}\n`);
      return true;
    };
    const test: Test = this.#hasAction ? given : (visit) => given(visit) && print(visit);
    const finish = (): number =>
      this.#gathered.some(({ argv, paths }) => paths.length > 0 && this.#call.run([...argv, ...paths]) !== 0) ? 1 : 0;
    return { test, least: this.#least, most: this.#most, isDepthFirst: this.#isDepthFirst, finish };
  }

  #or(): Test {
    const first = this.#and();
    if (this.#words[0] !== '-o' && this.#words[0] !== '-or') return first;
    this.#words.shift();
    const second = this.#or();
    return (visit) => first(visit) || second(visit);
  }

  #and(): Test {
    const tests = [this.#not()];
    while (this.#words.length > 0 && !/^(?:-o|-or|\))$/.test(this.#words[0]!)) {
      if (this.#words[0] === '-a' || this.#words[0] === '-and') this.#words.shift();
      tests.push(this.#not());
    }
    return (visit) => tests.every((test) => test(visit));
  }

  #not(): Test {
    const word = this.#words.shift();
    if (word === '!' || word === '-not') {
      const test = this.#not();
      return (visit) => !test(visit);
    }
    if (word !== '(') return this.#primary(word ?? '');
    const test = this.#or();
    if (this.#words.shift() !== ')') throw new NotInterpretable('find ( without )');
    return test;
  }

  #operand(name: string): string {
    const word = this.#words.shift();
    if (word === undefined) throw new NotInterpretable(`find ${name} without its argument`);
    return word;
  }

  #primary(name: string): Test {
    switch (name) {
      case '-maxdepth':
        this.#most = Number(this.#operand(name));
        return () => true;
      case '-mindepth':
        this.#least = Number(this.#operand(name));
        return () => true;
      case '-depth':
        this.#isDepthFirst = true;
        return () => true;
      case '-xdev':
      case '-mount':
      case '-true':
        return () => true;
      case '-print':
      case '-print0':
        this.#hasAction = true;
        return ({ path }) => {
          this.#call.stdout(`${path}${name === '-print' ? '\n' : '\0'}`);
          return true;
        };
      case '-prune':
        return (visit) => (visit.isPruned = true);
      case '-delete':
        this.#hasAction = true;
        this.#isDepthFirst = true;
        return ({ path }) => {
          if (path !== '.') this.#call.tree.remove(at(this.#call, path));
          return true;
        };
      case '-exec':
        return this.#exec();
      default:
        return this.#test(name);
    }
  }

  #test(name: string): Test {
    const { tree } = this.#call;
    switch (name) {
      case '-empty':
        return ({ path, node }) =>
          node.type === 'directory'
            ? tree.list(at(this.#call, path)).length === 0
            : node.type === 'file' && nodeSize(node) === 0;
      case '-name':
      case '-path':
      case '-wholename': {
        const pieces = [{ text: this.#operand(name), isQuoted: false }];
        return ({ path }) => matches(name === '-name' ? baseName(path) : path, pieces);
      }
      case '-type': {
        const letter = this.#operand(name);
        const type = Object.hasOwn(TYPES, letter) ? TYPES[letter as keyof typeof TYPES] : undefined;
        if (!type) throw new NotInterpretable(`find -type ${letter}`);
        return ({ node }) => node.type === type;
      }
      case '-user':
      case '-group': {
        const word = this.#operand(name);
        const account = accountOf(tree, name === '-user' ? 'passwd' : 'group', word);
        if (!account) throw new NotInterpretable(`find ${name} ${word}, who is not there`);
        return ({ node }) => (name === '-user' ? node.uid : node.gid) === account.id;
      }
      case '-perm':
        return permission(this.#operand(name));
      case '-newer': {
        const reference = lookAt(tree, at(this.#call, this.#operand(name)));
        if (!reference) throw new NotInterpretable('find -newer than nothing');
        return ({ node }) => node.mtime > reference.mtime;
      }
      default:
        throw new NotInterpretable(`find ${name}`);
    }
  }

  #exec(): Test {
    this.#hasAction = true;
    const end = this.#words.findIndex(
      (word, index) => word === ';' || (word === '+' && this.#words[index - 1] === '{}'),
    );
    if (end < 0) throw new NotInterpretable('find -exec without its end');
    const argv = this.#words.splice(0, end);
    if (this.#words.shift() === ';') {
      return ({ path }) => this.#call.run(argv.map((word) => word.replaceAll('{}', path))) === 0;
    }
    const gathered = { argv: argv.slice(0, -1), paths: [] as string[] };
    this.#gathered.push(gathered);
    return ({ path }) => gathered.paths.push(path) > 0;
  }
}

function permission(text: string): Test {
  const [, sign = '', octal] = /^([-/]?)([0-7]+)$/.exec(text) ?? [];
  if (octal === undefined) throw new NotInterpretable(`find -perm ${text}`);
  const bits = Number.parseInt(octal, 8);
  if (sign === '-') return ({ node }) => (node.mode & bits) === bits;
  if (sign === '/') return ({ node }) => bits === 0 || (node.mode & bits) !== 0;
  return ({ node }) => node.mode === bits;
}
