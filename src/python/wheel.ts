// A wheel as what it says of itself and where its files lie (binary distribution format); checked before anything is believed.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { ContentScanner } from '../layer/scan-content.ts';
import { invalidZip } from './invalid-zip.ts';
import { contentOf, readMember } from './member.ts';
import { normalizeName } from './package-name.ts';
import type { RecordRow } from './record.ts';
import { parseRecord } from './record.ts';
import { compareVersions, isVersion } from './version.ts';
import type { ZipMember } from './zip.ts';
import { readZip } from './zip.ts';

export interface Wheel {
  /** Host path. */
  readonly file: string;
  readonly filename: string;
  /** Bytes of the wheel. */
  readonly size: number;
  /** Its files. */
  readonly members: readonly ZipMember[];
  /** Directories that hold nothing, without slash at the end. */
  readonly emptyFolders: readonly string[];
  /** `numpy-2.2.6.dist-info` */
  readonly distInfo: string;
  /** `numpy`, as METADATA writes it. */
  readonly name: string;
  readonly record: ReadonlyMap<string, RecordRow>;
  readonly entryPoints: string;
}

/**
 * Reads the directory and the documents of a wheel. Throws `WHEEL_INVALID` when it is damaged, hostile, not what its name says, of a newer
 * major version, or when RECORD and members disagree.
 */
export async function readWheel(ctx: Context, file: string, filename: string): Promise<Wheel> {
  throwIfAborted(ctx);
  const what = `wheel ${filename}`;
  const [all, { size }] = await Promise.all([readZip(file, what), stat(file)]);
  const members = all.filter(({ name }) => !name.endsWith('/'));
  const byName = new Map(members.map((member) => [member.name, member]));
  const distInfo = findDistInfo(members, filename, what);
  const document = async (name: string): Promise<string | undefined> => {
    const member = byName.get(`${distInfo}/${name}`);
    return member && (await readText(file, member, what));
  };
  const [metadata, wheel, record, entryPoints] = await Promise.all(
    ['METADATA', 'WHEEL', 'RECORD', 'entry_points.txt'].map(document),
  );
  if (metadata === undefined || wheel === undefined || record === undefined) {
    throw invalidZip(what, `lacks METADATA, WHEEL or RECORD in ${distInfo}`);
  }
  checkFormat(wheel, what);
  const name = nameIn(metadata, filename, what);
  const rows = checkRecord(members, distInfo, record, what);
  const emptyFolders = emptyFoldersOf(all.map((member) => member.name));
  return { file, filename, size, members, emptyFolders, distInfo, name, record: rows, entryPoints: entryPoints ?? '' };
}

/** Folders without files, to any depth, are stated one by one: all others come with their files. */
function emptyFoldersOf(names: readonly string[]): string[] {
  const filled = new Set<string>();
  for (const name of names) {
    for (let slash = name.lastIndexOf('/', name.length - 2); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
      filled.add(name.slice(0, slash));
    }
  }
  return names
    .filter((name) => name.endsWith('/'))
    .map((name) => name.slice(0, -1))
    .filter((name) => !filled.has(name));
}

function findDistInfo(members: readonly ZipMember[], filename: string, what: string): string {
  const tops = new Set(members.map(({ name }) => name.split('/', 1)[0] ?? ''));
  const infos = [...tops].filter((top) => top.endsWith('.dist-info'));
  const [own] = infos;
  if (infos.length !== 1 || !own) throw invalidZip(what, `has ${infos.length} .dist-info folders instead of one`);
  const [name, version] = own.slice(0, -'.dist-info'.length).split('-');
  if (isNamed(filename, name, version)) return own;
  throw invalidZip(what, `holds ${own}, which is not what its name says`);
}

/** Whether the file name of a wheel is one of this name and version; both may be spelled in several ways. */
function isNamed(filename: string, name: string | undefined, version: string | undefined): boolean {
  const [ownName = '', ownVersion = ''] = filename.split('-');
  if (normalizeName(name ?? '') !== normalizeName(ownName)) return false;
  if (version === undefined || !isVersion(version) || !isVersion(ownVersion)) return version === ownVersion;
  return compareVersions(version, ownVersion) === 0;
}

