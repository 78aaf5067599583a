// The promise of every refusal, looked at as its user meets it: code, words, hint, exit status, and nothing left behind.
import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import type { ErrorCode } from '../../src/core/error.ts';
import { ERROR_CODES } from '../../src/core/error.ts';
import type { Project } from './project.ts';
import type { CliOptions, CliRun } from './run-cli.ts';

/** What a build may leave in a layout: whole blobs that no index names. */
const NAMELESS = /^out(?:\/oci-layout|\/blobs.*)?$/;

async function filesOf(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).filter((name) => !NAMELESS.test(name)).toSorted();
}

/** Names in the cache that only work in progress has. */
async function unfinished(cache: string): Promise<string[]> {
  const names = await readdir(cache, { recursive: true }).catch((): string[] => []);
  return names.filter((name) => /(?:^|\/)scratch\/|\.imagespec-/.test(name));
}

/** Runs `imagespec` with these arguments and demands that it refuses, saying all of `words`; returns what it said. */
export async function refused(
  { folder, cache, run }: Project,
  args: readonly string[],
  code: ErrorCode,
  words: readonly (string | RegExp)[],
  options?: Partial<CliOptions>,
): Promise<string> {
  const before = await filesOf(folder);
  const { status, stdout, stderr }: CliRun = await run(args, options);
  expect({ status, stdout }, stderr).toEqual({ status: ERROR_CODES[code].exit, stdout: '' });
  expect(stderr).toContain(`[${code}]`);
  for (const one of words) expect(stderr).toMatch(one);
  if (code !== 'ABORTED') expect(stderr).toMatch(/^hint: \S/m);
  expect(stderr).not.toMatch(/\bat .*\.js:\d|this is a bug|undefined|NaN|\[object/);
  expect(await filesOf(folder)).toEqual(before);
  expect(await unfinished(cache)).toEqual([]);
  return stderr;
}
