// The spec as users write it: one strict schema with all parameters of flytekit's ImageSpec, in its order, each with a description and an
// example. Types, messages, template, JSON Schema and manual follow from it.
import { z } from 'zod';
import type { Rule } from './finding.ts';
import { NOT_YET, printFinding } from './finding.ts';
import type { FieldName } from './field-names.ts';
import {
  anyRule,
  annotationRule,
  aptPackageRule,
  baseImageRule,
  cleanRegistry,
  copyRule,
  folderRule,
  nameRule,
  pipArgumentsRule,
  programRule,
  registryRule,
  sourceFileRule,
  sourceRootRule,
  runtimePackageRule,
  tagFormatRule,
  urlRule,
  userRule,
} from './rules.ts';
import {
  aptSources,
  groups,
  keeps,
  mapping,
  notes,
  platforms,
  pythonVersion,
  requirementsFile,
  secretMounts,
  secrets,
  text,
  texts,
  variables,
} from './value-kinds.ts';

/** What a person needs to know about a field. */
export interface FieldAbout {
  /** Its first sentence says what the field is. */
  readonly description: string;
  readonly example: unknown;
  /** What to do today; present on fields that are not supported yet. */
  readonly instead?: string | undefined;
}

function field<T extends z.ZodType>(schema: T, description: string, example: unknown, instead?: string) {
  return schema.nullish().meta({ description, examples: [example], instead });
}

const isEmpty = (value: unknown): boolean =>
  value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** A field that is checked like any other, but refused by name when it asks for something. */
function later<T extends z.ZodType>(
  schema: T,
  description: string,
  example: unknown,
  instead: string,
  isHarmless: (value: z.output<T>) => boolean = () => false,
) {
  const refuse: Rule<z.output<T>> = (value) =>
    isEmpty(value) || isHarmless(value) ? undefined : { what: NOT_YET, todo: instead };
  return field(schema.superRefine(keeps(refuse)), description, example, instead);
}

const OWN_CUDA = 'Leave it out: packages such as torch bring their own CUDA; else choose a `base_image` that has it.';
const OTHER_BUILDERS = 'Leave it out: it configures builders of flytekit.';

