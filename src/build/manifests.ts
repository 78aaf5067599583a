// `imagespec resolve`: manifests that name specs become manifests that name images by digest; what is missing at its registry is built, all
// at once, and nothing is printed before all of it is there.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { readAll } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError, messageOf } from '../core/error.ts';
import type { LoadedSpec } from '../spec/load.ts';
import { findSpec, loadSpecs } from '../spec/load.ts';
import type { SpecReference } from '../spec/manifest-references.ts';
import { findReferences, replaceReferences } from '../spec/manifest-references.ts';
import { buildListed } from './build-specs.ts';
import type { Environment } from './environment.ts';
import { identityOf } from './images.ts';
import { nameOf } from './load-files.ts';
import type { BuildOptions } from './request.ts';
import type { ImageResult } from './result.ts';

export interface ResolvedManifests {
  /** All documents, with `---` between those of different files. */
  readonly text: string;
  /** What was built or found, bases included. */
  readonly images: readonly ImageResult[];
}

interface Manifest {
  readonly text: string;
  readonly references: readonly SpecReference[];
}

/** Rendered manifests of large clusters have some megabytes. */
const MANIFEST_LIMIT_BYTES = 64 << 20;
const MANIFEST_FILES = /\.(?:ya?ml|json)$/;

/**
 * @param paths files, folders (their .yaml, .yml and .json files, by name), or `-` for standard input. A name is that of an image in the spec
 * of the working directory; else it is the path of a spec, with `#NAME` behind where it holds several images.
 * Throws `USAGE` for what names nothing, `SPEC_UNREADABLE`, and as builds do.
 */
export async function resolveManifests(
  paths: readonly string[],
  options: BuildOptions,
  environment: Environment,
): Promise<ResolvedManifests> {
  const files = (await Promise.all(paths.map((path) => listFiles(path, environment)))).flat();
  const manifests = await Promise.all(files.map((file) => readManifest(file, environment)));
  const specs = await findSpecs(
    manifests.flatMap(({ references }) => references),
    environment,
  );
  const wanted = [...new Map([...specs.values()].map((loaded) => [identityOf(loaded), loaded])).values()];
  const built = wanted.length > 0 ? await buildListed(wanted, { ...options, push: true }, environment) : [];
  const byIdentity = new Map(built.map(({ loaded, result }) => [identityOf(loaded), result.reference]));
  const valueOf = (name: string): string => byIdentity.get(identityOf(specs.get(name)!))!;
  const texts = manifests.map(({ text, references }) => replaceReferences(text, references, valueOf));
  return { text: joinDocuments(texts), images: built.map(({ result }) => result) };
}

const within = (path: string, { workingDirectory }: Environment): string =>
  isAbsolute(path) ? path : join(workingDirectory, path);

async function listFiles(path: string, environment: Environment): Promise<string[]> {
  if (path === '-') return [path];
  const whole = within(path, environment);
  const found = await stat(whole).catch((cause: unknown) => {
    throw new ImageSpecError('USAGE', `There is no ${path} to resolve`, { hint: 'Check the spelling.', cause });
  });
  if (!found.isDirectory()) return [whole];
  const files = (await readdir(whole)).filter((name) => MANIFEST_FILES.test(name)).sort();
  if (files.length > 0) return files.map((name) => join(whole, name));
  throw new ImageSpecError('USAGE', `The folder ${path} has no .yaml, .yml or .json file to resolve`, {
    hint: 'Name the files one by one with -f; folders in folders are not looked into.',
  });
}

async function readManifest(file: string, { openInput }: Environment): Promise<Manifest> {
  const name = file === '-' ? 'standard input' : file;
  try {
    const bytes = await readAll(file === '-' ? openInput() : createReadStream(file), MANIFEST_LIMIT_BYTES, name);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { text, references: findReferences(text, name) };
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    throw new ImageSpecError('SPEC_UNREADABLE', `${name} cannot be read: ${messageOf(cause)}`, {
      hint: 'Name text files in UTF-8 that you may read.',
      cause,
    });
  }
}

/** Each name once; all that mean nothing are told together. */
async function findSpecs(
  references: readonly SpecReference[],
  environment: Environment,
): Promise<Map<string, LoadedSpec>> {
  const places = new Map(references.map(({ wanted, at }) => [wanted, at]));
  if (places.size === 0) return new Map();
  // Nobody needs a spec in this folder who names others by their paths.
  const here = (await specsAt(environment.workingDirectory).catch(onlyMissing)) ?? [];
  const specs = new Map<string, LoadedSpec>();
  const issues: string[] = [];
  for (const [wanted, at] of places) {
    const named = here.find((one) => nameOf(one) === wanted);
    const found = named ?? (await specAt(wanted, environment).catch(onlyMissing));
    if (found) specs.set(wanted, found);
    else issues.push(`${at}: imagespec://${wanted} is no image of the spec here, and no path of a spec with one`);
  }
  if (issues.length === 0) return specs;
  const known = here.length > 0 ? `The spec here has ${here.map(nameOf).join(', ')}. ` : '';
  throw new ImageSpecError('USAGE', issues.length === 1 ? issues[0]! : `${issues.length} images are not known`, {
    hint: `${known}Write imagespec://NAME, imagespec://PATH, or imagespec://PATH#NAME for one of several.`,
    issues,
  });
}

const specsAt = async (path: string): Promise<LoadedSpec[]> => loadSpecs(await findSpec(path));

/** `PATH`, where it holds one image, or `PATH#NAME`. */
async function specAt(wanted: string, environment: Environment): Promise<LoadedSpec | undefined> {
  const hash = wanted.lastIndexOf('#');
  const [path, name] = hash < 0 ? [wanted] : [wanted.slice(0, hash), wanted.slice(hash + 1)];
  const specs = await specsAt(within(path, environment));
  if (name !== undefined) return specs.find((one) => nameOf(one) === name);
  return specs.length === 1 ? specs[0] : undefined;
}

function onlyMissing(error: unknown): undefined {
  if (!isImageSpecError(error) || error.code !== 'SPEC_NOT_FOUND') throw error;
}

function joinDocuments(texts: readonly string[]): string {
  const [first = '', ...others] = texts;
  return others.reduce((all, text) => {
    const end = all === '' || all.endsWith('\n') ? all : `${all}\n`;
    return end + (/^(?:---|%)/.test(text) ? '' : '---\n') + text;
  }, first);
}
