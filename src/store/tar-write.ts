// Writes the tar of an image archive: few names, all ours, the same bytes every time.
import { pipeline } from 'node:stream/promises';
import type { Pack } from 'tar-stream';
import { pack as createPack } from 'tar-stream';
import { sortByPath } from '../filesystem/entry.ts';

export interface ArchiveFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** A tar of files with the folders they need, sorted; owner 0, mode 0644 and 0755, time 0. */
export async function* tarBytes(files: readonly ArchiveFile[]): AsyncGenerator<Uint8Array, void, undefined> {
  const pack = createPack();
  const filling = fill(pack, files).catch((error: unknown) => {
    pack.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  yield* pack as AsyncIterable<Uint8Array>;
  await filling;
}

async function fill(pack: Pack, files: readonly ArchiveFile[]): Promise<void> {
  const folders = new Set(files.flatMap(({ path }) => parents(path)));
  for (const folder of sortByPath([...folders], (path) => path)) {
    // tar-stream 3.2 writes "now" for a missing time, and no slash behind folders of its own.
    pack.entry({ name: `${folder}/`, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: new Date(0) });
  }
  for (const { path, size, open } of sortByPath(files, (file) => file.path)) {
    const entry = pack.entry({ name: path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), size });
    await pipeline(open(), entry);
  }
  pack.finalize();
}

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
