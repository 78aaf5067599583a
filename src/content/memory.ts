// A store in memory: for tests, and behind the fake registry.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { isDigest, verified } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Store } from './store.ts';
import type { Content } from './content.ts';

export interface MemoryStore extends Store {
  readonly blobs: Map<Digest, { readonly mediaType: string; readonly bytes: Uint8Array }>;
  readonly names: Map<string, Descriptor>;
}

export function memoryStore(name = 'memory'): MemoryStore {
  const blobs: MemoryStore['blobs'] = new Map();
  const names: MemoryStore['names'] = new Map();
  const put = async (ctx: Context, content: Content): Promise<void> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of verified(content.open(ctx), content.descriptor, `content for ${name}`))
      chunks.push(Uint8Array.from(chunk));
    blobs.set(content.descriptor.digest, { mediaType: content.descriptor.mediaType, bytes: Buffer.concat(chunks) });
  };
  return {
    name,
    blobs,
    names,
    concurrency: 4,
    put,
    resolve: (_ctx, wanted) => {
      const blob = isDigest(wanted) ? blobs.get(wanted) : undefined;
      if (blob)
        return Promise.resolve({ mediaType: blob.mediaType, digest: wanted as Digest, size: blob.bytes.length });
      return Promise.resolve(names.get(wanted));
    },
    async *open(_ctx, descriptor) {
      const blob = blobs.get(descriptor.digest);
      if (!blob) throw new ImageSpecError('NOT_FOUND', `${name} has no content ${descriptor.digest}`);
      yield blob.bytes;
    },
    has: (_ctx, descriptor) => Promise.resolve(blobs.has(descriptor.digest)),
    tag: async (ctx, content, wanted) => {
      await put(ctx, content);
      for (const tag of wanted) names.set(tag, content.descriptor);
    },
  };
}
