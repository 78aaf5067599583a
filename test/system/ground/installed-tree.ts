// Installed trees as data: of a folder, and of an image's layers; equal trees give equal maps.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';

export interface TreeFile {
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  /** Permission bits; 0 for symlinks, where they mean nothing. */
  readonly mode: number;
  /** Of files. */
  readonly sha256?: string;
  /** Of symlinks. */
  readonly target?: string;
  /** Of small files, for comparing what they say. */
  readonly text?: string;
  /** `e_machine` of programs and libraries (ELF). */
  readonly machine?: number;
}

/** By path below the root of the environment. */
export type InstalledTree = ReadonlyMap<string, TreeFile>;

/** RECORD of large wheels takes more; what is longer is compared by its digest. */
const TEXT_LIMIT_BYTES = 1 << 20;
const ELF_MACHINE_OFFSET = 18;

function fileOf(bytes: Buffer, mode: number): TreeFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const isElf = bytes.subarray(0, 4).toString('latin1') === '\x7fELF';
  return {
    type: 'file',
    mode,
    sha256,
    ...(bytes.length <= TEXT_LIMIT_BYTES && { text: bytes.toString('utf8') }),
    ...(isElf && { machine: bytes.readUInt16LE(ELF_MACHINE_OFFSET) }),
  };
}

export async function treeOfFolder(root: string): Promise<InstalledTree> {
  const tree = new Map<string, TreeFile>();
  const walk = async (below: string): Promise<void> => {
    for (const name of await readdir(join(root, below))) {
      const path = below === '' ? name : `${below}/${name}`;
      const file = await readOne(join(root, path));
      tree.set(path, file);
      if (file.type === 'directory') await walk(path);
    }
  };
  await walk('');
  return tree;
}

async function readOne(path: string): Promise<TreeFile> {
  const found = await lstat(path);
  const mode = found.mode & 0o7777;
  if (found.isDirectory()) return { type: 'directory', mode };
  if (found.isSymbolicLink()) return { type: 'symlink', mode: 0, target: await readlink(path) };
  return found.isFile() ? fileOf(await readFile(path), mode) : { type: 'other', mode };
}

/**
 * What layers have below a folder, the lowest first, read with tar-stream, which did not write them.
 * @param root path in the image, without slashes at its ends
 */
export async function treeOfLayers(blobs: readonly string[], root: string): Promise<InstalledTree> {
  const tree = new Map<string, TreeFile>();
  for (const blob of blobs) {
    const entries = createReadStream(blob).pipe(createGunzip()).pipe(extract());
    for await (const entry of entries) {
      const { name, mode, type, linkname } = entry.header;
      const bytes = await buffer(entry);
      const path = name.replace(/\/$/, '');
      if (!path.startsWith(`${root}/`)) continue;
      tree.set(path.slice(root.length + 1), memberOf(type, bytes, mode, linkname));
    }
  }
  return tree;
}

function memberOf(type: string | null | undefined, bytes: Buffer, mode: number, target?: string | null): TreeFile {
  if (type === 'directory') return { type, mode };
  if (type === 'symlink') return { type, mode: 0, target: target ?? '' };
  return type === 'file' ? fileOf(bytes, mode) : { type: 'other', mode };
}
