// What requirements name on this host: wheels and source archives, which are files like any other, and folders of projects.
import { glob, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { ImageSpecError, isImageSpecError, systemCode } from '../core/error.ts';
import { normalizeName } from './package-name.ts';
import type { Project, UvSettings } from './project-file.ts';
import { parseProject } from './project-file.ts';
import { parseWheelFilename } from './tags.ts';
import { readTextFile } from './text-file.ts';

export interface LocalSource {
  readonly kind: 'wheel' | 'archive' | 'folder';
  /** Absolute. */
  readonly path: string;
  /** Normalised; undefined where only building tells. */
  readonly name: string | undefined;
  /** Of a folder, absolute paths of the files whose content decides what it asks for. */
  readonly files: readonly string[];
  /** Of a folder, its pyproject.toml. */
  readonly project?: Project | undefined;
}

const ARCHIVE = /\.(?:zip|tar\.(?:gz|bz2|xz|zst)|tgz)$/;
/** What a build backend reads the dependencies from. Those of sources in other files are seen when the lock is made anew. */
const METADATA_FILES = ['pyproject.toml', 'setup.py', 'setup.cfg'];

/**
 * Throws `REQUIREMENTS_NOT_FOUND`, `REQUIREMENTS_INVALID` when it is no project.
 * @param where names the line in messages
 */
export async function findLocal(path: string, where: string): Promise<LocalSource> {
  const stats = await stat(path).catch((cause: unknown) => {
    const absent = systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR';
    throw new ImageSpecError(
      'REQUIREMENTS_NOT_FOUND',
      `${where} asks for ${path}, which ${absent ? 'does not exist' : 'cannot be read'}`,
      { hint: 'Paths start at the folder of the file that names them.', cause, facts: { file: path } },
    );
  });
  if (stats.isDirectory()) return findProject(path, where);
  const wheel = parseWheelFilename(basename(path));
  if (wheel) return { kind: 'wheel', path, name: normalizeName(wheel.name), files: [] };
  if (stats.isFile() && ARCHIVE.test(path)) return { kind: 'archive', path, name: undefined, files: [] };
  throw invalid(`${where} asks for ${path}, which is neither a wheel nor a source archive nor a project's folder`);
}

async function findProject(folder: string, where: string): Promise<LocalSource> {
  const files: string[] = [];
  for (const name of METADATA_FILES) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) files.push(join(folder, name));
  }
  if (!files.some((file) => /(?:pyproject\.toml|setup\.py)$/.test(file)))
    throw invalid(`${where} asks for ${folder}, which is no project: it has neither pyproject.toml nor setup.py`);
  const toml = files.find((file) => file.endsWith('pyproject.toml'));
  const project = toml === undefined ? undefined : parseProject(await readTextFile(toml, toml), toml);
  const name = project?.project?.name;
  return { kind: 'folder', path: folder, name: name === undefined ? undefined : normalizeName(name), files, project };
}

/** Projects that lead to others: more is a mistake. */
const PROJECTS_LIMIT = 1000;

/** With the folders that it leads to (`tool.uv.sources`), each once. */
export async function withNeighbours(first: LocalSource): Promise<readonly LocalSource[]> {
  const found = new Map<string, LocalSource>();
  const open = [first];
  for (let local = open.pop(); local; local = open.pop()) {
    if (found.has(local.path)) continue;
    found.set(local.path, local);
    if (found.size > PROJECTS_LIMIT) throw invalid(`${first.path} leads to more than ${PROJECTS_LIMIT} projects`);
    if (local.project) open.push(...(await neighbours(local.project, local.path)));
  }
  return [...found.values()];
}

/** What a project names on this host in its own settings, as far as it is there: who needs what is not there is told by resolution. */
export async function neighbours({ tool }: UvSettings, folder: string): Promise<LocalSource[]> {
  const sources = Object.values(tool?.uv?.sources ?? {}).flat();
  const where = join(folder, 'pyproject.toml');
  const paths = sources.flatMap(({ path }) =>
    path === undefined ? [] : [isAbsolute(path) ? path : join(folder, path)],
  );
  const members = sources.some(({ workspace }) => workspace) ? await membersOf(folder) : [];
  const found = await Promise.all([...paths, ...members].map((path) => findLocal(path, where).catch(absent)));
  return found.filter((one) => one !== undefined);
}

function absent(error: unknown): undefined {
  if (!isImageSpecError(error)) throw error;
}

/** Folders of the workspace that a project belongs to (uv, "Workspaces"). */
async function membersOf(folder: string): Promise<string[]> {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, 'pyproject.toml');
    const text = await readTextFile(file, file).catch(() => undefined);
    const workspace = text === undefined ? undefined : parseProject(text, file).tool?.uv?.workspace;
    if (workspace) {
      const found: string[] = [];
      for (const pattern of workspace.members)
        for await (const member of glob(pattern, { cwd: at })) found.push(join(at, member));
      const isThere = await Promise.all(found.map((one) => stat(join(one, 'pyproject.toml')).catch(() => undefined)));
      return found.filter((_, index) => isThere[index]).sort();
    }
    if (at === dirname(at)) return [];
  }
}

function invalid(message: string): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', message, {
    hint: 'Name a folder with a pyproject.toml, or a wheel.',
  });
}
