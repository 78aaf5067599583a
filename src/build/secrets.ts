// The secrets of a build, each read once and before anything is fetched: files and variables that programs see while the image is built,
// and that must not be found in anything that is left of it.
import { createReadStream } from 'node:fs';
import { chmod, mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { readAll } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError, messageOf, systemCode } from '../core/error.ts';
import type { Entry } from '../filesystem/entry.ts';
import type { Mount } from '../sandbox/mounts.ts';
import type { ImageSpec } from '../spec/spec.ts';
import { secretTarget } from '../spec/value-kinds.ts';
import type { Job } from './job.ts';
import type { Redactor, SecretScan, SecretValue } from './secret-texts.ts';
import { createRedactor, createSecretScan, entryAt, scannedValues } from './secret-texts.ts';

export interface SecretFile extends SecretValue {
  /** Absolute, in the image. */
  readonly target: string;
  /** Host path without links; undefined for the value of a variable. */
  readonly source: string | undefined;
}

export interface BuildSecrets extends Redactor {
  /** Of `pip_secret_mounts`: for resolution and downloads. */
  readonly pip: readonly SecretFile[];
  /** Of `secrets`: for the commands alone: what builds packages is a stranger's code, and needs none. */
  readonly files: readonly SecretFile[];
  /** Of `secrets`: variables. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** A new one for each run, to be given to `requireUnseen` at its end. */
  readonly scan: () => SecretScan;
}

/** Keys and tokens have some kilobytes. */
const SECRET_LIMIT_BYTES = 512 << 10;

/**
 * Reads all secrets that the spec names. Throws `SECRET_MISSING` for one that is absent or empty, `TOO_LARGE`, and `SECRET_EXPOSED` when a
 * value stands in the spec where the image would keep it.
 */
export async function openSecrets(
  ctx: Context,
  { loaded, services }: Pick<Job, 'loaded' | 'services'>,
): Promise<BuildSecrets> {
  throwIfAborted(ctx);
  const { spec, directory } = loaded;
  const { variables } = services.environment;
  const read = async (path: string, target: string): Promise<SecretFile> => {
    const file = isAbsolute(path) ? path : join(directory, path);
    return { name: path, target, source: await realpath(file).catch(() => file), bytes: await readSecret(file, path) };
  };
  const pip = await Promise.all((spec.pipSecretMounts ?? []).map(([source, target]) => read(source, target)));
  const files: SecretFile[] = [];
  const env: SecretValue[] = [];
  for (const secret of spec.secrets ?? []) {
    const target = secretTarget(secret);
    if (secret.file !== undefined) files.push(await read(secret.file, target!));
    if (secret.env === undefined) continue;
    const value = { name: secret.env, bytes: Buffer.from(readVariable(variables, secret.env)) };
    if (target === undefined) env.push(value);
    else files.push({ ...value, target, source: undefined });
  }
  const own = [...files, ...env];
  requireUnwritten(spec, own);
  return {
    pip,
    files,
    env: env.map(({ name, bytes }) => [name, bytes.toString()]),
    ...createRedactor([...own, ...pip]),
    scan: () => createSecretScan(own),
  };
}

async function readSecret(file: string, name: string): Promise<Buffer> {
  try {
    // Before it is opened: a pipe would block until somebody writes.
    if (!(await stat(file)).isFile()) throw missing(`The secret ${name} is not a regular file: ${file}`, FILE_HINT);
    const bytes = await readAll(createReadStream(file), SECRET_LIMIT_BYTES, `The secret ${name}`);
    if (bytes.length === 0) throw missing(`The secret ${name} is an empty file: ${file}`, FILE_HINT);
    return Buffer.from(bytes);
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    const why = systemCode(cause) === 'ENOENT' ? 'does not exist' : `cannot be read (${messageOf(cause)})`;
    throw missing(`The secret ${name} ${why}: ${file}`, FILE_HINT, cause);
  }
}

function readVariable(variables: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = variables[name];
  if (value) return value;
  const state = value === undefined ? 'is not set' : 'is empty';
  throw missing(`The secret ${name} ${state}: it is a variable of the environment`, `Set ${name} for this build.`);
}

const FILE_HINT = 'Put the secret there; paths start at the folder of the spec.';

function missing(message: string, hint: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('SECRET_MISSING', message, { hint, cause });
}

/** What the image keeps of a spec is its history, configuration and annotations. */
function requireUnwritten(
  { commands = [], env, entrypoint = [], cmd = [], labels = {}, annotations = {} }: ImageSpec,
  values: readonly SecretValue[],
): void {
  const kept = {
    commands,
    env: [...(env?.values() ?? [])],
    entrypoint,
    cmd,
    labels: Object.values(labels),
    annotations: Object.values(annotations),
  };
  for (const { name, bytes } of scannedValues(values)) {
    const [field] =
      Object.entries(kept).find(([, texts]) => texts.some((one) => Buffer.from(one).includes(bytes))) ?? [];
    if (field !== undefined)
      throw new ImageSpecError('SECRET_EXPOSED', `The secret ${name} stands in \`${field}\`, which the image keeps`, {
        hint: 'Let the command read the secret from its file or variable.',
      });
  }
}

/** Throws `SECRET_EXPOSED` when a file under `copy` is a secret. */
export async function requireUncopied({ pip, files }: BuildSecrets, copies: readonly Entry[]): Promise<void> {
  const secrets = new Map([...pip, ...files].flatMap(({ source, name }) => (source ? [[source, name] as const] : [])));
  const names = new Set([...secrets.keys()].map((source) => basename(source)));
  for (const entry of copies) {
    if (entry.type !== 'file' || entry.content.kind !== 'range' || !names.has(basename(entry.content.file))) continue;
    const name = secrets.get(await realpath(entry.content.file));
    if (name !== undefined)
      throw new ImageSpecError('SECRET_EXPOSED', `The secret ${name} would be copied into the image: /${entry.path}`, {
        hint: 'Move it out of what `copy` names.',
        facts: { path: `/${entry.path}` },
      });
  }
}

/** Throws `SECRET_EXPOSED` when the scan has seen a secret in what becomes a layer. */
export function requireUnseen(scan: SecretScan, entries: readonly Entry[]): void {
  const found = scan.found();
  if (!found) return;
  const path = entryAt(entries, found.offset);
  const where = path === undefined ? 'in the name of a file, or in a link or attribute' : `in /${path}`;
  throw new ImageSpecError('SECRET_EXPOSED', `The commands leave the secret ${found.name} ${where}`, {
    hint: 'Remove it at the end of the commands, or have the program read the secret from its file or variable each time.',
    facts: { path },
  });
}

/**
 * Runs work while private copies of these files lie in a folder, so that programs see the bytes that were read and nobody else does.
 * @param folder must not exist
 */
export async function withSecretMounts<T>(
  files: readonly SecretFile[],
  folder: string,
  work: (mounts: readonly Mount[]) => Promise<T>,
): Promise<T> {
  if (files.length === 0) return work([]);
  try {
    await mkdir(folder, { mode: 0o700 });
    const mounts: Mount[] = [];
    for (const [index, { target, bytes }] of files.entries()) {
      const source = join(folder, String(index));
      await writePrivate(source, bytes, 0o400);
      mounts.push({ source, kind: 'file', target, isReadOnly: true });
    }
    return await work(mounts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whatever umask we have, nobody else may read it at any time. */
export async function writePrivate(file: string, bytes: Uint8Array, mode: number): Promise<void> {
  await writeFile(file, bytes, { mode: 0o600, flag: 'wx' });
  await chmod(file, mode);
}
