// Push, pull, export and cache are all `copy`: children first, each digest once, ask before sending, names last.
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { mapLimited } from '../core/limit.ts';
import { isNondistributable } from '../oci/media-type.ts';
import type { Content, Image, Index } from './content.ts';
import type { Target } from './store.ts';

/** What became of one content at the target. `none`: left out, as foreign layers must be. */
export type Transfer = 'none' | 'exists' | 'mounted' | 'uploaded';

export interface CopyReport {
  readonly transfers: ReadonlyMap<Digest, Transfer>;
  /** Bytes of contents that were sent. */
  readonly uploadedBytes: number;
}

/** Copies an image or index with everything it refers to, then gives it its names. */
export async function copy(
  ctx: Context,
  root: Image | Index,
  target: Target,
  names: readonly string[],
): Promise<CopyReport> {
  const transfers = new Map<Digest, Transfer>();
  let uploadedBytes = 0;
  const send = async (content: Content): Promise<void> => {
    const transfer = await transferOne(ctx, content, target);
    transfers.set(content.descriptor.digest, transfer);
    if (transfer === 'uploaded') uploadedBytes += content.descriptor.size;
  };
  const images = root.kind === 'index' ? root.images : [root];
  const blobs = new Map<Digest, Content>();
  for (const image of images)
    for (const blob of [...image.layers, image.configContent]) blobs.set(blob.descriptor.digest, blob);
  const largestFirst = [...blobs.values()].sort((a, b) => b.descriptor.size - a.descriptor.size);
  await mapLimited(ctx, largestFirst, target.concurrency, send);
  if (root.kind === 'index') await mapLimited(ctx, uniqueByDigest(root.images), target.concurrency, send);
  await target.tag(ctx, root, names);
  transfers.set(root.descriptor.digest, 'uploaded');
  uploadedBytes += root.descriptor.size;
  return { transfers, uploadedBytes };
}

async function transferOne(ctx: Context, content: Content, target: Target): Promise<Transfer> {
  const { digest, size, mediaType } = content.descriptor;
  if (isNondistributable(mediaType)) return 'none';
  return step(ctx, { step: 'upload', subject: digest, total: size, unit: 'bytes' }, async (report) => {
    if (await target.has(ctx, content.descriptor)) {
      report.note('exists', 'skipped');
      return 'exists';
    }
    if (content.mountFrom && (await target.mount?.(ctx, content))) {
      report.note(`mounted from ${content.mountFrom.repository}`, 'skipped');
      return 'mounted';
    }
    await target.put(ctx, content, report.progress);
    return 'uploaded';
  });
}

function uniqueByDigest<T extends Content>(contents: readonly T[]): T[] {
  return [...new Map(contents.map((content) => [content.descriptor.digest, content])).values()];
}
