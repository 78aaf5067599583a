// From a shell to a program: what execve(2) would pass on, and back its status.
import { FileError } from '../filesystem/writable-tree.ts';
import { absolute, interpretable, lookAt, readBytes, readText, wordsOf } from './files.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { interpreterOf } from './interpreter.ts';
import { complain, deeper, exported, print, type Shell, type Variable } from './state.ts';
import { textInput, textOutput, type Stream } from './streams.ts';
import { runToEnd } from './subshell.ts';
import { parseScript } from './syntax.ts';
import { decodeText } from './text.ts';

const STANDARD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const STANDARD_FOLDER = /^\/(?:usr\/|usr\/local\/)?s?bin\/([^/]+)$/;

/** The path that a name leads to on PATH, as the image would have it; undefined where there is none. */
export function findOnPath(shell: Shell, name: string, path: string | undefined): string | undefined {
  const { tree, assumed } = shell.machine;
  for (const folder of (path ?? STANDARD_PATH).split(':')) {
    const at = `${folder === '' ? '.' : folder}/${name}`;
    const node = lookAt(tree, absolute(shell.cwd, at));
    if (node?.type === 'file' && (node.mode & 0o111) !== 0) return at;
  }
  return assumed.has(name) ? `/usr/bin/${name}` : undefined;
}

export function callOf(shell: Shell, argv: readonly string[], env?: ReadonlyMap<string, string>): Call {
  let variables: ReadonlyMap<string, string> | undefined = env;
  let stdin: string | undefined;
  return {
    argv,
    get env() {
      return (variables ??= exported(shell));
    },
    cwd: shell.cwd,
    umask: shell.umask,
    get stdin() {
      return (stdin ??= shell.streams.get(0)?.input?.rest() ?? '');
    },
    stdout: (text) => print(shell, text),
    stderr: (text) => shell.streams.get(2)?.output?.write(text),
    tree: shell.machine.tree,
    run: (inner, more = {}) => {
      const streams = new Map(shell.streams).set(
        0,
        textInput(() => more.stdin ?? ''),
      );
      if (more.stdout) streams.set(1, textOutput(more.stdout));
      return invoke({ ...shell, streams }, inner, (variables ??= exported(shell)));
    },
  };
}

/** Runs with what a program does not catch turned into what the kernel's refusal would become. */
export function runProgram(program: Program, call: Call): number {
  try {
    return interpretable(() => program(call));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    call.stderr(`${call.argv[0]}: ${error.path}: ${wordsOf(error)}\n`);
    return 1;
  }
}

/** Runs a program of the table, or a script of the tree. Throws `NotInterpretable` for one that is there and is neither. */
export function invoke(shell: Shell, argv: readonly string[], env: ReadonlyMap<string, string>): number {
  const [name = ''] = argv;
  shell.machine.step();
  const path = name.includes('/') ? name : findOnPath(shell, name, env.get('PATH'));
  if (path === undefined) return notFound(shell, name);
  const { programs, assumed, tree } = shell.machine;
  const full = absolute(shell.cwd, path);
  const base = STANDARD_FOLDER.exec(full)?.[1];
  const node = lookAt(tree, full);
  if (!node && !(base !== undefined && assumed.has(base))) return notFound(shell, name);
  if (node && (node.type !== 'file' || (node.mode & 0o111) === 0)) {
    complain(shell, `${name}: Permission denied`);
    return 126;
  }
  const program = programs.get(full) ?? (base === undefined ? undefined : programs.get(base));
  if (program) return runProgram(program, callOf(shell, argv, env));
  if (base === 'sh' || base === 'dash') return runShell(shell, argv, env);
  if (!node) throw new NotInterpretable(full);
  return runFile(shell, full, argv, env);
}

function notFound(shell: Shell, name: string): number {
  complain(shell, `${name}: not found`);
  return 127;
}

/** Enough of a file to see whether it is a script. */
const FIRST_LINE_BYTES = 128;

function runFile(shell: Shell, path: string, argv: readonly string[], env: ReadonlyMap<string, string>): number {
  const bytes = interpretable(() => readBytes(shell.machine.tree, path));
  const [line = ''] = new TextDecoder().decode(bytes.subarray(0, FIRST_LINE_BYTES)).split('\n');
  const interpreter = interpreterOf(line);
  if (!interpreter || interpreter.isBash) throw new NotInterpretable(path);
  const text = decodeText(bytes, path);
  const more = { env, name: path, args: argv.slice(1), depth: deeper(shell.depth), isBash: false };
  const child = createShell({ ...shell, ...more });
  setFlags(child, interpreter.letters);
  return runToEnd(child, () => child.machine.evaluate(child, parseScript(text).commands, false));
}

/** `sh -c TEXT [NAME [ARG…]]` and `sh FILE [ARG…]`. */
function runShell(shell: Shell, argv: readonly string[], env: ReadonlyMap<string, string>): number {
  const words = argv.slice(1);
  const letters: string[] = [];
  while (/^-[a-z]+$/.test(words[0] ?? '')) letters.push(...words.shift()!.slice(1).split(''));
  const isText = letters.includes('c');
  const [first, ...rest] = words;
  if (first === undefined || /^[-+]/.test(first)) throw new NotInterpretable(argv.join(' '));
  const [name, args] = isText ? [rest[0] ?? argv[0]!, rest.slice(1)] : [first, rest];
  const child = createShell({ ...shell, env, name, args, depth: deeper(shell.depth), isBash: false });
  setFlags(child, `-${letters.filter((letter) => letter !== 'c').join('')}`);
  const path = absolute(shell.cwd, first);
  if (!isText && lookAt(shell.machine.tree, path)?.type !== 'file') {
    complain(child, `0: cannot open ${first}: No such file`);
    return 2;
  }
  const text = isText ? first : readText(shell.machine.tree, path);
  return runToEnd(child, () => child.machine.evaluate(child, parseScript(text).commands, false));
}

/** Options of a script's first line. */
export function setFlags(shell: Shell, letters: string | undefined): void {
  for (const letter of letters?.slice(1) ?? '') {
    if (letter !== 'e' && letter !== 'u' && letter !== 'x' && letter !== 'f')
      throw new NotInterpretable(`sh -${letter}`);
    shell.flags.add(letter);
  }
}

interface NewShell extends Pick<Shell, 'machine' | 'isBash' | 'name' | 'args' | 'cwd' | 'umask' | 'depth'> {
  readonly env: ReadonlyMap<string, string>;
  readonly streams: ReadonlyMap<number, Stream>;
}

/** A shell as a process starts it: variables from the environment, nothing else. */
export function createShell({ machine, isBash, name, args, cwd, umask, depth, env, streams }: NewShell): Shell {
  const variables = new Map<string, Variable>([
    ['IFS', { value: ' \t\n', isExported: false, isReadonly: false }],
    ['OPTIND', { value: '1', isExported: false, isReadonly: false }],
  ]);
  if (!env.has('PWD')) variables.set('PWD', { value: cwd, isExported: false, isReadonly: false });
  for (const [key, value] of env) {
    if (key !== 'IFS' && key !== 'OPTIND') variables.set(key, { value, isExported: true, isReadonly: false });
  }
  return {
    machine,
    isBash,
    name,
    args,
    variables,
    functions: new Map(),
    extras: new Map(),
    flags: new Set(),
    cwd,
    umask,
    streams,
    traps: new Map(),
    status: 0,
    substituted: undefined,
    saved: [],
    loops: 0,
    depth,
    hasBackground: false,
    optionOffset: 0,
  };
}
