// From what the user wants to the wheels of one target: a lock is read as it is, all else is uv's to resolve.
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import type { ResolveOptions } from './ask-uv.ts';
import { ask, readAnswer } from './ask-uv.ts';
import { chooseWheels } from './choose-wheels.ts';
import { exportLock } from './export-lock.ts';
import type { Interpreter } from './interpreter.ts';
import type { Lock } from './lock.ts';
import { emptyLock } from './lock.ts';
import { isLockFile, isPoetryLock, isUvLock } from './lock-requirements.ts';
import { parsePylock } from './pylock.ts';
import { writeQuestion } from './question.ts';
import { readRequirements } from './requirements.ts';
import { resolvePoetry } from './resolve-poetry.ts';
import { selectionOf } from './selection.ts';
import { readTextFile } from './text-file.ts';
import type { Wants } from './wants.ts';

/**
 * Throws what `readRequirements`, `parsePylock`, `chooseWheels` and hooks throw, and what uv says: `UNRESOLVABLE` with its reasons, `NO_WHEEL`,
 * `BUILD_FAILED`, `GIT_FAILED`, `INDEX_UNREACHABLE`, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND`, `OFFLINE`.
 */
export async function resolve(
  ctx: Context,
  wants: Wants,
  interpreter: Interpreter,
  options: ResolveOptions,
): Promise<Lock> {
  const { requirementsFile: file } = wants;
  if (file !== undefined && isLockFile(file) && !isPoetryLock(file))
    return resolveLock(ctx, file, wants, interpreter, options);
  const requirements = await readRequirements(wants);
  if (file !== undefined && isPoetryLock(file))
    return resolvePoetry(ctx, file, wants, requirements, interpreter, options);
  if (requirements.requested.size === 0 && !requirements.hasNameless) return emptyLock();
  const answer = join(options.scratch, 'pylock.toml');
  const files = await writeQuestion(requirements.question, options.scratch);
  const noBinary = wants.options?.noBinary ?? [];
  const known = noBinary.includes(':all:') ? 'all' : new Set([...requirements.sources, ...noBinary]);
  await ask(ctx, { wants, files, interpreter, answer, options }, known);
  return chooseWheels(await readAnswer(answer), { interpreter, file: answer, what: "uv's answer", requirements });
}

async function resolveLock(
  ctx: Context,
  file: string,
  wants: Wants,
  interpreter: Interpreter,
  options: ResolveOptions,
): Promise<Lock> {
  const what = `The lock file ${file}`;
  const isOfUv = isUvLock(file);
  const lock = isOfUv ? await exportLock(ctx, file, wants, interpreter, options) : file;
  const pylock = parsePylock(await readTextFile(lock, what), what);
  const selection = isOfUv ? undefined : selectionOf(wants);
  return chooseWheels(pylock, { interpreter, file: lock, what, requirements: undefined, selection });
}
