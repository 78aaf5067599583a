// Image archives: a tar of an image layout, read in place, and written whole at the end.
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { counted } from '../core/counted.ts';
import { step } from '../core/context.ts';
import type { Source, Store, Target } from '../content/store.ts';
import { outputPlace, readRange, writeWhole, writing } from './disk.ts';
import { layoutStore } from './layout.ts';
import type { LayoutOptions } from './layout.ts';
import { layoutSource } from './layout-source.ts';
import { tarFiles } from './tar-files.ts';
import type { ArchiveFile } from './tar-write.ts';
import { tarBytes } from './tar-write.ts';

export interface ArchiveOptions {
  readonly random: () => string;
  /**
   * Folder for blobs until the archive is written, with room for all of them; the caller removes it, also after a failure. Blobs arrive in
   * the order in which work ends, but stand in the archive sorted: equal images give equal archives.
   */
  readonly scratch: string;
}

/** What `skopeo copy oci-archive:` and `podman save --format oci-archive` write. */
export function ociArchiveSource(file: string): Source {
  return layoutSource(`oci-archive:${file}`, tarFiles(file));
}

/** An archive that appears as `file` at `close`. */
export function ociArchiveTarget(file: string, options: ArchiveOptions): Target {
  return archiveTarget(`oci-archive:${file}`, file, options);
}

/** @param extra further files of the archive, asked for at the end */
export function archiveTarget(
  name: string,
  file: string,
  { random, scratch }: ArchiveOptions,
  annotate?: LayoutOptions['annotate'],
  extra: (ctx: Context, layout: Store) => Promise<readonly ArchiveFile[]> = () => Promise.resolve([]),
): Target {
  const folder = join(scratch, random());
  const layout = layoutStore(folder, { random, name, ...(annotate && { annotate }) });
  const { concurrency, has, put, tag } = layout;
  return {
    name,
    concurrency,
    has,
    put,
    tag,
    close: (ctx) =>
      writing(outputPlace(name), async () => {
        const files = [...(await filesOf(folder)), ...(await extra(ctx, layout))];
        if (!files.some(({ path }) => path === 'index.json'))
          throw new Error(`${name} was closed before an image was named`);
        const total = files.reduce((sum, { size }) => sum + size, 0);
        await step(ctx, { step: 'write', subject: name, total, unit: 'bytes' }, async ({ progress }) => {
          const temporary = join(dirname(file), `.${basename(file)}.${random()}`);
          await writeWhole(ctx, counted(tarBytes(files), progress), temporary, file);
        });
      }),
  };
}

/** Files of the folder, each removed once it is read, so that the disk holds the image little more than once. */
async function filesOf(folder: string): Promise<ArchiveFile[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.map(async (path) => ({
      path: path.slice(folder.length + 1),
      size: (await stat(path)).size,
      open: async function* () {
        yield* readRange(path);
        await rm(path);
      },
    })),
  );
}
