// Reads a .deb once, from its file to its record: control files, entries, and the contents in one file that layers are made of.
import { stat } from 'node:fs/promises';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import { createInflater } from '../layer/create-inflater.ts';
import type { Pace } from '../layer/pace.ts';
import { createPace } from '../layer/pace.ts';
import { readError, readRange } from '../store/disk.ts';
import { ContentWriter } from '../layer/content-writer.ts';
import type { DebControl } from './deb-control.ts';
import { CONTROL_LIMIT_BYTES, readControl } from './deb-control.ts';
import { DebEntries } from './deb-entries.ts';
import { readMembers } from './deb-members.ts';
import { encodeDeb } from './deb-record.ts';
import { refusalOf } from './invalid-deb.ts';
import type { OpenedDeb } from './opened-deb.ts';
import type { TarEntry } from './tar-reader.ts';
import { TarReader } from './tar-reader.ts';

/**
 * Bounds of a package's content. Real packages reach 60 times their size (many JavaScript files that are nearly alike), and small ones need
 * room for headers; xz and zstd could reach ten thousand. The largest packages known (CUDA, game data) unpack to less than 10 GB.
 */
const DATA_FACTOR = 256;
const DATA_FLOOR_BYTES = 64e6;
const DATA_LIMIT_BYTES = 32e9;

export interface UnpackRequest {
  /** Host path of the .deb, which is what its digest says. */
  readonly file: string;
  /** For messages: `name version`. */
  readonly subject: string;
  /** Host path for the contents; must not exist. After a failure something may be left there. */
  readonly contentFile: string;
}

/** Plain data: it comes from worker threads too. */
export interface UnpackedDeb {
  /** As `decodeDeb` takes it. */
  readonly record: Uint8Array;
  /** Of the content file; undefined when it is empty. */
  readonly content: Digest | undefined;
}

/** Throws `DEB_INVALID`, `NOT_FOUND` for a .deb that is not there, `CACHE_UNWRITABLE`, `DISK_FULL`, `ABORTED`. */
export async function unpackDeb(ctx: Context, { file, subject, contentFile }: UnpackRequest): Promise<UnpackedDeb> {
  const refuse = refusalOf(subject);
  const limit = Math.min(DATA_FLOOR_BYTES + DATA_FACTOR * (await sizeOf(file)), DATA_LIMIT_BYTES);
  const pace = createPace(ctx, 0);
  const inflater = await createInflater();
  const writer = new ContentWriter(contentFile, inflater, pace);
  let control: DebControl | undefined;
  let data: DebData | undefined;
  try {
    await readMembers(
      readRange(file),
      {
        control: async (tar, inner) => {
          control = await readControl(bounded(tar, CONTROL_LIMIT_BYTES, inner), inner);
        },
        data: async (tar, inner) => {
          data = await readData(bounded(tar, limit, inner), writer, pace, inner);
        },
      },
      refuse,
    );
  } catch (error) {
    writer.discard();
    throw error;
  } finally {
    inflater.close();
  }
  const content = writer.finish();
  if (!control || !data) throw new Error('a package was read without its parts');
  return { record: encodeDeb({ ...control, ...data, content }), content };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw readError(file, cause);
  }
}

type DebData = Pick<OpenedDeb, 'entries' | 'md5' | 'owners'>;

async function readData(
  tar: AsyncIterable<Uint8Array>,
  writer: ContentWriter,
  pace: Pace,
  refuse: Refuse,
): Promise<DebData> {
  const entries = new DebEntries(refuse);
  const md5 = new Map<string, string>();
  const owners = new Map<string, { user: string; group: string }>();
  const reader = new TarReader(tar, refuse);
  try {
    for (let entry = await reader.next(); entry; entry = await reader.next()) {
      const path = entries.add(entry);
      await pace(0, ENTRY_EFFORT);
      if (path === undefined) continue;
      if (!isRoot(entry)) owners.set(path, { user: entry.user, group: entry.group });
      if (entry.type !== 'file') continue;
      const written = await writer.add(entry.size, (length) => reader.take(length));
      md5.set(path, written.md5);
      if (entry.size > 0) entries.setContent(path, written.content);
    }
  } finally {
    await reader.close();
  }
  return { entries: entries.all, md5, owners };
}

/** For `Pace`: a header costs as much as this many bytes. */
const ENTRY_EFFORT = 4096;

function isRoot({ uid, gid, user, group }: TarEntry): boolean {
  return uid === 0 && gid === 0 && user === 'root' && group === 'root';
}

async function* bounded(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  refuse: Refuse,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > limit) throw refuse(`unpacks to more than ${limit} bytes`);
    yield chunk;
  }
}
