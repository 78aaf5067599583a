// The public surface: one hand-written list. A line here stays.
import { buildSpecs, specExists } from './build/build-specs.ts';
import { readEnvironment } from './build/environment.ts';
import type { BuildOptions } from './build/request.ts';
import type { BuildResult } from './build/result.ts';
import type { ImageSpec } from './spec/spec.ts';

export { ImageSpec } from './spec/spec.ts';
export type { ImageSpecFields } from './spec/spec.ts';
export { ImageSpecError, isImageSpecError } from './core/error.ts';
export type { ErrorCode, ErrorFacts } from './core/error.ts';
export type { BuildEvent, EndEvent, LogEvent, ProgressEvent, StartEvent } from './core/event.ts';
export type { BuildOptions } from './build/request.ts';
export type { BuildResult, ImageResult, LayerResult, PlatformResult } from './build/result.ts';

/** `build` options; `directory` is where the spec's relative paths start, the working directory by default. */
export interface SpecBuildOptions extends BuildOptions {
  readonly directory?: string | undefined;
}

/** `exists` options. */
export type ExistsOptions = Pick<SpecBuildOptions, 'directory' | 'platforms' | 'signal'>;

/**
 * Builds the image of a spec and puts it where the options say: everything the command line does goes through here.
 * Rejects with `ImageSpecError`; after an abort by `signal` its code is `ABORTED`.
 *
 * @example
 * const spec = new ImageSpec({ name: 'hello', baseImage: 'scratch', copy: ['data'] });
 * const { images } = await build(spec, { outputs: ['oci:out'] });
 */
export function build(spec: ImageSpec, options: SpecBuildOptions = {}): Promise<BuildResult> {
  const environment = readEnvironment();
  const directory = options.directory ?? environment.workingDirectory;
  return buildSpecs([{ spec, directory, file: undefined }], options, environment);
}

/**
 * Whether the image is at the spec's registry under its tag, for every platform that is wanted. No answer is ever assumed: it rejects when
 * the registry refuses or cannot be reached, and with `USAGE` when the spec names no registry.
 *
 * @example
 * const isThere = await exists(new ImageSpec({ name: 'my-service', registry: 'ghcr.io/acme' }));
 */
export function exists(spec: ImageSpec, options: ExistsOptions = {}): Promise<boolean> {
  const environment = readEnvironment();
  const directory = options.directory ?? environment.workingDirectory;
  return specExists({ spec, directory, file: undefined }, options, environment);
}
