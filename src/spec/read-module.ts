// A spec written as a program: a TypeScript or JavaScript module that exports it.
import { stat } from 'node:fs/promises';
import type { ResolveHookSync } from 'node:module';
import { registerHooks } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ImageSpecError, isImageSpecError, messageOf } from '../core/error.ts';

const TYPESCRIPT = /\.[cm]?ts$/;

/**
 * Runs the module and returns what it exports as `spec`, `imagespec` or default. Node strips the types itself.
 * Throws `SPEC_UNREADABLE`, and what the module throws when that is an error of ours.
 */
export async function readModule(file: string): Promise<unknown> {
  if (TYPESCRIPT.test(file) && process.features.typescript === false) {
    throw new ImageSpecError('SPEC_UNREADABLE', `${file} is TypeScript, which this Node.js does not read`, {
      hint: 'Use Node.js 22.19 or newer without --no-strip-types, or write the spec as .js or .yaml.',
    });
  }
  const exported = await run(file);
  const value = exported['spec'] ?? exported['imagespec'] ?? exported['default'];
  if (value !== undefined) return value;
  throw new ImageSpecError('SPEC_UNREADABLE', `${file} exports no spec`, {
    hint: "Write `export default new ImageSpec({ name: 'my-service' })`, or export it under the name `spec`.",
  });
}

async function run(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(file);
  // Node keeps modules by URL: a changed file has to have another one.
  const { mtimeMs } = await stat(file);
  const hooks = registerHooks({ resolve: resolveOurselves });
  try {
    return (await import(`${href}?changed=${mtimeMs}`)) as Record<string, unknown>;
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    throw new ImageSpecError('SPEC_UNREADABLE', `Running ${file} failed: ${messageOf(cause)}`, {
      hint: `Try it alone: node ${file}. Of TypeScript only syntax that can be erased is understood: no enums, no namespaces.`,
      cause,
    });
  } finally {
    hooks.deregister();
  }
}

const OURSELVES = new URL(`../index${extname(import.meta.url)}`, import.meta.url).href;

/** A project that has not installed this package means the one that reads it. */
const resolveOurselves: ResolveHookSync = (specifier, context, next) => {
  try {
    return next(specifier, context);
  } catch (error) {
    if (specifier === 'imagespec') return { url: OURSELVES, shortCircuit: true };
    throw error;
  }
};
