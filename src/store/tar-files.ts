// A tar archive as files by name: its headers are read once, after that every file is a range of the archive. Nothing is unpacked.
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Header as TarHeader } from 'tar-stream';
import { extract as createExtract } from 'tar-stream';
import { ImageSpecError, isImageSpecError, messageOf } from '../core/error.ts';
import { Once } from '../core/once.ts';
import { readError, readRange } from './disk.ts';
import type { Files } from './files.ts';

const BLOCK_BYTES = 512;
/** Entries of one archive: hundreds of images stay below, and reading the headers of a hostile one ends after seconds. */
const ENTRY_LIMIT = 20_000;
/** Header of one entry with its extensions: the longest paths and attributes that file systems allow fit. */
const HEADER_LIMIT_BYTES = 256 << 10;

/** Where a file lies in the archive, or which other name it has. */
type Spot = { readonly offset: number; readonly size: number } | { readonly link: string };

/**
 * Files of an uncompressed tar archive. Throws `NOT_FOUND` when there is no such archive, and `ARCHIVE_INVALID` on names that leave it, names
 * that stand twice (readers differ in which one counts), links that lead nowhere, too many entries, or when it is cut.
 */
export function tarFiles(file: string): Files {
  const indexing = new Once<string, ReadonlyMap<string, Spot>>();
  const find = async (path: string) => {
    const index = await indexing.run(file, () => indexTar(file));
    const spot = index.get(path);
    // docker save writes a layer that occurs twice as a symbolic link to the first: one step, so no loops.
    const target = spot && 'link' in spot ? index.get(spot.link) : spot;
    if (spot && (!target || 'link' in target)) throw invalid(file, `"${path}" is a link that leads to no file`);
    return target && 'offset' in target ? target : undefined;
  };
  return {
    size: async (path) => (await find(path))?.size,
    open: async function* (path) {
      const spot = await find(path);
      if (!spot) throw new ImageSpecError('NOT_FOUND', `There is no file "${path}" in ${file}`);
      yield* readRange(file, spot.offset, spot.size);
    },
  };
}

async function indexTar(file: string): Promise<ReadonlyMap<string, Spot>> {
  const handle = await openArchive(file);
  try {
    const { size } = await handle.stat();
    const index = new Map<string, Spot>();
    let count = 0;
    for (let at = 0; at < size;) {
      const entry = await readEntry(handle, at, file);
      if (!entry) break;
      if (++count > ENTRY_LIMIT) throw invalid(file, `it has more than ${ENTRY_LIMIT} entries`);
      if (entry.end > size) throw invalid(file, `it ends within "${entry.name}"`);
      if (entry.spot) {
        if (index.has(entry.name)) throw invalid(file, `"${entry.name}" stands in it twice`);
        index.set(entry.name, entry.spot);
      }
      at = Math.ceil(entry.end / BLOCK_BYTES) * BLOCK_BYTES;
    }
    return index;
  } finally {
    await handle.close();
  }
}

async function openArchive(file: string): Promise<FileHandle> {
  try {
    // Opening a pipe would wait for a writer.
    if ((await stat(file)).isFile()) return await open(file);
  } catch (error) {
    throw readError(file, error);
  }
  throw invalid(file, 'it is not a regular file');
}

interface Entry {
  readonly name: string;
  /** Undefined for what has no bytes and is no link: folders, devices. */
  readonly spot: Spot | undefined;
  /** Offset after its bytes. */
  readonly end: number;
}

/** Types without content, whatever size they claim (pax, "ustar Interchange Format"). */
const WITHOUT_CONTENT: ReadonlySet<string> = new Set<Header['type']>([
  'link',
  'symlink',
  'directory',
  'character-device',
  'block-device',
  'fifo',
]);

/** The entry whose header starts at `at`, or undefined at the end of the archive: a block of zeros. */
async function readEntry(handle: FileHandle, at: number, file: string): Promise<Entry | undefined> {
  const header = await readHeader(handle, at, file);
  if (!header) return undefined;
  const name = nameWithin(header.name, file);
  const offset = at + header.byteOffset;
  const end = offset + (WITHOUT_CONTENT.has(header.type) ? 0 : header.size);
  return { name, spot: spotOf(header, name, offset, file), end };
}

function spotOf({ type, linkname, size }: Header, name: string, offset: number, file: string): Spot | undefined {
  const written = linkname ?? '';
  if (type === 'file' || type === 'contiguous-file') return { offset, size };
  if (type === 'link') return { link: nameWithin(written, file) };
  if (type !== 'symlink') return undefined;
  const target = written.startsWith('/') ? written : posix.join(posix.dirname(name), written);
  return { link: nameWithin(target, file) };
}

/** What the package's types leave out: links may lack a target, and the offset of the content from the start of the header. */
type Header = Omit<TarHeader, 'linkname'> & { readonly linkname: string | null; readonly byteOffset: number };

/** One extractor decodes one header, so that content is skipped by seeking, not by reading. */
async function readHeader(handle: FileHandle, at: number, file: string): Promise<Header | undefined> {
  const extract = createExtract();
  // Its failures come out of the extractor as well; leaving the loop is one of them.
  const fed = pipeline(headerBlocks(handle, at, file), extract).catch(() => undefined);
  try {
    for await (const entry of extract) return entry.header as Header;
    return undefined;
  } catch (error) {
    throw isImageSpecError(error) ? error : invalid(file, messageOf(error), error);
  } finally {
    await fed;
  }
}

async function* headerBlocks(handle: FileHandle, start: number, file: string) {
  for (let at = start; at < start + HEADER_LIMIT_BYTES; at += BLOCK_BYTES) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, at);
    if (at === 0 && buffer[0] === 0x1f && buffer[1] === 0x8b)
      throw invalid(file, 'it is compressed with gzip', undefined, 'Decompress it first: gunzip.');
    if (bytesRead < BLOCK_BYTES) throw invalid(file, 'it ends within a header');
    if (at === start && buffer.every((byte) => byte === 0)) return;
    yield buffer;
  }
  throw invalid(file, `the header of an entry is larger than ${HEADER_LIMIT_BYTES} bytes`);
}

/** The name without `./` in front and `/` behind. Nothing is unpacked, but a name that tries to leave tells what the archive is made for. */
function nameWithin(name: string, file: string): string {
  const parts = name.split('/');
  if (name.startsWith('/') || parts.includes('..')) throw invalid(file, `the name "${name}" leaves the archive`);
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

function invalid(
  file: string,
  why: string,
  cause?: unknown,
  hint = 'Make the archive again: docker save, skopeo copy and podman save write readable ones.',
): ImageSpecError {
  return new ImageSpecError('ARCHIVE_INVALID', `${file} is not an image archive that can be read: ${why}`, {
    hint,
    cause,
  });
}
