// flytekit's tag, computed exactly as flytekit 1.15.3 to 1.16.31 does (image_spec.py): programs of both worlds must look for the same image.
// Nothing here may import zod: a tag is wanted without the cost of a schema.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { readAll } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError, messageOf, systemCode } from '../core/error.ts';
import { copyDigest } from './copy-digest.ts';
import type { FieldName } from './field-names.ts';
import { FIELD_NAMES } from './field-names.ts';
import type { PythonEnum, PythonValue } from './python-repr.ts';
import { lockFileOf } from './own-files.ts';
import { pythonRepr } from './python-repr.ts';
import { sourceDigest } from './source-digest.ts';

type SourceCopyMode = 'LOADED_MODULES' | 'ALL' | 'NO_COPY';

/** What enters a tag, by flytekit's names; null and undefined are Python's None. */
export type TagFields = {
  readonly [Name in Exclude<FieldName, keyof SpecialFields>]?: PythonValue | undefined;
} & SpecialFields;

interface SpecialFields {
  readonly name?: string | undefined;
  readonly registry?: string | null | undefined;
  readonly requirements?: string | null | undefined;
  readonly tag_format?: string | null | undefined;
  /** A spec stands for the image that is built of it. */
  readonly base_image?: string | TagFields | null | undefined;
  /** Path of a folder. */
  readonly source_root?: string | null | undefined;
  /** What LOADED_MODULES means, since only Python knows which modules are loaded. */
  readonly source_files?: readonly string[] | null | undefined;
  readonly source_copy_mode?: SourceCopyMode | null | undefined;
  /** Paths, or the digest that stands for them. */
  readonly copy?: readonly string[] | string | null | undefined;
}

/** Parameters that change nothing in the image, or not in what flytekit knows of it. */
const NOT_HASHED: ReadonlySet<FieldName> = new Set([
  'pip_secret_mounts',
  'builder',
  'runtime_packages',
  'secrets',
  'source_files',
  'untagged_packages',
]);
const COPY_MODES = { LOADED_MODULES: 1, ALL: 2, NO_COPY: 3 } as const satisfies Record<SourceCopyMode, number>;
/** Lock files of big projects have a few megabytes. */
const REQUIREMENTS_LIMIT_BYTES = 64 << 20;

/** flytekit's `ImageSpec.id`: knows the names of files, not their content. It is the value of `_F_IMG_ID` in the image. */
export function specId(fields: TagFields): string {
  const dict = pythonRepr(idDict(fields));
  return createHash('md5').update(dict).digest('base64url');
}

/**
 * flytekit's `ImageSpec.tag`. Reads the requirements file, the copied files and the sources.
 * @param directory absolute; where relative paths start
 * @param file of the spec, whose lock does not count
 * @throws `REQUIREMENTS_NOT_FOUND`, `COPY_NOT_FOUND`, `COPY_INVALID`, `SPEC_INVALID`
 */
export async function specTag(fields: TagFields, directory: string, file?: string): Promise<string> {
  const { base_image: base, copy, requirements, tag_format: format } = fields;
  const hash = specId({
    ...fields,
    base_image: typeof base === 'object' && base ? await imageName(base, directory, file) : base,
    source_root: await rootDigest(fields, directory, file),
    copy: typeof copy === 'object' && copy?.length ? await copyDigest(copy, directory) : copy,
    requirements: requirements ? await requirementsDigest(requirements, directory) : requirements,
    registry_config: null,
  }).replaceAll('-', '_');
  return format ? formatTag(format, hash) : hash;
}

/** flytekit's `ImageSpec.image_name()`: `[registry/]name:tag`. */
export async function imageName(fields: TagFields, directory: string, file?: string): Promise<string> {
  const { name, registry } = settled(fields);
  return `${registry ? `${registry}/` : ''}${name}:${await specTag(fields, directory, file)}`;
}

/** Python's `format.format(spec_hash=hash)` for the fields that a tag can need: `{spec_hash}`, cut by `{spec_hash:.8}`, `{{` and `}}`. */
export function formatTag(format: string, hash: string): string {
  return format.replace(/\{\{|\}\}|\{spec_hash(?::\.(\d{1,3}))?\}/g, (match, digits: string | undefined) => {
    if (match === '{{' || match === '}}') return match.slice(1);
    return digits === undefined ? hash : hash.slice(0, Number(digits));
  });
}

/** The spec after flytekit's `__post_init__`. */
function settled(fields: TagFields) {
  const { name = 'flytekit', registry, platform, source_root: root, source_copy_mode: mode } = fields;
  return {
    ...fields,
    name: name.toLowerCase(),
    registry: registry?.toLowerCase(),
    platform: platform ?? 'linux/amd64',
    source_copy_mode: mode ?? (root === undefined || root === null ? undefined : 'LOADED_MODULES'),
  };
}

/** What stands for `source_root`: the digest of its files where any are copied. */
async function rootDigest(fields: TagFields, directory: string, file: string | undefined) {
  const { name, source_root: root, source_copy_mode: mode, source_files: files } = settled(fields);
  if (mode === undefined || mode === 'NO_COPY') return root;
  if (!root)
    throw new ImageSpecError('SPEC_INVALID', `Field source_root for image spec ${name} must be set when copy is set`, {
      hint: 'Name the folder of the sources under `source_root`, or write NO_COPY.',
    });
  if (mode === 'LOADED_MODULES' && !files)
    throw new ImageSpecError(
      'NOT_SUPPORTED',
      `The modules that a running Python has loaded from ${root} are not known`,
      {
        hint: 'Write `source_copy_mode: ALL`, or list the files under `source_files`.',
      },
    );
  const lock = file === undefined ? undefined : lockFileOf(file);
  return sourceDigest({ root, directory, files: mode === 'ALL' ? undefined : files!, lock });
}

function idDict(fields: TagFields): ReadonlyMap<string, PythonValue> {
  const spec = settled(fields);
  const dict = new Map<string, PythonValue>();
  for (const name of FIELD_NAMES) {
    const value = spec[name];
    if (value === undefined || value === null || NOT_HASHED.has(name)) continue;
    if (name === 'source_copy_mode') dict.set(name, copyMode(value as SourceCopyMode));
    else if (name === 'base_image' && typeof value === 'object') dict.set(name, idDict(value as TagFields));
    else dict.set(name, value as PythonValue);
  }
  return dict;
}

function copyMode(mode: SourceCopyMode): PythonEnum {
  return { enumName: `CopyFileDetection.${mode}`, value: COPY_MODES[mode] };
}

/** SHA-1, in hex, of the file without the white space at its ends (Python's `bytes.strip`). */
async function requirementsDigest(requirements: string, directory: string): Promise<string> {
  const file = isAbsolute(requirements) ? requirements : join(directory, requirements);
  const bytes = await readRequirements(file);
  const isSpace = (byte: number | undefined): boolean =>
    byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13);
  let start = 0;
  let end = bytes.length;
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  return createHash('sha1').update(bytes.subarray(start, end)).digest('hex');
}

async function readRequirements(file: string): Promise<Uint8Array> {
  try {
    return await readAll(createReadStream(file), REQUIREMENTS_LIMIT_BYTES, file);
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    throw new ImageSpecError('REQUIREMENTS_NOT_FOUND', `The requirements file ${file} ${whyUnread(cause)}`, {
      hint: 'Paths under `requirements` start at the folder of the spec; check the spelling.',
      cause,
      facts: { file },
    });
  }
}

function whyUnread(cause: unknown): string {
  const code = systemCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  return code === 'EISDIR' ? 'is a folder' : `cannot be read: ${messageOf(cause)}`;
}
