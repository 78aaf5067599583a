// The spec as a value that programs hold: checked when it is made, never changed afterwards.
import { isAbsolute } from 'node:path';
import { ImageSpecError } from '../core/error.ts';
import type { SpecFields } from './check.ts';
import { checkSpec } from './check.ts';
import { isImageSpec, MARK } from './mark.ts';
import type { CamelCase, FieldName } from './field-names.ts';
import { camelCase, FIELD_NAMES } from './field-names.ts';
import type { PythonValue } from './python-repr.ts';
import type { SpecInput } from './schema.ts';
import type { TagFields } from './tag.ts';
import { imageName, specId, specTag } from './tag.ts';

type Immutable<T> =
  T extends Map<infer K, infer V>
    ? ReadonlyMap<K, V> | Readonly<Record<string, V>>
    : T extends readonly (infer Item)[]
      ? readonly Item[]
      : T;

/** All parameters of a spec, in camelCase; `docs/spec.md` explains each. */
export type ImageSpecFields = {
  readonly [Name in Exclude<FieldName, 'base_image'> as CamelCase<Name>]?: Immutable<SpecInput[Name]>;
} & {
  /** A spec of its own is built first. */
  readonly baseImage?: string | ImageSpec | ImageSpecFields | null | undefined;
};

export interface TagOptions {
  /** Absolute; where relative paths of the spec start. Needed when `requirements`, `copy` or `source_root` names such paths. */
  readonly directory?: string | undefined;
  /** Absolute; the spec itself, if it has a file. Its lock does not count among the files of `source_root`. */
  readonly file?: string | undefined;
}

/**
 * An ImageSpec, with flytekit's names, defaults and methods. Throws `SPEC_INVALID` or `NOT_SUPPORTED` with every issue at once.
 *
 * @example
 * const spec = new ImageSpec({ name: 'my-service', packages: ['fastapi'], baseImage: 'python:3.12-slim' });
 * console.log(await spec.withPackages('uvicorn').imageName());
 */
export class ImageSpec {
  readonly [MARK] = true as const;
  /** Path below the registry, lower-case. */
  readonly name: string;
  /** `3.12` or `3.12.4`. */
  readonly pythonVersion: string | undefined;
  /** Absolute, in the image. */
  readonly pythonExec: string | undefined;
  readonly env: ReadonlyMap<string, string> | undefined;
  /** Without scheme, lower-case; empty means none. */
  readonly registry: string | undefined;
  readonly packages: readonly string[] | undefined;
  /** Path of a file, as written. */
  readonly requirements: string | undefined;
  /** Image reference, TRANSPORT:PATH, or the spec of an image that is built first; without it `defaultBaseImage` holds. */
  readonly baseImage: string | ImageSpec | undefined;
  /** OS/ARCH[/VARIANT], at least one. */
  readonly platforms: readonly string[];
  readonly pipIndex: string | undefined;
  readonly pipExtraIndexUrl: readonly string[] | undefined;
  /** undefined keeps the base's, an empty list clears it. */
  readonly entrypoint: readonly string[] | undefined;
  readonly tagFormat: string | undefined;
  /** Relative paths, as written. */
  readonly copy: readonly string[] | undefined;
  /** Path of a folder, as written. */
  readonly sourceRoot: string | undefined;
  /** flytekit's default, where there is a root, is LOADED_MODULES. */
  readonly sourceCopyMode: 'NO_COPY' | 'ALL' | 'LOADED_MODULES' | undefined;
  /** Relative to the root, as written. */
  readonly sourceFiles: readonly string[] | undefined;
  /** For the shell of the image. */
  readonly commands: readonly string[] | undefined;
  /** `name[:arch][=version]` or `name/suite`. */
  readonly aptPackages: readonly string[] | undefined;
  /** Lines of sources.list(5), or mappings; variables of the environment are not filled in yet. */
  readonly aptSources: NonNullable<SpecFields['apt_sources']> | undefined;
  readonly cmd: readonly string[] | undefined;
  /** Absolute, in the image. */
  readonly workdir: string | undefined;
  /** A name, or UID[:GID]. */
  readonly user: string | undefined;
  /** Names of packages that share a layer; `*` stands for any letters. */
  readonly layers: readonly (readonly string[])[] | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly aptEssential: boolean | undefined;
  readonly compile: boolean | undefined;
  readonly aptConfigure: 'auto' | 'never' | undefined;
  /** Pairs of a file on the host, as written, and its place in the image. */
  readonly pipSecretMounts: readonly (readonly [source: string, target: string])[] | undefined;
  /** A file, as written, or a variable each; `target` is its place in the image. */
  readonly secrets: NonNullable<SpecFields['secrets']> | undefined;
  /** Words of a command line, quoted as for a shell. */
  readonly pipExtraArgs: string | undefined;
  /** Not in the image: flytekit installs them when a task starts. */
  readonly runtimePackages: readonly string[] | undefined;
  /** Names of extras and groups of the project under `requirements`. */
  readonly extras: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
  /** Beside `packages`, but not in the tag. */
  readonly untaggedPackages: readonly string[] | undefined;
  readonly #fields: SpecFields;
  #forced = false;

