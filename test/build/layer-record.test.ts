import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LayerRecord } from '../../src/build/layer-record.ts';
import { layerOf, toLayerRecord } from '../../src/build/layer-record.ts';
import { createContext } from '../../src/core/context.ts';
import type { Digest } from '../../src/core/digest.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { Layer } from '../../src/content/content.ts';
import { inlineFile } from '../../src/filesystem/entry.ts';
import { drain, expectCode } from '../expect-code.ts';
import { packBytes, rangeFile, wheelOf } from '../layer/layer-fixture.ts';

const ctx = createContext();
const DATA = randomBytes(3 << 20);

/** A layer of a wheel and a file of ours, by its record. */
async function recorded(): Promise<{ layer: Layer; record: LayerRecord; blob: Buffer; literals: string }> {
  const [range] = wheelOf([{ data: DATA, stream: DATA, stored: true }]);
  const { packed, blob } = await packBytes([rangeFile('a', range!), inlineFile('b', 'ours')]);
  const wheel = digestOf('the wheel');
  const record = toLayerRecord(packed, (file) => (file === range!.file ? wheel : undefined));
  const [literals = ''] = packed.recipe.sources;
  const files = new Map<Digest, string>([
    [packed.literals, literals],
    [wheel, range!.file],
  ]);
  const layer = layerOf(record, async (_ctx, digest) => files.get(digest)!, 'a and b', { key: 'value' });
  return { layer, record, blob, literals };
}

describe('a layer by its record', () => {
  it('is described without its bytes', async () => {
    const { layer, record } = await recorded();
    expect(layer).toMatchObject({
      title: 'a and b',
      diffId: record.diffId,
      descriptor: { digest: record.digest, size: record.size, annotations: { key: 'value' } },
    });
  });

  it('can be opened again and again', async () => {
    const { layer, blob } = await recorded();
    for (let time = 0; time < 2; time++) expect((await drain(layer.open(ctx))).equals(blob)).toBe(true);
  });

  it('fills its buffers again for a reader that is done with them', async () => {
    const { layer, blob } = await recorded();
    const buffers = new Set<ArrayBufferLike>();
    const chunks: Uint8Array[] = [];
    for await (const chunk of layer.open(ctx, { reuse: true })) {
      buffers.add(chunk.buffer);
      chunks.push(Uint8Array.from(chunk));
    }
    expect(chunks.length).toBeGreaterThan(2);
    expect(buffers.size).toBe(1);
    expect(Buffer.concat(chunks).equals(blob)).toBe(true);
  });

  it('notices other bytes', async () => {
    const { layer, literals } = await recorded();
    writeFileSync(literals, randomBytes(DATA.length));
    await expectCode(() => drain(layer.open(ctx)), 'DIGEST_MISMATCH');
  });
});
