// Hooks of build backends (PEP 517) that uv calls by the stand-in for an interpreter: each call is read, run by whoever has the real
// interpreter, and answered. What runs there is a stranger's code, so that only its own source tree and its results are open to it; above
// all not the environment, whose programs uv starts on this host.
import type { FileHandle } from 'node:fs/promises';
import { constants, cp, lstat, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Context } from '../core/context.ts';
import { messageOf } from '../core/error.ts';

export interface HookCall {
  /** The interpreter of the environment in the image, and its arguments. */
  readonly argv: readonly string[];
  /** Absolute, in the image. */
  readonly folder: string;
  /** Programs of the environment come first on PATH. */
  readonly programs: string;
  /** In this order: what the hook finds beside the image. */
  readonly mounts: readonly HookMount[];
}

interface HookMount {
  /** Host path. */
  readonly source: string;
  readonly kind: 'file' | 'directory';
  /** In the image. */
  readonly target: string;
  readonly isReadOnly: boolean;
}

interface HookEnd {
  /** Exit status. */
  readonly status: number;
  readonly output: string;
}

/** Runs a hook in the image. */
export type HookRunner = (ctx: Context, call: HookCall) => Promise<HookEnd>;

interface HookAnswers {
  /** Takes the names of call folders, as the stand-in tells them. */
  readonly onLine: (name: string) => void;
  /** What the hook said that failed last. */
  readonly lastFailure: () => string;
  /** After the last call: waits for what still runs. Throws what a runner has thrown, which uv only saw as a failure. */
  readonly close: () => Promise<void>;
}

export interface HookPlaces {
  /** Host path of the stand-in's folder. */
  readonly home: string;
  /** Path of the interpreter in the image. */
  readonly interpreter: string;
  /** Private host folder below which everything lies that hooks may see. */
  readonly folder: string;
}

/** The same in every run, since compilers write paths into what they make. */
const PLACE = '/run/imagespec/build';
const ENVIRONMENT = `${PLACE}/environment`;
const SOURCE = `${PLACE}/source`;

export function answerCalls(ctx: Context, places: HookPlaces, run: HookRunner): HookAnswers {
  const running: Promise<void>[] = [];
  const ends: FileHandle[] = [];
  const failures: unknown[] = [];
  let lastFailure = '';
  const answer = async (name: string): Promise<void> => {
    const call = join(places.home, name);
    // Opened for both, since nobody may be there any more who reads. From now on the other end sees it close when we die.
    const pipe = await open(join(call, 'end'), constants.O_RDWR | constants.O_NONBLOCK);
    ends.push(pipe);
    const end = await runCall(ctx, call, places, run).catch((error: unknown): HookEnd => {
      failures.push(error);
      return { status: 1, output: messageOf(error) };
    });
    if (end.status !== 0) lastFailure = end.output;
    // Without its words the stand-in fails, but it must not wait for ever.
    await writeFile(join(call, 'output'), end.output).catch((error: unknown) => failures.push(error));
    await pipe.write(`${end.status}\n`);
  };
  return {
    onLine: (name) => {
      // The file that lines come by is open to whatever uv starts.
      if (/^call-[A-Za-z0-9]+$/.test(name))
        running.push(answer(name).catch((error: unknown) => void failures.push(error)));
    },
    lastFailure: () => lastFailure,
    close: async () => {
      await Promise.all(running);
      await Promise.all(ends.map((pipe) => pipe.close()));
      if (failures.length > 0) throw failures[0];
    },
  };
}

async function runCall(ctx: Context, call: string, places: HookPlaces, run: HookRunner): Promise<HookEnd> {
  const items = async (name: string): Promise<string[]> =>
    (await readFile(join(call, name), 'utf8')).split('\0').slice(0, -1);
  const words = await items('words');
  const [folder = '', environment = '', source = ''] = await items('folders');
  const tree = await treeOf(source, places.folder);
  await correctHome(environment, places);
  const results = await prepareResults(call, words.at(-1) ?? '');
  const moves = [...results.map(({ target, place }) => [target, place] as const), [tree, SOURCE] as const];
  const end = await run(ctx, {
    argv: [`${ENVIRONMENT}/bin/python`, ...words.map((word) => moved(word, moves))],
    folder: join(SOURCE, relative(tree, folder)),
    programs: `${ENVIRONMENT}/bin`,
    mounts: [
      // Links and first lines of its programs name it by its own path, and its interpreter by that of the stand-in.
      { source: environment, kind: 'directory', target: environment, isReadOnly: true },
      { source: environment, kind: 'directory', target: ENVIRONMENT, isReadOnly: true },
      { source: await linkFolder(call, places), kind: 'directory', target: places.home, isReadOnly: true },
      { source: tree, kind: 'directory', target: SOURCE, isReadOnly: false },
      ...results.map(({ source: from, kind, place }) => ({ source: from, kind, target: place, isReadOnly: false })),
    ],
  });
  if (end.status === 0) for (const result of results) await takeOver(result);
  return end;
}