  constructor(fields: ImageSpecFields = {}) {
    const checked = checkSpec(fields, { name: 'ImageSpec', naming: 'camelCase' });
    this.#fields = checked;
    this.name = checked.name ?? 'flytekit';
    this.pythonVersion = checked.python_version;
    this.pythonExec = checked.python_exec;
    this.env = checked.env;
    this.registry = checked.registry;
    this.packages = checked.packages;
    this.requirements = checked.requirements;
    this.baseImage = baseOf(checked.base_image);
    this.platforms = (checked.platform ?? 'linux/amd64').split(',').map((platform) => platform.trim());
    this.pipIndex = checked.pip_index;
    this.pipExtraIndexUrl = checked.pip_extra_index_url;
    this.entrypoint = checked.entrypoint;
    this.tagFormat = checked.tag_format;
    this.copy = checked.copy;
    this.sourceRoot = checked.source_root;
    this.sourceCopyMode = checked.source_copy_mode;
    this.sourceFiles = checked.source_files;
    this.commands = checked.commands;
    this.aptPackages = checked.apt_packages;
    this.aptSources = checked.apt_sources;
    this.cmd = checked.cmd;
    this.workdir = checked.workdir;
    this.user = checked.user;
    this.layers = checked.layers;
    this.labels = checked.labels;
    this.annotations = checked.annotations;
    this.aptEssential = checked.apt_essential;
    this.compile = checked.compile;
    this.aptConfigure = checked.apt_configure;
    this.pipSecretMounts = checked.pip_secret_mounts;
    this.secrets = checked.secrets;
    this.pipExtraArgs = checked.pip_extra_args;
    this.runtimePackages = checked.runtime_packages;
    this.extras = checked.extras;
    this.groups = checked.groups;
    this.untaggedPackages = checked.untagged_packages;
    Object.freeze(this);
  }

  /** Whether the image is to be built and pushed even when it exists. */
  get forced(): boolean {
    return this.#forced;
  }

