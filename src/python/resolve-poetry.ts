// A poetry.lock for one target: its versions and digests are the lock's, where the files are is uv's to find.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Context } from '../core/context.ts';
import type { ResolveOptions } from './ask-uv.ts';
import { ask, readAnswer } from './ask-uv.ts';
import { chooseWheels } from './choose-wheels.ts';
import type { Interpreter } from './interpreter.ts';
import type { Lock } from './lock.ts';
import { emptyLock } from './lock.ts';
import { parsePoetryLock, pinsOf, questionOf } from './poetry-lock.ts';
import type { PoetryProject } from './poetry-project.ts';
import { parsePoetryProject } from './poetry-project.ts';
import type { Requirements } from './requirements.ts';
import { selectionOf } from './selection.ts';
import type { Wants } from './wants.ts';

/** @param requirements as they were read: the lock is of its project */
export async function resolvePoetry(
  ctx: Context,
  file: string,
  wants: Wants,
  requirements: Requirements,
  interpreter: Interpreter,
  options: ResolveOptions,
): Promise<Lock> {
  const beside = join(dirname(file), 'pyproject.toml');
  const lock = parsePoetryLock(await readFile(file, 'utf8'), file);
  const project = parsePoetryProject(await readFile(beside, 'utf8'), beside);
  const selection = selectionOf(wants);
  const withoutFolders = wants.options?.left.folders === 'all';
  const pins = pinsOf(lock, { interpreter, file, project, selection, withoutFolders });
  if (pins.length === 0) return emptyLock();
  const folder = join(options.scratch, 'poetry');
  await mkdir(folder);
  const question = join(folder, 'pyproject.toml');
  await writeFile(question, questionOf(pins));
  const answer = join(options.scratch, 'pylock.toml');
  const files = { args: [question, '--no-deps'], copies: new Map([[file, question]]) };
  const sources = new Set(pins.flatMap(({ name, isSource }) => (isSource ? [name] : [])));
  await ask(ctx, { wants, files, interpreter, answer, options }, sources);
  const bound = {
    ...requirements,
    requested: namesIn(project, wants),
    hashes: new Map(pins.flatMap(({ name, hashes }) => (hashes.size > 0 ? [[name, hashes] as const] : []))),
  };
  return chooseWheels(await readAnswer(answer), {
    interpreter,
    file: answer,
    what: "uv's answer",
    requirements: bound,
  });
}

/** What the project itself asks for. */
function namesIn({ dependencies, groups }: PoetryProject, wants: Wants): ReadonlySet<string> {
  const asked = selectionOf(wants).groups.flatMap((group) => groups.get(group) ?? []);
  return new Set([...dependencies, ...asked].map(({ name }) => name));
}
