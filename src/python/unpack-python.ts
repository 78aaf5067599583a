// Reads an archive of CPython once, from its file to its record: entries, and their contents in one file that layers are made of.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError, messageOf } from '../core/error.ts';
import { ByteReader } from '../filesystem/byte-reader.ts';
import { decompressed } from '../filesystem/decompress.ts';
import type { Entry, FileContent } from '../filesystem/entry.ts';
import { directory } from '../filesystem/entry.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import type { RawEntry } from '../filesystem/raw-tar.ts';
import { readRawTar } from '../filesystem/raw-tar.ts';
import { checkEntry } from '../layer/check-entry.ts';
import { ContentWriter } from '../layer/content-writer.ts';
import { createInflater } from '../layer/create-inflater.ts';
import { createPace } from '../layer/pace.ts';
import { readRange } from '../store/disk.ts';
import { isSysconfig, relocateSysconfig } from './sysconfig.ts';

/** The largest builds have 10,000 entries and unpack to 400 MB. */
const ENTRY_LIMIT = 200_000;
const CONTENT_LIMIT_BYTES = 4e9;
/** Has 60 kB. */
const SYSCONFIG_LIMIT_BYTES = 1 << 20;

interface UnpackPythonRequest {
  /** Host path of the archive, which is what its digest says. */
  readonly file: string;
  /** For messages: `CPython 3.12.16`. */
  readonly subject: string;
  /** Absolute folder of the image. */
  readonly prefix: string;
  /** Host path for the contents; must not exist. After a failure something may be left there. */
  readonly contentFile: string;
}

/** Plain data: it comes from worker threads too. */
export interface UnpackedPython {
  /** In the archive's order, contents in `contentFile`. */
  readonly entries: readonly Entry[];
  /** Of the content file; undefined when it is empty. */
  readonly content: Digest | undefined;
}

/** Throws `ARCHIVE_INVALID`, `TOO_LARGE`, `NOT_FOUND` for an archive that is gone, `CACHE_UNWRITABLE`, `DISK_FULL`, `ABORTED`. */
export async function unpackPython(ctx: Context, request: UnpackPythonRequest): Promise<UnpackedPython> {
  const { contentFile, subject } = request;
  const refuse = refusalOf(subject);
  const pace = createPace(ctx, 0);
  const inflater = await createInflater();
  const writer = new ContentWriter(contentFile, inflater, pace);
  try {
    const entries = await readEntries(request, writer, refuse);
    return { entries, content: writer.finish() };
  } catch (error) {
    writer.discard();
    throw error;
  } finally {
    inflater.close();
  }
}

async function readEntries(
  { file, prefix }: UnpackPythonRequest,
  writer: ContentWriter,
  refuse: Refuse,
): Promise<Entry[]> {
  const root = prefix.slice(1);
  const entries = new Map<string, Entry>([[root, directory(root)]]);
  let size = 0;
  for await (const raw of readRawTar(decompressed(readRange(file), refuse), refuse)) {
    const path = pathIn(root, raw.name, refuse);
    if (path === root && raw.type === 'directory') continue;
    size += raw.size;
    if (entries.size >= ENTRY_LIMIT) throw refuse(`holds more than ${ENTRY_LIMIT} entries`, { code: 'TOO_LARGE' });
    if (size > CONTENT_LIMIT_BYTES)
      throw refuse(`unpacks to more than ${CONTENT_LIMIT_BYTES} bytes`, { code: 'TOO_LARGE' });
    if (entries.has(path)) throw refuse(`holds /${path} twice`);
    const entry = await toEntry(raw, { path, root, prefix }, writer, refuse);
    check(entry, refuse);
    entries.set(path, entry);
  }
  return [...entries.values()];
}

/** All of the archive lies in one folder, `python`. */
function pathIn(root: string, name: string, refuse: Refuse): string {
  const [first, ...rest] = name.split('/').filter((part) => part !== '' && part !== '.');
  if (first === 'python' && !rest.includes('..')) return [root, ...rest].join('/');
  throw refuse(`holds ${JSON.stringify(name.slice(0, 200))}, which is not below "python"`);
}

interface Place {
  readonly path: string;
  readonly root: string;
  readonly prefix: string;
}

/** Everything is root's: the owners of the archive are those of the machine that it was made on. */
async function toEntry(raw: RawEntry, place: Place, writer: ContentWriter, refuse: Refuse): Promise<Entry> {
  const { path, root } = place;
  const attributes = { path, mode: raw.mode, uid: 0, gid: 0, mtime: raw.mtime };
  if (raw.type === 'directory') return { type: 'directory', ...attributes };
  if (raw.type === 'symlink') return { type: 'symlink', ...attributes, target: raw.target };
  if (raw.type === 'hardlink') return { type: 'hardlink', ...attributes, target: pathIn(root, raw.target, refuse) };
  if (raw.type !== 'file') throw refuse(`holds /${path}, which is a ${raw.type}`);
  return { type: 'file', ...attributes, content: await contentOf(raw, place, writer) };
}

async function contentOf(raw: RawEntry, { path, prefix }: Place, writer: ContentWriter): Promise<FileContent> {
  const reader = new ByteReader(raw.content());
  if (raw.size === 0) return { kind: 'inline', bytes: new Uint8Array() };
  if (isSysconfig(path) && raw.size <= SYSCONFIG_LIMIT_BYTES) {
    const text = (await reader.take(raw.size)).toString();
    return { kind: 'inline', bytes: new TextEncoder().encode(relocateSysconfig(text, prefix)) };
  }
  return (await writer.add(raw.size, (length) => reader.take(length))).content;
}

function check(entry: Entry, refuse: Refuse): void {
  try {
    checkEntry(entry);
  } catch (cause) {
    throw refuse(`holds an entry that no layer can hold: ${messageOf(cause)}`, { cause });
  }
}

function refusalOf(subject: string): Refuse {
  return (why, { cause, code = 'ARCHIVE_INVALID' } = {}) =>
    new ImageSpecError(code, `The archive of ${subject} cannot be unpacked: it ${why}`, {
      hint: 'It is damaged, or of another kind than python-build-standalone’s `install_only`: check the mirror.',
      cause,
    });
}