  /** flytekit's id: it knows the names of files, not their content. Images carry it as `_F_IMG_ID`. */
  get id(): string {
    return specId(this.#tagFields());
  }

  /**
   * flytekit's tag for the same spec: it changes with the spec, the requirements file, the copied files and the sources.
   * Rejects with `REQUIREMENTS_NOT_FOUND`, `COPY_NOT_FOUND`, `COPY_INVALID`, or `USAGE` when a directory is needed.
   */
  async tag(options: TagOptions = {}): Promise<string> {
    return specTag(this.#tagFields(), this.#directory(options), options.file);
  }

  /** `[registry/]name:tag`; rejects as `tag` does. */
  async imageName(options: TagOptions = {}): Promise<string> {
    return imageName(this.#tagFields(), this.#directory(options), options.file);
  }

  /** The same spec over another base. */
  withBase(baseImage: string | ImageSpec): ImageSpec {
    return this.#with({ baseImage }, this.#forced);
  }

  withPackages(packages: string | readonly string[]): ImageSpec {
    return this.#append('packages', packages);
  }

  withCopy(paths: string | readonly string[]): ImageSpec {
    return this.#append('copy', paths);
  }

  withCommands(commands: string | readonly string[]): ImageSpec {
    return this.#append('commands', commands);
  }

  withAptPackages(packages: string | readonly string[]): ImageSpec {
    return this.#append('apt_packages', packages);
  }

  withRuntimePackages(packages: readonly string[]): ImageSpec {
    return this.#append('runtime_packages', packages);
  }

  /** Throws `NOT_SUPPORTED` for any option. */
  withBuilderOptions(options: Readonly<Record<string, unknown>>): ImageSpec {
    return this.#with({ builderOptions: { ...this.#fields.builder_options, ...options } }, this.#forced);
  }

  /** The same spec, to be built and pushed even when the image exists. Its tag is the same. */
  forcePush(): ImageSpec {
    return this.#with({}, true);
  }

  /** As a spec file holds it: snake_case, in flytekit's order, without what was not given. */
  toJSON(): Readonly<Partial<Record<FieldName, unknown>>> {
    const given = FIELD_NAMES.filter((name) => this.#fields[name] !== undefined);
    return Object.fromEntries(
      given.map((name) => {
        const value = this.#fields[name];
        if (name === 'base_image' && this.baseImage instanceof ImageSpec) return [name, this.baseImage.toJSON()];
        return [name, value instanceof Map ? Object.fromEntries(value) : value];
      }),
    );
  }

  #append(
    name: 'packages' | 'copy' | 'commands' | 'apt_packages' | 'runtime_packages',
    more: string | readonly string[],
  ) {
    return this.#with({ [camelCase(name)]: [...(this.#fields[name] ?? []), ...[more].flat()] }, this.#forced);
  }

  #with(changes: ImageSpecFields, forced: boolean): ImageSpec {
    const own = Object.entries(this.#fields).map(([name, value]) => [camelCase(name), value]);
    const spec = new ImageSpec({ ...Object.fromEntries(own), baseImage: this.baseImage, ...changes });
    spec.#forced = forced;
    return spec;
  }

  #directory({ directory }: TagOptions): string {
    if (directory !== undefined || !this.#namesFiles()) return directory ?? '';
    throw new ImageSpecError('USAGE', `The tag of "${this.name}" follows from files, but no directory was given`, {
      hint: 'Call it with `{ directory }`, the absolute path of the folder in which `requirements`, `copy` and `sourceRoot` start.',
    });
  }

  /** Whether relative paths decide the tag. */
  #namesFiles(): boolean {
    const { requirements, copy = [], source_root: root, source_copy_mode: mode } = this.#fields;
    if (this.baseImage instanceof ImageSpec && this.baseImage.#namesFiles()) return true;
    const paths = [requirements, mode === 'NO_COPY' ? undefined : root];
    return copy.length > 0 || paths.some((path) => path !== undefined && !isAbsolute(path));
  }

  /** Options are empty, as nothing else is supported, and a dict in Python. */
  #tagFields(): TagFields {
    const {
      builder_options: options,
      builder_config: config,
      apt_sources: sources,
      labels,
      annotations,
      secrets: _secrets,
      base_image: _base,
      ...fields
    } = this.#fields;
    const asDict = (source: string | object): PythonValue =>
      typeof source === 'string' ? source : new Map(Object.entries(source));
    return {
      ...fields,
      builder_options: options && new Map(),
      builder_config: config && new Map(),
      apt_sources: sources?.map(asDict),
      labels: labels && asDict(labels),
      annotations: annotations && asDict(annotations),
      base_image: this.baseImage instanceof ImageSpec ? this.baseImage.#tagFields() : this.baseImage,
    };
  }
}

/** A spec stays the very one that was given: it may be forced. */
function baseOf(base: SpecFields['base_image']): string | ImageSpec | undefined {
  if (typeof base !== 'object' || base instanceof ImageSpec) return base;
  return specOf(isImageSpec(base) ? checkSpec(base, { name: 'ImageSpec', naming: 'camelCase' }) : base);
}

/** A spec of fields that were checked already, such as those of a file. */
export function specOf(fields: SpecFields): ImageSpec {
  const { base_image: base, ...rest } = fields;
  const own = Object.entries(rest).map(([name, value]) => [camelCase(name), value]);
  return new ImageSpec({ ...Object.fromEntries(own), baseImage: baseOf(base) });
}
