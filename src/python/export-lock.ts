// A uv.lock in the standard form (PEP 751), by uv itself: its own form is uv's alone to read.
import { dirname, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import type { ResolveOptions } from './ask-uv.ts';
import { STYLE, TIMEOUT_MS } from './ask-uv.ts';
import { callUv } from './call-uv.ts';
import type { Interpreter } from './interpreter.ts';
import { selectionOf } from './selection.ts';
import { notUv, sentencesOf } from './uv-words.ts';
import type { Wants } from './wants.ts';

/**
 * A uv.lock in the standard form, without groups for development and without the project itself, as flytekit installs it. Host path of the
 * result.
 */
export async function exportLock(
  ctx: Context,
  file: string,
  wants: Wants,
  interpreter: Interpreter,
  { uv, scratch, env, offline, cacheFolder }: ResolveOptions,
): Promise<string> {
  const answer = join(scratch, 'pylock.toml');
  const choice = ['--frozen', '--no-emit-project', '--project', dirname(file), ...exportOptions(wants)];
  const args = ['export', '--format', 'pylock.toml', '-o', answer, ...choice, ...STYLE];
  if (offline) args.push('--offline');
  const call = { uv: await uv(), interpreter, folder: scratch, hooks: undefined, timeoutMs: TIMEOUT_MS };
  const { status, stderr, failure } = await callUv(ctx, args, { ...call, env: { ...env, UV_CACHE_DIR: cacheFolder } });
  if (failure !== undefined) throw notUv(failure);
  if (status === 0) return answer;
  const { headline, reasons } = sentencesOf(redactText(stderr));
  const said = [headline, ...reasons].join(': ');
  throw new ImageSpecError('REQUIREMENTS_INVALID', `The lock file ${file} cannot be read: ${said}`, {
    hint: 'Make it anew with "uv lock"; a lock of a newer uv may say what this one does not understand.',
  });
}

function exportOptions(wants: Wants): string[] {
  const { extras, groups } = selectionOf(wants);
  const left = wants.options?.left;
  const folders = { none: [], workspace: ['--no-emit-workspace'], all: ['--no-emit-local'] }[left?.folders ?? 'none'];
  return [
    ...(groups.includes('dev') ? [] : ['--no-dev']),
    ...extras.flatMap((one) => ['--extra', one]),
    ...groups.flatMap((one) => ['--group', one]),
    ...folders,
    ...(left?.names ?? []).flatMap((one) => ['--no-emit-package', one]),
  ];
}
