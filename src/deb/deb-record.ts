// An opened package as bytes for the cache: rows of compact JSON, since a closure has tens of thousands of entries.
import type { Digest } from '../core/digest.ts';
import type { FileEntry, HostRange } from '../filesystem/entry.ts';
import type { DebEntry } from './deb-entries.ts';
import type { OpenedDeb } from './opened-deb.ts';

export type DebFacts = Omit<OpenedDeb, 'content'> & { readonly content: Digest | undefined };

type Attributes = readonly [path: string, mode: number, uid: number, gid: number, mtime: number];
type Place = readonly [offset: number, length: number, size: number, isDeflated: 0 | 1, crc32: number];
type FileRow = readonly ['f', ...Attributes, md5: string, ...([] | Place)];
type Row =
  | readonly ['d', ...Attributes]
  | readonly ['s', ...Attributes, target: string]
  | readonly ['h', ...Attributes, target: string]
  | FileRow;

interface DebRecord {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly control: OpenedDeb['control'];
  /** Bytes in base64. */
  readonly members: readonly (readonly [name: string, mode: number, bytes: string])[];
  readonly rows: readonly Row[];
  readonly owners: readonly (readonly [path: string, user: string, group: string])[];
  readonly content: Digest | undefined;
}

/** Stands for a CRC-32 that there is none of. */
const NO_CRC = -1;

export function encodeDeb(deb: DebFacts): Uint8Array {
  const { name, version, architecture, control, content } = deb;
  const record: DebRecord = {
    name,
    version,
    architecture,
    control,
    members: [...deb.members].map(([member, { mode, bytes }]) => [member, mode, Buffer.from(bytes).toString('base64')]),
    rows: deb.entries.map((entry) => toRow(entry, deb.md5)),
    owners: [...(deb.owners ?? [])].map(([path, { user, group }]) => [path, user, group]),
    content,
  };
  return new TextEncoder().encode(JSON.stringify(record));
}

export interface DecodedDeb {
  /** The blob of the contents, if there are any. */
  readonly content: Digest | undefined;
  /** The package, with its contents at this host path. */
  readonly at: (file: string) => OpenedDeb;
}

export function decodeDeb(bytes: Uint8Array): DecodedDeb {
  const { members, rows, owners, content, ...about } = JSON.parse(new TextDecoder().decode(bytes)) as DebRecord;
  return {
    content,
    at: (file) => ({
      ...about,
      members: new Map(members.map(([name, mode, text]) => [name, { bytes: Buffer.from(text, 'base64'), mode }])),
      entries: rows.map((row) => toEntry(row, file)),
      md5: new Map(rows.flatMap((row) => (row[0] === 'f' ? [[row[1], row[6]] as const] : []))),
      owners: new Map(owners.map(([path, user, group]) => [path, { user, group }])),
      content: content && { digest: content, file },
    }),
  };
}

function toRow(entry: DebEntry, md5: ReadonlyMap<string, string>): Row {
  const { path, mode, uid, gid, mtime } = entry;
  const attributes = [path, mode, uid, gid, mtime] as const;
  if (entry.type === 'directory') return ['d', ...attributes];
  if (entry.type !== 'file') return [entry.type === 'symlink' ? 's' : 'h', ...attributes, entry.target];
  return ['f', ...attributes, md5.get(path) ?? '', ...placeOf(entry.content)];
}

/** Empty files have none. */
function placeOf(content: FileEntry['content']): [] | Place {
  if (content.kind === 'inline') return [];
  const { offset, length, size, encoding, crc32 = NO_CRC } = content;
  return [offset, length, size, encoding === 'deflate' ? 1 : 0, crc32];
}

function toEntry(row: Row, file: string): DebEntry {
  const [, path, mode, uid, gid, mtime] = row;
  const attributes = { path, mode, uid, gid, mtime };
  if (row[0] === 'd') return { type: 'directory', ...attributes };
  if (row[0] === 's') return { type: 'symlink', ...attributes, target: row[6] };
  if (row[0] === 'h') return { type: 'hardlink', ...attributes, target: row[6] };
  return { type: 'file', ...attributes, content: toContent(row, file) };
}

function toContent(row: FileRow, file: string): FileEntry['content'] {
  const [, , , , , , , offset, length, size, isDeflated, crc32] = row;
  if (offset === undefined || length === undefined || size === undefined)
    return { kind: 'inline', bytes: new Uint8Array() };
  const place: HostRange = { kind: 'range', file, offset, length, size, encoding: isDeflated ? 'deflate' : 'identity' };
  return crc32 === undefined || crc32 === NO_CRC ? place : { ...place, crc32 };
}
