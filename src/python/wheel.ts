// A wheel as what it says of itself and where its files lie (binary distribution format); checked before anything is believed.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { isImageSpecError, messageOf } from '../core/error.ts';
import type { RecordRow } from './record.ts';
import { parseRecord } from './record.ts';
import type { ZipMember } from './zip.ts';
import { invalidZip, readZip } from './zip.ts';

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

/** METADATA of real wheels stays in the hundreds of kilobytes, RECORD of the largest in the low megabytes. */
const DOCUMENT_LIMIT_BYTES = 32 << 20;

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
  const version = /^Wheel-Version:\s*(\d+)/m.exec(wheel)?.[1];
  if (version !== '1') throw invalidZip(what, `has the wheel version ${version ?? 'none'}, only 1 is known`);
  const name = /^Name:\s*(.+?)\s*$/m.exec(metadata)?.[1] ?? '';
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

const normalized = (name: string): string => name.replace(/[-_.]+/g, '-').toLowerCase();

function findDistInfo(members: readonly ZipMember[], filename: string, what: string): string {
  const tops = new Set(members.map(({ name }) => name.split('/', 1)[0] ?? ''));
  const infos = [...tops].filter((top) => top.endsWith('.dist-info'));
  const [own] = infos;
  if (infos.length !== 1 || !own) throw invalidZip(what, `has ${infos.length} .dist-info folders instead of one`);
  const [name, version] = filename.split('-');
  const [ownName, ownVersion] = own.slice(0, -'.dist-info'.length).split('-');
  if (
    normalized(name ?? '') !== normalized(ownName ?? '') ||
    normalized(version ?? '') !== normalized(ownVersion ?? '')
  ) {
    throw invalidZip(what, `holds ${own}, which is not what its name says`);
  }
  return own;
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

/** The content of one member, as a stream; CRC and size are the layer's to check. */
export function memberBytes(file: string, { method, offset, compressedSize }: ZipMember): AsyncIterable<Uint8Array> {
  if (compressedSize === 0) return emptyBytes();
  const raw = createReadStream(file, { start: offset, end: offset + compressedSize - 1, highWaterMark: 1 << 20 });
  if (method === 0) return raw;
  const inflate = createInflateRaw({ chunkSize: 1 << 20 });
  // Failures of either end destroy the last stream, whose iteration then throws them.
  pipeline(raw as Readable, inflate, () => undefined);
  return inflate;
}

async function* emptyBytes(): AsyncGenerator<Uint8Array> {}

export async function readMember(file: string, member: ZipMember, what: string): Promise<Uint8Array> {
  if (member.size > DOCUMENT_LIMIT_BYTES)
    throw invalidZip(what, `has a document of ${member.size} bytes: ${member.name}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of memberBytes(file, member)) {
      size += chunk.length;
      if (size > member.size) throw invalidZip(what, `has more bytes in ${member.name} than it says`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    throw invalidZip(what, `cannot be read at ${member.name}: ${messageOf(cause)}`, cause);
  }
  if (size !== member.size) throw invalidZip(what, `has fewer bytes in ${member.name} than it says`);
  return Buffer.concat(chunks);
}

async function readText(file: string, member: ZipMember, what: string): Promise<string> {
  return new TextDecoder().decode(await readMember(file, member, what));
}

/** Members of up to this size are inflated in one call, which costs a third of a stream; larger ones flow. */
const WHOLE_LIMIT_BYTES = 4 << 20;

/**
 * Reads every file of the wheel and compares it with RECORD. Throws `WHEEL_INVALID` naming the first that differs. Costs an inflate and a
 * hash of everything: for wheels that are seen for the first time.
 */
export async function verifyRecord(ctx: Context, wheel: Wheel): Promise<void> {
  const what = `wheel ${wheel.filename}`;
  const handle = await open(wheel.file);
  try {
    for (const member of wheel.members) {
      const row = wheel.record.get(member.name);
      if (!row || row.hash === '') continue;
      throwIfAborted(ctx);
      const split = row.hash.indexOf('=');
      const [algorithm, expected] = [row.hash.slice(0, split), row.hash.slice(split + 1)];
      const found = await hashMember(handle, wheel.file, member, algorithm).catch((cause: unknown) => {
        throw invalidZip(what, `cannot be read at ${member.name}: ${messageOf(cause)}`, cause);
      });
      if (found !== expected) throw invalidZip(what, `has a file that is not what its RECORD says: ${member.name}`);
    }
  } finally {
    await handle.close();
  }
}

async function hashMember(handle: FileHandle, file: string, member: ZipMember, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  if (member.size > WHOLE_LIMIT_BYTES || member.compressedSize > WHOLE_LIMIT_BYTES) {
    for await (const chunk of memberBytes(file, member)) hash.update(chunk);
    return hash.digest('base64url');
  }
  const { buffer } = await handle.read(
    Buffer.allocUnsafe(member.compressedSize),
    0,
    member.compressedSize,
    member.offset,
  );
  const whole =
    member.method === 0
      ? buffer
      : inflateRawSync(buffer, { chunkSize: Math.max(64, member.size), maxOutputLength: member.size + 1 });
  return hash.update(whole).digest('base64url');
}