/** The format that this reader knows (binary distribution format, "Installing a wheel": another major version is refused). */
function checkFormat(wheel: string, what: string): void {
  const version = headerIn(wheel, 'Wheel-Version');
  if (version === undefined) throw invalidZip(what, 'does not say its Wheel-Version');
  if (!/^1(?:\.\d+)*$/.test(version)) throw invalidZip(what, `is of the wheel format ${version}, only 1 is known`);
}

/** The name as METADATA writes it: it becomes part of paths, so it must be the one that the file name says. */
function nameIn(metadata: string, filename: string, what: string): string {
  const [name, version] = [headerIn(metadata, 'Name'), headerIn(metadata, 'Version')];
  if (name !== undefined && isNamed(filename, name, version)) return name;
  throw invalidZip(
    what,
    `is ${name ?? 'nameless'} ${version ?? 'without a version'} by its METADATA, not what its name says`,
  );
}

/** The value of a header in the head of an e-mail like document. */
function headerIn(document: string, header: string): string | undefined {
  const [head = ''] = document.split(/\r?\n\r?\n/, 1);
  return new RegExp(`^${header}:(.*)$`, 'im').exec(head)?.[1]?.trim();
}

/** Files that sign RECORD cannot stand in it. */
const UNLISTED = /\/RECORD(?:\.jws|\.p7s)?$/;

function checkRecord(
  members: readonly ZipMember[],
  distInfo: string,
  text: string,
  what: string,
): ReadonlyMap<string, RecordRow> {
  const rows = parseRecord(text);
  if (!rows) throw invalidZip(what, 'has a RECORD that is not CSV of three columns');
  const byPath = new Map(rows.map((row) => [row.path, row]));
  const names = new Set(members.map(({ name }) => name));
  for (const { name, size } of members) {
    if (name.startsWith(`${distInfo}/RECORD`) && UNLISTED.test(name)) continue;
    const row = byPath.get(name);
    if (!row) throw invalidZip(what, `has a file that its RECORD does not list: ${name}`);
    if (!/^sha(?:256|384|512)=/.test(row.hash))
      throw invalidZip(what, `lists ${name} without a sha256 or better in its RECORD`);
    if (row.size !== '' && Number(row.size) !== size)
      throw invalidZip(what, `lists ${name} with another size in its RECORD`);
  }
  const missing = rows.find(({ path }) => !names.has(path) && !path.endsWith('/'));
  if (missing) throw invalidZip(what, `lacks a file that its RECORD lists: ${missing.path}`);
  return byPath;
}

async function readText(file: string, member: ZipMember, what: string): Promise<string> {
  return new TextDecoder().decode(await readMember(file, member, what));
}

/**
 * Reads every file of the wheel and compares it with zip and RECORD. Throws `WHEEL_INVALID` naming the first that differs. Costs an inflate
 * and a hash of everything: for wheels that are seen for the first time.
 */
export async function verifyRecord(ctx: Context, wheel: Wheel, scanner: ContentScanner): Promise<void> {
  const what = `wheel ${wheel.filename}`;
  for (const member of wheel.members) {
    throwIfAborted(ctx);
    const [algorithm, expected] = listedHash(wheel.record.get(member.name));
    const hash = createHash(algorithm);
    const damaged = (why: string): Error => invalidZip(what, `has a damaged file, ${member.name}: ${why}`);
    await scanner.scan(contentOf(wheel.file, member), damaged, (bytes) => hash.update(bytes));
    if (expected !== '' && hash.digest('base64url') !== expected)
      throw invalidZip(what, `has a file that is not what its RECORD says: ${member.name}`);
  }
}

/** Algorithm and digest; RECORD itself and its signatures have none. */
function listedHash(row: RecordRow | undefined): readonly [algorithm: string, expected: string] {
  const [algorithm = '', expected = ''] = (row?.hash ?? '').split('=', 2);
  return [algorithm || 'sha256', expected];
}
