// The names of a spec's parameters: snake_case in files, as flytekit has them, and camelCase in programs.

/** All parameters of flytekit's ImageSpec (1.16.31) in the order of its dataclass, which its tag depends on. */
export const FLYTEKIT_FIELDS = [
  'name',
  'python_version',
  'builder',
  'source_root',
  'env',
  'registry',
  'packages',
  'conda_packages',
  'conda_channels',
  'requirements',
  'apt_packages',
  'cuda',
  'cudnn',
  'base_image',
  'platform',
  'pip_index',
  'pip_extra_index_url',
  'pip_secret_mounts',
  'pip_extra_args',
  'registry_config',
  'entrypoint',
  'commands',
  'tag_format',
  'source_copy_mode',
  'copy',
  'python_exec',
  'runtime_packages',
  'builder_options',
  'builder_config',
] as const;

/** Parameters that flytekit does not have: where they are absent, nothing tells that they exist. */
export const OWN_FIELDS = [
  'cmd',
  'workdir',
  'user',
  'labels',
  'annotations',
  'apt_sources',
  'apt_essential',
  'apt_configure',
  'compile',
  'secrets',
  'layers',
  'extras',
  'groups',
  'source_files',
  'untagged_packages',
] as const;

export const FIELD_NAMES = [...FLYTEKIT_FIELDS, ...OWN_FIELDS] as const;

export type FieldName = (typeof FIELD_NAMES)[number];

/** `pip_extra_index_url` as `pipExtraIndexUrl`. */
export type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

export function camelCase<S extends string>(name: S): CamelCase<S> {
  return name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()) as CamelCase<S>;
}

export function isFieldName(text: string): text is FieldName {
  return (FIELD_NAMES as readonly string[]).includes(text);
}
