// A wheel becomes entries of an environment, as the specification of installing wheels says (binary distribution format; PEP 376, 610).
import type { Entry, FileEntry } from '../filesystem/entry.ts';
import { directory, inlineFile } from '../filesystem/entry.ts';
import { invalidZip } from './invalid-zip.ts';
import type { DirectUrl } from './lock.ts';
import { normalizeName } from './package-name.ts';
import type { RecordRow } from './record.ts';
import { printRecord, rowOf } from './record.ts';
import { parseEntryPoints, rewrittenScript, withPipOf, wrapperScript } from './scripts.ts';
import type { VenvLayout } from './venv.ts';
import type { Wheel } from './wheel.ts';
import { contentOf, readMember } from './member.ts';
import type { ZipMember } from './zip.ts';

const INSTALLER = 'imagespec';
/** Longer scripts of `.data/scripts` are programs (ruff, uv), which no first line makes a script. */
const SCRIPT_LIMIT_BYTES = 1 << 20;

export interface InstallOptions {
  readonly venv: VenvLayout;
  readonly requested: boolean;
  readonly directUrl?: DirectUrl | undefined;
}

interface Installed {
  /** Below the root of the environment. */
  readonly path: string;
  readonly entry: FileEntry;
  readonly row: RecordRow;
}

/** All files of the wheel, at their places below the environment's root. Throws `WHEEL_INVALID`. */
export async function installWheel(wheel: Wheel, options: InstallOptions): Promise<readonly Entry[]> {
  const { venv } = options;
  const what = `wheel ${wheel.filename}`;
  const listed = parseEntryPoints(wheel.entryPoints, (line) => {
    throw invalidZip(what, `has an entry point that is no program: ${line}`);
  });
  const points = normalizeName(wheel.name) === 'pip' ? withPipOf(venv.version, listed) : listed;
  const wrappers = new Set(points.map(({ name }) => `bin/${name}`));
  const installed: Installed[] = [];
  for (const member of wheel.members) {
    if (member.name === `${wheel.distInfo}/RECORD`) continue;
    const one = await installMember(wheel, member, venv);
    // The entry points are the authority on programs of their names.
    if (!wrappers.has(one.path)) installed.push(one);
  }
  for (const point of points) installed.push(made(venv, `bin/${point.name}`, wrapperScript(venv.python, point), 0o755));
  refuseTwice(installed, what);
  const info = `${venv.sitePackages}/${wheel.distInfo}`;
  const own = [made(venv, `${info}/INSTALLER`, INSTALLER)];
  if (options.requested) own.push(made(venv, `${info}/REQUESTED`, ''));
  if (options.directUrl) own.push(made(venv, `${info}/direct_url.json`, JSON.stringify(options.directUrl)));
  // What only an installer may say is not believed of a wheel.
  const replaced = new Set(['INSTALLER', 'REQUESTED', 'direct_url.json'].map((name) => `${info}/${name}`));
  const all = [...installed.filter(({ path }) => !replaced.has(path)), ...own];
  const rows = [...all.map(({ row }) => row), { path: `${wheel.distInfo}/RECORD`, hash: '', size: '' }];
  const record = inlineFile(`${venv.root.slice(1)}/${info}/RECORD`, printRecord(rows));
  return [...foldersOf(wheel, venv), ...all.map(({ entry }) => entry), record];
}

/** Folders that the wheel has without files in them: as unpacking it would make them, though RECORD lists files only. */
function foldersOf(wheel: Wheel, venv: VenvLayout): Entry[] {
  const data = wheel.distInfo.replace(/\.dist-info$/, '.data');
  // The first levels of .data are no folders of the environment.
  const wanted = wheel.emptyFolders.filter((name) => {
    const [top, , below] = name.split('/');
    return top !== data || below !== undefined;
  });
  return wanted.map((name) => directory(`${venv.root.slice(1)}/${placeOf(wheel, name, venv).path}`));
}

/** Members of several folders may be meant for one place, as `a.py` and `a-1.data/purelib/a.py`. */
function refuseTwice(installed: readonly Installed[], what: string): void {
  const paths = new Set<string>();
  for (const { path } of installed) {
    if (paths.has(path)) throw invalidZip(what, `has two files for one place: ${path}`);
    paths.add(path);
  }
}

/** A path as RECORD has it: relative to site-packages. */
function recordPath(venv: VenvLayout, path: string): string {
  const site = `${venv.sitePackages}/`;
  if (path.startsWith(site)) return path.slice(site.length);
  return `${'../'.repeat(venv.sitePackages.split('/').length)}${path}`;
}

function made(venv: VenvLayout, path: string, text: string | Uint8Array, mode = 0o644): Installed {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const entry = inlineFile(`${venv.root.slice(1)}/${path}`, bytes, { mode });
  return { path, entry, row: rowOf(recordPath(venv, path), bytes) };
}

async function installMember(wheel: Wheel, member: ZipMember, venv: VenvLayout): Promise<Installed> {
  const { path, isScript } = placeOf(wheel, member.name, venv);
  const what = `wheel ${wheel.filename}`;
  if (isScript && member.size <= SCRIPT_LIMIT_BYTES) {
    const rewritten = rewrittenScript(await readMember(wheel.file, member, what), venv.python);
    if (rewritten) return made(venv, path, rewritten, 0o755);
  }
  const mode = isScript || (member.mode & 0o111) !== 0 ? 0o755 : 0o644;
  const listed = wheel.record.get(member.name);
  const entry: FileEntry = {
    type: 'file',
    path: `${venv.root.slice(1)}/${path}`,
    mode,
    uid: 0,
    gid: 0,
    mtime: 0,
    content: contentOf(wheel.file, member),
  };
  return { path, entry, row: { path: recordPath(venv, path), hash: listed?.hash ?? '', size: String(member.size) } };
}

/** Where a member goes (binary distribution format, "The .data directory"). */
function placeOf(wheel: Wheel, name: string, venv: VenvLayout): { path: string; isScript: boolean } {
  const data = wheel.distInfo.replace(/\.dist-info$/, '.data/');
  if (!name.startsWith(data)) return { path: `${venv.sitePackages}/${name}`, isScript: false };
  const [key = '', ...rest] = name.slice(data.length).split('/');
  const below = rest.join('/');
  const places: Readonly<Record<string, string>> = {
    purelib: venv.sitePackages,
    platlib: venv.sitePackages,
    headers: `${venv.include}/${normalizeName(wheel.name)}`,
    scripts: 'bin',
    data: '',
  };
  const place = Object.hasOwn(places, key) ? places[key] : undefined;
  if (place === undefined || below === '') {
    throw invalidZip(`wheel ${wheel.filename}`, `has data of an unknown kind: ${name}`);
  }
  return { path: place === '' ? below : `${place}/${below}`, isScript: key === 'scripts' };
}
