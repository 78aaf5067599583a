// Builtins that change what runs next: jumps, `eval`, `.`, `exec`, `command`, `trap`.
import type { ShellBuiltin } from './builtin.ts';
import { findOnPath, invoke } from './call.ts';
import { absolute, lookAt, readText } from './files.ts';
import { NotInterpretable } from './program.ts';
import { deeper, Exit, exported, Jump, print, Return, ShellError, valueOf, type Shell } from './state.ts';
import { parseScript } from './syntax.ts';

/** A number that is an operand. */
export function countOf(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw new ShellError(`Illegal number: ${text}`);
  return Number(text);
}

const jump =
  (kind: 'break' | 'continue'): ShellBuiltin =>
  (shell, [, count = '1']) => {
    const levels = countOf(count);
    if (levels === 0) throw new ShellError(`Illegal number: ${count}`);
    if (shell.loops === 0) return 0;
    throw new Jump(kind, Math.min(levels, shell.loops));
  };

const runEval: ShellBuiltin = (shell, [, ...words], isTested) => {
  const text = words.join(' ');
  if (text.trim() === '') return 0;
  const before = shell.depth;
  shell.depth = deeper(before);
  try {
    return shell.machine.evaluate(shell, parseScript(text, shell.isBash).commands, isTested);
  } finally {
    shell.depth = before;
  }
};

const source: ShellBuiltin = (shell, [, path = '']) => {
  const module = shell.machine.modules.get(path);
  if (module) {
    for (const [name, builtin] of module) shell.extras.set(name, builtin);
    return 0;
  }
  const text = sourceText(shell, path);
  const { depth, loops } = shell;
  shell.depth = deeper(depth);
  shell.loops = 0;
  try {
    return shell.machine.evaluate(shell, parseScript(text, shell.isBash).commands, false);
  } catch (error) {
    if (error instanceof Return) return error.status;
    throw error;
  } finally {
    Object.assign(shell, { depth, loops });
  }
};

function sourceText(shell: Shell, path: string): string {
  const { tree } = shell.machine;
  if (path.includes('/')) {
    const full = absolute(shell.cwd, path);
    if (lookAt(tree, full)?.type !== 'file') throw new ShellError(`.: cannot open ${path}: No such file`);
    return readText(tree, full);
  }
  const folders = (valueOf(shell, 'PATH') ?? '').split(':');
  const found = folders
    .map((folder) => absolute(shell.cwd, `${folder || '.'}/${path}`))
    .find((full) => lookAt(tree, full)?.type === 'file');
  if (found === undefined) throw new ShellError(`.: ${path}: not found`);
  return readText(tree, found);
}

const exec: ShellBuiltin = (shell, argv) => {
  const status = invoke(shell, argv.slice(1), exported(shell));
  shell.traps.delete('EXIT');
  throw new Exit(status);
};

const SIGNALS = [
  'EXIT',
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
];

function signalOf(text: string): string | undefined {
  if (/^[0-9]+$/.test(text)) return SIGNALS[Number(text)] ?? (Number(text) < 65 ? text : undefined);
  const name = text.toUpperCase();
  return SIGNALS.includes(name) ||
    /^(?:CHLD|CONT|STOP|TSTP|TTIN|TTOU|URG|XCPU|XFSZ|VTALRM|PROF|WINCH|POLL|PWR|SYS)$/.test(name)
    ? name
    : undefined;
}

const trap: ShellBuiltin = (shell, [, ...words]) => {
  if (words[0] === '--') words.shift();
  if (words.length === 0) {
    for (const [signal, action] of shell.traps) print(shell, `trap -- ${quote(action)} ${signal}\n`);
    return 0;
  }
  const isReset = words.length === 1 || signalOf(words[0]!) !== undefined;
  const action = isReset ? '-' : words.shift()!;
  for (const word of words) {
    const signal = signalOf(word);
    if (signal === undefined) throw new ShellError(`trap: ${word}: bad trap`, 1);
    if (action === '-') shell.traps.delete(signal);
    else shell.traps.set(signal, action);
  }
  return 0;
};

/** In single quotes, as dash prints a value for a shell to read. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

const refuse: ShellBuiltin = (_, [name = '']) => {
  throw new NotInterpretable(name);
};

const statusOf = (shell: Shell, word: string | undefined): number =>
  word === undefined ? shell.status : countOf(word);

/** Of a background command all that is known is that it has ended. */
const wait: ShellBuiltin = (_, argv) => {
  if (argv.length > 1) throw new NotInterpretable('wait for a process');
  return 0;
};

export const CONTROL: ReadonlyMap<string, ShellBuiltin> = new Map<string, ShellBuiltin>([
  [':', () => 0],
  ['break', jump('break')],
  ['continue', jump('continue')],
  ['eval', runEval],
  ['.', source],
  ['exec', exec],
  ['trap', trap],
  ['wait', wait],
  ['hash', () => 0],
  ['times', refuse],
  ['kill', refuse],
  ['alias', refuse],
  ['unalias', refuse],
  ['ulimit', refuse],
  ['jobs', refuse],
  ['fg', refuse],
  ['bg', refuse],
  [
    'exit',
    (shell, [, word]) => {
      throw new Exit(statusOf(shell, word));
    },
  ],
  [
    'return',
    (shell, [, word]) => {
      throw new Return(statusOf(shell, word));
    },
  ],
]);

/** Where a name on PATH leads; undefined for one that is not there. */
export const pathOf = (shell: Shell, name: string): string | undefined => {
  if (!name.includes('/')) return findOnPath(shell, name, valueOf(shell, 'PATH'));
  const node = lookAt(shell.machine.tree, absolute(shell.cwd, name));
  return node?.type === 'file' && (node.mode & 0o111) !== 0 ? name : undefined;
};
