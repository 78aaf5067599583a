// An OCI image layout in a folder, as a store (image-spec, image-layout.md).
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import { counted } from '../core/counted.ts';
import { verified } from '../core/digest.ts';
import { ImageSpecError, systemCode } from '../core/error.ts';
import { Once } from '../core/once.ts';
import type { Store, Target } from '../content/store.ts';
import type { Annotations, Descriptor } from '../oci/descriptor.ts';
import { makeFolder, outputPlace, writeWhole, writing } from './disk.ts';
import { folderFiles } from './files.ts';
import { printIndexFile, readIndex, REF_NAME, withEntries } from './layout-index.ts';
import { blobPath, checkLayout, LAYOUT_BYTES, LAYOUT_FILE, layoutSource } from './layout-source.ts';
import { withLock } from './lock.ts';

export interface LayoutOptions {
  /** A short text that no other call gives: names of temporary files. */
  readonly random: () => string;
  /** For messages; `oci:FOLDER` when absent. */
  readonly name?: string;
  /** Annotations that the entry of a name gets in index.json; `org.opencontainers.image.ref.name` when absent. */
  readonly annotate?: (name: string) => Annotations;
}

/** Blobs written to one disk at a time: enough to hash one while another waits for its source. */
const CONCURRENCY = 4;
const TEMPORARY = '.imagespec-';

/**
 * A layout. It is made when first written to; a folder that has other things in it is refused. Safe against other processes that write to
 * the same layout: blobs appear whole, and index.json is rewritten under a lock. Without names an image is listed nameless, in the place of
 * an earlier nameless one.
 */
export function layoutStore(folder: string, options: LayoutOptions): Store {
  const { name = `oci:${folder}` } = options;
  const source = layoutSource(name, folderFiles(folder));
  return {
    ...source,
    ...layoutTarget(folder, name, options),
    resolve: async (ctx, wanted) => ((await exists(folder)) ? source.resolve(ctx, wanted) : undefined),
  };
}

function layoutTarget(folder: string, name: string, { random, annotate = refName }: LayoutOptions): Target {
  const files = folderFiles(folder);
  const place = outputPlace(name);
  const prepared = new Once<string, void>();
  const write = (ctx: Context, path: string, bytes: AsyncIterable<Uint8Array> | Uint8Array) =>
    writeWhole(ctx, bytes, join(folder, `${TEMPORARY}${random()}`), join(folder, path));
  const prepare = (ctx: Context) =>
    prepared.run(folder, async () => {
      await refuseOther(folder, name);
      await makeFolder(join(folder, 'blobs/sha256'));
      if ((await files.size(LAYOUT_FILE)) === undefined) await write(ctx, LAYOUT_FILE, LAYOUT_BYTES);
      await checkLayout(name, files);
    });
  const has: Target['has'] = async (_ctx, { digest, size }) => (await files.size(blobPath(digest))) === size;
  const put: Target['put'] = (ctx, { descriptor, open }, onProgress) =>
    writing(place, async () => {
      await prepare(ctx);
      const bytes = verified(open(ctx, { reuse: true }), descriptor, `${descriptor.digest} for ${name}`);
      await write(ctx, blobPath(descriptor.digest), counted(bytes, onProgress));
    });
  const list = (ctx: Context, descriptor: Descriptor, names: readonly string[]) =>
    withLock(ctx, join(folder, 'index.json.lock'), { random }, async () => {
      const entries = [...new Set(names)].sort().map(annotate);
      await write(ctx, 'index.json', printIndexFile(withEntries(await readIndex(name, files), descriptor, entries)));
    });
  return {
    name,
    concurrency: CONCURRENCY,
    has,
    put,
    tag: async (ctx, content, names) => {
      if (!(await has(ctx, content.descriptor))) await put(ctx, content);
      await writing(place, async () => {
        await prepare(ctx);
        await list(ctx, content.descriptor, names);
      });
    },
  };
}

function refName(name: string): Annotations {
  return { [REF_NAME]: name };
}

/** Other trouble than absence shows when it is read. */
async function exists(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    (error: unknown) => systemCode(error) !== 'ENOENT',
  );
}

/** Blobs scattered among somebody's own files would be hard to take out again. */
async function refuseOther(folder: string, name: string): Promise<void> {
  const found = (await exists(folder)) ? await readdir(folder) : [];
  if (found.includes(LAYOUT_FILE)) return;
  // Another process may be making this layout just now.
  const others = found.filter((entry) => entry !== 'blobs' && !entry.startsWith(TEMPORARY));
  if (others.length === 0) return;
  throw new ImageSpecError('OUTPUT_UNWRITABLE', `${name} has other files than an OCI image layout: ${others[0]}`, {
    hint: 'Choose an empty folder, or one that does not exist yet.',
  });
}
