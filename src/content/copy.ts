// Push, pull, export and cache are all `copy`: children first, each digest once, ask before sending, names last.
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { createLimit, mapLimited } from '../core/limit.ts';
import { Once } from '../core/once.ts';
import { isIndexType, isManifestType, isNondistributable } from '../oci/media-type.ts';
import type { Content, Image, Index } from './content.ts';
import type { Target } from './store.ts';

/** What became of one content at the target. `none`: left out, as foreign layers must be. */
export type Transfer = 'none' | 'exists' | 'mounted' | 'uploaded';

export interface CopyReport {
  readonly transfers: ReadonlyMap<Digest, Transfer>;
  /** Bytes of contents that were sent. */
  readonly uploadedBytes: number;
}

/** Sends contents as they become known, so that a layer is on its way while the next is still being made. */
export interface Sender {
  /** Sends a blob or manifest once, however often it is asked for. */
  readonly send: (content: Content) => Promise<Transfer>;
  /** Sends what the root still lacks, children first, then gives it its names. */
  readonly finish: (root: Image | Index, names: readonly string[]) => Promise<CopyReport>;
}

export function createSender(ctx: Context, target: Target): Sender {
  const once = new Once<Digest, Transfer>();
  const limit = createLimit(target.concurrency);
  const transfers = new Map<Digest, Transfer>();
  let uploadedBytes = 0;
  const send = (content: Content): Promise<Transfer> =>
    once.run(content.descriptor.digest, () =>
      limit(async () => {
        const transfer = await transferOne(ctx, content, target);
        transfers.set(content.descriptor.digest, transfer);
        if (transfer === 'uploaded') uploadedBytes += content.descriptor.size;
        return transfer;
      }),
    );
  const finish = async (root: Image | Index, names: readonly string[]): Promise<CopyReport> => {
    const images = root.kind === 'index' ? root.images : [root];
    const blobs = images.flatMap((image) => [...image.layers, image.configContent]);
    const largestFirst = uniqueByDigest(blobs).sort((a, b) => b.descriptor.size - a.descriptor.size);
    await mapLimited(ctx, largestFirst, target.concurrency, send);
    if (root.kind === 'index') await mapLimited(ctx, uniqueByDigest(root.images), target.concurrency, send);
    if (root.kind === 'index') for (const content of root.others ?? []) await send(content);
    await target.tag(ctx, root, names);
    transfers.set(root.descriptor.digest, 'uploaded');
    return { transfers, uploadedBytes: uploadedBytes + root.descriptor.size };
  };
  return { send, finish };
}

/** Copies an image or index with everything it refers to, then gives it its names. */
export function copy(ctx: Context, root: Image | Index, target: Target, names: readonly string[]): Promise<CopyReport> {
  return createSender(ctx, target).finish(root, names);
}

async function transferOne(ctx: Context, content: Content, target: Target): Promise<Transfer> {
  const { digest, size, mediaType } = content.descriptor;
  if (isNondistributable(mediaType)) return 'none';
  return step(ctx, { step: 'upload', subject: content.title ?? digest, total: size, unit: 'bytes' }, async (report) => {
    if (await target.has(ctx, content.descriptor)) {
      report.note('exists', 'skipped');
      return 'exists';
    }
    if (content.mountFrom && isBlob(mediaType) && (await target.mount?.(ctx, content))) {
      report.note(`mounted from ${content.mountFrom.repository}`, 'skipped');
      return 'mounted';
    }
    await target.put(ctx, content, report.progress);
    return 'uploaded';
  });
}

function isBlob(mediaType: string): boolean {
  return !isIndexType(mediaType) && !isManifestType(mediaType);
}

function uniqueByDigest<T extends Content>(contents: readonly T[]): T[] {
  return [...new Map(contents.map((content) => [content.descriptor.digest, content])).values()];
}
