// Sources of a lock become wheels: known ones from the cache, others built in the sandbox, each kept by what it was built of, where and how.
import { mkdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import { mapLimited } from '../core/limit.ts';
import type { HookRunner } from '../python/hook-calls.ts';
import type { Interpreter } from '../python/interpreter.ts';
import type { LockedFolder, LockedSdist, LockedSource, LockedWheel } from '../python/lock.ts';
import { sourceIdentity } from '../python/lock.ts';
import { parseWheelFilename } from '../python/tags.ts';
import { digestFile } from '../store/digest-file.ts';
import { readRange } from '../store/disk.ts';
import type { LocalCache } from '../store/cache.ts';
import { fetchBlob } from '../store/fetch-blob.ts';
import type { Base } from './base.ts';
import type { UrlOpener } from './wheels.ts';

/** Raised when equal sources would be built in another way. */
const SOURCE_FORMAT = 1;

export interface SourcesInput {
  readonly sources: readonly LockedSource[];
  /** With the Debian packages. */
  readonly base: Base;
  readonly interpreter: Interpreter;
  /** Of the image. */
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly epoch: number;
  readonly hooks: HookRunner;
  readonly cache: LocalCache;
  readonly open: UrlOpener;
  /** Host path of uv. */
  readonly uv: () => Promise<string>;
  /** Variables of uv and git on this host, which find in the folder what the user lends them. */
  readonly variables: (home: string) => Promise<Readonly<Record<string, string | undefined>>>;
  /** Host path of the image's lock file, which is no part of a project that it lies in. */
  readonly lockFile?: string | undefined;
  readonly offline: boolean;
  readonly ignoreKnown: boolean;
}

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const recordSchema = z.object({ filename: z.string(), digest, size: z.number() });
type Built = z.output<typeof recordSchema>;

/** Builds use several processors themselves; more at a time would only want more memory. */
const BUILDS_AT_ONCE = 2;

/** Throws `BUILD_FAILED`, `GIT_FAILED`, and what downloads and the sandbox throw. */
export async function buildSources(ctx: Context, input: SourcesInput): Promise<LockedWheel[]> {
  return mapLimited(ctx, input.sources, BUILDS_AT_ONCE, async (source) => {
    const key = sourceKey(source, input);
    const built = (await knownWheel(key, input)) ?? (await build(ctx, source, key, input));
    return wheelOf(source, built, (await input.cache.find(built.digest))!);
  });
}

/** For a plan, which builds nothing: wheels that are known, and in place of others some that no layer is known of. */
export async function supposeSources(input: SourcesInput): Promise<LockedWheel[]> {
  const wheels = input.sources.map(async (source) => {
    const built = await knownWheel(sourceKey(source, input), input);
    return built ? wheelOf(source, built, (await input.cache.find(built.digest))!) : supposedWheel(source);
  });
  return Promise.all(wheels);
}

function supposedWheel({ name, version = '', from, requested }: LockedSource): LockedWheel {
  const supposed = { name, version, filename: `${name}-${version}.whl`, url: '', requested };
  if (from.kind === 'sdist') return { ...supposed, digest: from.digest, size: from.size };
  return { ...supposed, digest: keyOf(from.kind === 'git' ? { commit: from.commit } : { folder: from.digest }) };
}

function sourceKey(source: LockedSource, { base, interpreter, env, epoch }: SourcesInput): Digest {
  const { requested: _, ...identity } = sourceIdentity(source);
  return keyOf({
    format: SOURCE_FORMAT,
    source: identity,
    base: base.key,
    interpreter: { path: interpreter.path, version: interpreter.version },
    env,
    epoch,
  });
}

async function knownWheel(key: Digest, { cache, ignoreKnown }: SourcesInput): Promise<Built | undefined> {
  const bytes = ignoreKnown ? undefined : await cache.readRecord('source', key);
  const built = bytes && recordSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  return built && (await cache.find(built.digest)) ? built : undefined;
}

function wheelOf({ name, requested, directUrl }: LockedSource, built: Built, file: string): LockedWheel {
  const version = parseWheelFilename(built.filename)?.version ?? '';
  return { name, version, ...built, url: pathToFileURL(file).href, requested, ...(directUrl && { directUrl }) };
}

async function build(ctx: Context, source: LockedSource, key: Digest, input: SourcesInput): Promise<Built> {
  const { cache, interpreter, hooks, offline, uv } = input;
  const label = `${source.name} ${source.version ?? ''}`.trim();
  const { buildWheel } = await import('../python/build-wheel.ts');
  return step(ctx, { step: 'build', subject: label }, () =>
    cache.scratch(async (folder) => {
      const env = await input.variables(join(folder, 'home'));
      const path = await projectOf(ctx, source, folder, env, input);
      const request = { name: source.name, label, path, uv: await uv(), interpreter, folder, env, offline, hooks };
      const file = await buildWheel(ctx, request);
      const expected = await digestFile(file);
      const filename = basename(file);
      await cache.keep(ctx, expected, filename, () => readRange(file));
      const built: Built = { filename, ...expected };
      await cache.writeRecord('source', key, new TextEncoder().encode(JSON.stringify(built)));
      return built;
    }),
  );
}

/** Host path of what is built: an archive, or a folder. */
async function projectOf(
  ctx: Context,
  { name, from }: LockedSource,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  input: SourcesInput,
): Promise<string> {
  if (from.kind === 'sdist') return archiveOf(ctx, from, folder, input);
  const target = join(folder, name);
  if (from.kind === 'folder') {
    await copyFolder(ctx, from, target, input.lockFile);
    return join(target, from.subdirectory ?? '');
  }
  const { clone } = await import('../python/clone.ts');
  await clone(ctx, from, { folder, target, env, offline: input.offline });
  return join(target, from.subdirectory ?? '');
}

/** What is built must not change while it is built, and builds write beside what they read. */
async function copyFolder(
  ctx: Context,
  { path, digest: expected }: LockedFolder,
  target: string,
  lockFile: string | undefined,
): Promise<void> {
  const { copyProject } = await import('../python/project-folder.ts');
  if ((await copyProject(ctx, path, target, lockFile)) === expected) return;
  throw new ImageSpecError('FILE_CHANGED', `The project ${path} changed while it was read`, { hint: 'Build again.' });
}

/** The largest source archives known stay below 400 MB. */
const SDIST_LIMIT_BYTES = 4e9;

/** uv tells the kind of an archive by its name. */
async function archiveOf(
  ctx: Context,
  sdist: LockedSdist,
  folder: string,
  { cache, open, offline }: SourcesInput,
): Promise<string> {
  const { filename, subdirectory } = sdist;
  if (subdirectory !== undefined)
    throw new ImageSpecError(
      'NOT_SUPPORTED',
      `${filename} has its project in ${subdirectory}, which is not supported`,
      {
        hint: 'Name its repository instead: name @ git+https://…#subdirectory=….',
      },
    );
  const blob = { ...sdist, kind: 'source archive', name: filename, size: sdist.size, limitBytes: SDIST_LIMIT_BYTES };
  const options = { cache, offline, open: (inner: Context) => open(inner, new URL(sdist.url)) };
  const file = await fetchBlob(ctx, blob, options);
  await mkdir(join(folder, 'archive'));
  const path = join(folder, 'archive', basename(filename));
  await symlink(file, path);
  return path;
}