/**
 * uv has written there that the interpreter's folder is that of the stand-in. An interpreter that does not lie where it was compiled for
 * finds its library by that folder alone (PEP 405).
 */
async function correctHome(environment: string, { interpreter }: HookPlaces): Promise<void> {
  const file = join(environment, 'pyvenv.cfg');
  const text = await readFile(file, 'utf8').catch(() => '');
  const correct = text.replace(/^home *=.*$/m, () => `home = ${dirname(interpreter)}`);
  if (correct !== text) await writeFile(file, correct);
}

/** Of a clone, all of it: a project in a folder of it may want files beside that, or ask git. */
async function treeOf(source: string, folder: string): Promise<string> {
  for (let at = source; at.startsWith(`${folder}/`); at = dirname(at)) {
    if (await lstat(join(at, '.git')).catch(() => undefined)) return at;
  }
  return source;
}

/** Under the stand-in's name, the interpreter of the image. */
async function linkFolder(call: string, { interpreter }: HookPlaces): Promise<string> {
  const folder = join(call, 'link');
  await mkdir(folder);
  await symlink(interpreter, join(folder, 'python3'));
  return folder;
}

/** What a hook writes for uv. */
interface HookResult {
  readonly kind: 'file' | 'directory';
  /** Host path where uv looks for it. */
  readonly target: string;
  /** In the image. */
  readonly place: string;
  /** Host path that lies there. */
  readonly source: string;
}

/** A path in the scripts that uv 0.13 gives to the interpreter: the literal of Python's `bytes`, as Rust's `escape_ascii` makes it. */
const PATH = String.raw`__import__\("os"\)\.fsdecode\(b"((?:[^"\\]|\\.)*)"\)`;
const WRITTEN_FILE = new RegExp(String.raw`\bopen\(${PATH}, "w"\)`, 'g');
const WRITTEN_FOLDER = new RegExp(String.raw`\b(?:prepare_metadata_for_build|backend\.build_\w+)\(${PATH}`, 'g');

async function prepareResults(call: string, script: string): Promise<HookResult[]> {
  const results: HookResult[] = [];
  for (const [kind, pattern] of [
    ['file', WRITTEN_FILE],
    ['directory', WRITTEN_FOLDER],
  ] as const) {
    for (const [, text = ''] of script.matchAll(pattern)) {
      const name = `result-${results.length}`;
      const source = join(call, name);
      if (kind === 'directory') await mkdir(source);
      else await writeFile(source, '');
      results.push({ kind, target: unescapeBytes(text), place: `${PLACE}/${name}`, source });
    }
  }
  return results;
}

/** The script with paths of the image instead of those of this host. */
function moved(script: string, moves: readonly (readonly [from: string, to: string])[]): string {
  return script.replaceAll(new RegExp(PATH, 'g'), (whole, text: string) => {
    const path = unescapeBytes(text);
    const move = moves.find(([from]) => path === from || path.startsWith(`${from}/`));
    return move ? whole.replace(text, () => `${move[1]}${escapeBytes(path.slice(move[0].length))}`) : whole;
  });
}

function unescapeBytes(text: string): string {
  const bytes = text.replace(/\\(?:x([0-9a-f]{2})|(.))/gs, (_, hex: string | undefined, plain: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return { n: '\n', r: '\r', t: '\t' }[plain!] ?? plain!;
  });
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function escapeBytes(path: string): string {
  const text = Buffer.from(path).toString('latin1');
  return text.replace(/[^ -~]|["'\\]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Files and folders only: a link could lead whoever reads it to some file of this host. */
async function takeOver({ source, target }: HookResult): Promise<void> {
  const filter = async (path: string): Promise<boolean> => {
    const stats = await lstat(path);
    return stats.isFile() || stats.isDirectory();
  };
  await cp(source, target, { recursive: true, force: true, filter });
}
