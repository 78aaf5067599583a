// A project's folder as the source of a wheel: its files without what tools leave in it, known by a digest, and copied to where it is built.
import { chmod, copyFile, lstat, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError, messageOf, systemCode } from '../core/error.ts';
import type { Entry } from '../filesystem/entry.ts';
import { hashEntries } from '../filesystem/host.ts';

/** What repositories, environments, editors, tests and earlier builds leave behind, at any depth. */
const LEFTOVERS =
  /^(?:\.git|\.hg|\.svn|__pycache__|\.venv|\.tox|\.nox|\.mypy_cache|\.pytest_cache|\.ruff_cache|\.imagespec|\.eggs|\.DS_Store|\.coverage|node_modules|.*\.egg-info|.*\.py[co])$/;
/** Where setuptools builds; some have a package of this name. */
const OUTPUTS: ReadonlySet<string> = new Set(['build', 'dist']);
/** Of a folder: an environment, or an image that was built here. */
const MARKS = ['pyvenv.cfg', 'oci-layout'];

/** A project of more files, or larger ones, has data in its folder that belongs elsewhere. */
const FILES_LIMIT = 100_000;
const BYTES_LIMIT = 4e9;

/** All that is part of the project, sorted; files are 0755 where their owner may execute them, else 0644. */
async function entriesOf(ctx: Context, folder: string, leftOut: string | undefined): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let bytes = 0;
  const visit = async (below: string): Promise<void> => {
    throwIfAborted(ctx);
    for (const name of (await readdir(join(folder, below))).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      const file = join(folder, path);
      const stats = await lstat(file);
      const shared = { path, uid: 0, gid: 0, mtime: 0 };
      if (LEFTOVERS.test(name) || file === leftOut) continue;
      if (entries.length >= FILES_LIMIT || bytes > BYTES_LIMIT) throw tooLarge(folder);
      if (stats.isDirectory()) {
        if (await isLeftover(file, name, below)) continue;
        entries.push({ type: 'directory', mode: 0o755, ...shared });
        await visit(path);
      } else if (stats.isSymbolicLink()) {
        entries.push({ type: 'symlink', mode: 0o777, target: await readlink(file), ...shared });
      } else if (stats.isFile()) {
        const { size, mtimeMs } = stats;
        bytes += size;
        const content = {
          kind: 'range',
          file,
          offset: 0,
          length: size,
          encoding: 'identity',
          size,
          changedMs: mtimeMs,
        } as const;
        entries.push({ type: 'file', mode: stats.mode & 0o100 ? 0o755 : 0o644, content, ...shared });
      }
    }
  };
  await visit('');
  return entries;
}

async function isLeftover(path: string, name: string, below: string): Promise<boolean> {
  const has = async (file: string): Promise<boolean> =>
    stat(join(path, file)).then(
      () => true,
      () => false,
    );
  if (below === '' && OUTPUTS.has(name)) return !(await has('__init__.py'));
  for (const mark of MARKS) if (await has(mark)) return true;
  return false;
}

/**
 * Of paths, kinds of modes, links and contents: whatever a build can see but times and owners. Throws
 * `REQUIREMENTS_INVALID` when it is too large, `REQUIREMENTS_NOT_FOUND` when it cannot be read.
 * @param leftOut absolute path of the image's lock file, which a build may write into the project
 */
export async function digestProject(ctx: Context, folder: string, leftOut: string | undefined): Promise<Digest> {
  return reading(folder, async () => hashEntries(ctx, await entriesOf(ctx, folder, leftOut)));
}

/**
 * Copies it to a folder that does not exist yet; the modes do not follow the user's umask. Throws as reading does.
 * @returns digest of what was copied
 */
export async function copyProject(
  ctx: Context,
  folder: string,
  target: string,
  leftOut: string | undefined,
): Promise<Digest> {
  const entries = await reading(folder, () => entriesOf(ctx, folder, leftOut));
  await mkdir(target, { recursive: true });
  for (const entry of entries) {
    throwIfAborted(ctx);
    const path = join(target, entry.path);
    await mkdir(dirname(path), { recursive: true });
    if (entry.type === 'directory') await mkdir(path, { recursive: true });
    else if (entry.type === 'symlink') await symlink(entry.target, path);
    else if (entry.type === 'file') await reading(folder, () => copyFile(join(folder, entry.path), path));
    if (entry.type === 'file' || entry.type === 'directory') await chmod(path, entry.mode);
  }
  return hashEntries(ctx, await entriesOf(ctx, target, undefined));
}

const UNREADABLE: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP']);

async function reading<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!UNREADABLE.has(systemCode(cause))) throw cause;
    throw new ImageSpecError('REQUIREMENTS_NOT_FOUND', `The project ${folder} cannot be read: ${messageOf(cause)}`, {
      hint: 'Check the folder and its permissions.',
      cause,
      facts: { file: folder },
    });
  }
}

function tooLarge(folder: string): ImageSpecError {
  return new ImageSpecError(
    'REQUIREMENTS_INVALID',
    `The project ${folder} has more than ${FILES_LIMIT} files or ${BYTES_LIMIT / 1e9} GB`,
    { hint: 'Move data out of it, or build a wheel and name that by its path.', facts: { file: folder } },
  );
}
