// Entries become a layer: its descriptor, its diff ID, and the recipe of its bytes; every content is read and inflated once.
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { Entry } from '../filesystem/entry.ts';
import { MEDIA } from '../oci/media-type.ts';
import { BlobWriter } from './blob-writer.ts';
import { createInflater } from './create-inflater.ts';
import { GzipWriter } from './gzip-writer.ts';
import { HostFiles } from './host-files.ts';
import type { Inflater } from './inflater.ts';
import { LayerWriter } from './layer-writer.ts';
import { orderEntries } from './order.ts';
import type { TarMember } from './order.ts';
import type { Pace } from './pace.ts';
import { createPace } from './pace.ts';
import type { PackedLayer } from './recipe.ts';

export interface PackRequest {
  /** In any order. */
  readonly entries: readonly Entry[];
  /** Host path for the bytes of ours; must not exist. Nothing is left there after a failure. */
  readonly literals: string;
  /** Gets the bytes of content that are packed so far (absolute), every few megabytes. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Packs a layer. Equal entries give equal bytes on every host. Contents in ranges that are compressed or have a CRC-32 (members of wheels)
 * stay where they are, and the recipe refers to them; everything else is copied to the literals.
 *
 * Throws `ENTRY_INVALID`, `PATH_CONFLICT`, `WHEEL_INVALID`, `FILE_CHANGED`, `DISK_FULL`, `CACHE_UNWRITABLE`, `ABORTED`.
 */
export async function pack(ctx: Context, request: PackRequest, inflater?: Inflater): Promise<PackedLayer> {
  throwIfAborted(ctx);
  const members = orderEntries(request.entries);
  const total = members.reduce((sum, { header }) => sum + header.size, 0);
  const pace = createPace(ctx, total, request.onProgress);
  const files = new HostFiles();
  const machine = inflater ?? (await createInflater());
  try {
    return await write(members, request.literals, files, machine, pace);
  } finally {
    files.close();
    machine.close();
  }
}

async function write(
  members: readonly TarMember[],
  literals: string,
  files: HostFiles,
  inflater: Inflater,
  pace: Pace,
): Promise<PackedLayer> {
  const blob = new BlobWriter(literals);
  try {
    const gzip = new GzipWriter(blob, inflater, pace);
    const layer = new LayerWriter(gzip, files, pace);
    for (const member of members) await layer.add(member);
    await layer.end();
    const { digest, size, ...written } = gzip.finish();
    return { descriptor: { mediaType: MEDIA.layerGzip, digest, size }, ...written, entries: members.length };
  } catch (error) {
    blob.discard();
    throw error;
  }
}