export const specSchema = z.strictObject({
  name: field(
    text(nameRule).transform((name) => name.toLowerCase()),
    'Name of the image: its path below the registry, in lower case. Without it, "flytekit".',
    'my-service',
  ),
  python_version: field(
    pythonVersion(),
    'Python version of the image: that of the base image, or one that is brought where it has another or none. Without `base_image` it chooses the base.',
    '3.12',
  ),
  builder: later(
    text(),
    'What builds the image. Only imagespec itself, under this name or flytekit\'s "default".',
    'envd',
    'Leave it out: images are built by imagespec itself.',
    (builder) => builder === 'imagespec' || builder === 'default',
  ),
  source_root: field(
    text(sourceRootRule),
    'Folder whose files are copied to /root, as `source_copy_mode` says. Relative to the spec, or absolute.',
    'src',
  ),
  env: field(
    variables(),
    'Environment variables of the image. Numbers, true and false become the text that is written. PYTHONPATH is /root unless it is set here.',
    { LOG_LEVEL: 'info' },
  ),
  registry: field(
    z
      .string({ error: printFinding({ what: 'must be text', todo: 'Write for example "ghcr.io/acme".' }) })
      .superRefine(keeps(registryRule))
      .transform(cleanRegistry),
    'Registry to push to: its host, with a port or path where needed. A scheme in front and a slash at the end are dropped.',
    'ghcr.io/acme',
  ),
  packages: field(
    texts(),
    'Python packages to install, written as for pip; folders and wheels by their path, relative to the spec.',
    ['fastapi', 'uvicorn>=0.30'],
  ),
  conda_packages: later(
    texts(),
    'Conda packages to install.',
    ['numpy'],
    'List their counterparts under `packages`, or choose a `base_image` that has them.',
  ),
  conda_channels: later(
    texts(),
    'Conda channels beside conda-forge.',
    ['nvidia'],
    'Leave it out with `conda_packages`.',
  ),
  requirements: field(
    requirementsFile(),
    'File with the Python packages to install, relative to the spec: a requirements.txt, uv.lock, poetry.lock, pylock.toml or pyproject.toml, or a script with a header of dependencies.',
    'requirements.txt',
  ),
  apt_packages: field(
    texts(aptPackageRule),
    'Debian packages to install, with what they depend on; recommended packages are left out. A version or suite may follow: git=1:2.39.5-0+deb12u2, git/bookworm-backports.',
    ['git', 'libgl1'],
  ),
  cuda: later(text(), 'Version of CUDA to install.', '12.4', OWN_CUDA),
  cudnn: later(text(), 'Version of cuDNN to install.', '9', OWN_CUDA),
  base_image: field(
    text(baseImageRule),
    'Image to build upon: a reference, oci:DIR, oci-archive:FILE, docker-archive:FILE, or scratch for none; or the spec of an image that is built first, or its name under `images`. Without it, the official slim Python image of `python_version`, or of 3.12.',
    'python:3.12-slim',
  ),
  platform: field(
    platforms(),
    'Platforms to build for; more than one gives an index. Separated by commas, or a list. Without it, linux/amd64.',
    'linux/amd64,linux/arm64',
  ),
  pip_index: field(text(urlRule), 'Package index to use instead of the default one.', 'https://index.example/simple'),
  pip_extra_index_url: field(texts(urlRule), 'Package indexes to use beside the first one.', [
    'https://extra.example/simple',
  ]),
  pip_secret_mounts: field(
    secretMounts(),
    'Files with secrets that only the installation sees, each with its place in the image: .netrc, pip.conf, uv.toml. Relative to the spec. They are never in the image, its tag or the lock.',
    [['.netrc', '/root/.netrc']],
  ),
  pip_extra_args: field(
    text(pipArgumentsRule),
    'Options of pip and uv that say how packages are chosen, as on a command line: --pre, --no-deps, --constraint FILE, --no-binary NAME, --exclude-newer DATE. Others are refused, unless they change nothing in an image.',
    '--pre',
  ),
  registry_config: later(
    text(),
    'File with mirrors and certificates of registries.',
    'registries.json',
    'Leave it out, and write the mirror itself into `base_image` or `registry`.',
  ),
  entrypoint: field(
    texts(anyRule),
    'Entrypoint of the image. [] clears that of the base image; without it, that one stays.',
    ['python', '-m', 'app'],
  ),
  commands: field(
    texts(),
    'Commands to run while building: in one shell, joined by &&, as root, after everything else is in place. What they change is one layer.',
    ['mkdir /data'],
  ),
  tag_format: field(
    text(tagFormatRule),
    'Form of the tag; {spec_hash} stands for the hash of the spec, {spec_hash:.8} for its first 8 characters. Without it, the hash.',
    '{spec_hash}-dev',
  ),
  source_copy_mode: field(
    z.literal(['NO_COPY', 'ALL', 'LOADED_MODULES'], {
      error: printFinding({
        what: 'must be NO_COPY, ALL or LOADED_MODULES',
        todo: 'Write ALL for all files that .dockerignore and .gitignore let pass.',
      }),
    }),
    'Which files of `source_root` are copied: ALL but what .dockerignore, .gitignore and flytekit leave out, those under `source_files` (LOADED_MODULES, the default), or none (NO_COPY).',
    'ALL',
  ),
  copy: field(texts(copyRule), 'Files and folders to copy below /root, relative to the spec.', [
    'app',
    'config/settings.toml',
  ]),
  python_exec: field(
    text(programRule),
    'Path of a Python of the base image that packages are installed for; they see what is installed for it already. Without it, the Python on its PATH, or one that is brought.',
    '/usr/bin/python3',
  ),
  runtime_packages: field(
    texts(runtimePackageRule),
    'Python packages that flytekit installs when a task starts. They are named in the variable _F_RUNTIME_PACKAGES, and are not in the image; it needs pip.',
    ['numpy'],
  ),
  builder_options: later(mapping(), 'Options of the builder.', { key: 'value' }, OTHER_BUILDERS),
  builder_config: later(mapping(), 'Images that the builder uses.', { uv_image: 'uv:latest' }, OTHER_BUILDERS),
  cmd: field(
    texts(anyRule),
    'Arguments of the entrypoint, or the command where there is none, when a container is started without words of its own. [] clears that of the base image.',
    ['--port', '8080'],
  ),
  workdir: field(text(folderRule), 'Folder in which programs start. Without it, /root.', '/srv/app'),
  user: field(
    text(userRule),
    'User whom programs run as, and to whom /root, copied files and the environment belong: a name, which gets an account where the base image has none, or UID[:GID]. Without it, flytekit.',
    'root',
  ),
  labels: field(notes(), 'Labels of the image, beside those of the base image.', { 'org.example.team': 'data' }),
  annotations: field(notes(annotationRule), 'Annotations of the manifest, and of the index of several platforms.', {
    'org.opencontainers.image.source': 'https://git.example/my-service',
  }),
  apt_sources: field(
    aptSources(),
    'Where Debian packages come from, as lines of sources.list or as mappings. ${NAME} stands for an environment variable, {snapshot} for the time under `snapshot`. Without it, the sources of the base image; for scratch, those of this machine.',
    [{ uris: ['https://mirror.example/debian'], suites: ['bookworm'], components: ['main'] }],
  ),
  apt_essential: field(
    z.boolean({ error: printFinding({ what: 'must be true or false', todo: 'Write true or false.' }) }),
    'Whether an image from scratch gets all packages that Debian calls essential: a shell, the GNU tools, dpkg.',
    true,
  ),
  apt_configure: field(
    z.literal(['auto', 'never'], {
      error: printFinding({ what: 'must be auto or never', todo: 'Leave it out for auto.' }),
    }),
    'What happens to packages whose maintainer scripts cannot be carried out: auto has the image’s own dpkg configure them in the sandbox, never leaves them unpacked and says so in the package database.',
    'never',
  ),
  compile: field(
    z.boolean({ error: printFinding({ what: 'must be true or false', todo: 'Write true or false.' }) }),
    'Whether Python packages, and the standard library where the base image has no bytecode of it, are compiled while building, so that programs start faster. The interpreter of the image is run for it.',
    true,
  ),
  secrets: field(
    secrets(),
    'Secrets that only `commands` see while they run: a file, as the file `target` (without it, of the same name in /run/secrets), or a variable of the caller under `env`, as this variable or as the file `target`. They are never in the image, its tag or the cache.',
    [{ file: 'token.txt', target: '/run/secrets/token' }, { env: 'GITHUB_TOKEN' }],
  ),
  layers: field(
    groups(),
    'Python packages that share a layer: each list is one, on top of the others in this order; * stands for any letters. Without it, big packages have layers of their own and small ones share a few.',
    [['torch', 'nvidia-*'], ['my-models']],
  ),
  extras: field(
    texts(),
    'Extras of the project under `requirements` to install: of a pyproject.toml, uv.lock, poetry.lock or pylock.toml.',
    ['cli'],
  ),
  groups: field(texts(), 'Dependency groups of the project under `requirements` to install beside its dependencies.', [
    'prod',
  ]),
  source_files: field(
    texts(sourceFileRule),
    'The files of `source_root` that are copied where `source_copy_mode` is LOADED_MODULES, relative to it.',
    ['app/main.py'],
  ),
  untagged_packages: field(texts(), 'Python packages to install beside the others, without a change of the tag.', [
    'flytekit==1.16.31',
  ]),
} satisfies Record<FieldName, z.ZodType>);

/** As files and programs give it. */
export type SpecInput = z.input<typeof specSchema>;
/** Checked and cleaned. */
export type SpecOutput = z.output<typeof specSchema>;

/** What the schema tells people about a field. */
export function aboutField(name: FieldName): FieldAbout {
  const meta = specSchema.shape[name].meta() as { description: string; examples: [unknown]; instead?: string };
  return { description: meta.description, example: meta.examples[0], instead: meta.instead };
}

/** Python of the base image when the spec names neither a base nor a version: one that nearly all packages have wheels for. */
export const DEFAULT_PYTHON = '3.12';

/** The base of a spec without `base_image`. The spec itself stays without one, so that its tag is flytekit's. */
export function defaultBaseImage({
  pythonVersion: version = DEFAULT_PYTHON,
}: {
  readonly pythonVersion?: string | undefined;
}): string {
  return `docker.io/library/python:${version}-slim`;
}
