import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, truncateSync, unlinkSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { inlineFile } from '../../src/filesystem/entry.ts';
import { readRecipe } from '../../src/layer/read-recipe.ts';
import type { PackedLayer } from '../../src/layer/recipe.ts';
import { drain, expectCode } from '../expect-code.ts';
import { createRandom, packBytes, rangeFile, wheelOf } from './layer-fixture.ts';

const ctx = createContext();

/** Twelve wheels taking turns, more than are kept open. */
async function manyWheels(): Promise<{ packed: PackedLayer; blob: Buffer }> {
  const random = createRandom(9);
  const entries = Array.from({ length: 12 }, (_, wheel) =>
    wheelOf(
      Array.from({ length: 20 }, () => {
        const data = Buffer.from(Array.from({ length: 20_000 }, () => random(200)));
        return { data, stream: deflateRawSync(data) };
      }),
    ).map((range, index) => rangeFile(`${index}/${wheel}`, range)),
  );
  return packBytes([...entries.flat(), inlineFile('x', randomBytes(300_000))]);
}

const openFiles = (under: string): number =>
  readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(under);
    } catch {
      return false;
    }
  }).length;

describe('readRecipe', () => {
  test('gives the same bytes every time, in large buffers of the reader', async () => {
    const { packed, blob } = await manyWheels();
    const chunks: Uint8Array[] = [];
    for await (const chunk of readRecipe(ctx, packed.recipe)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(blob)).toBe(true);
    expect(chunks.slice(0, -1).every((chunk) => chunk.length === 1 << 20)).toBe(true);
    expect(chunks.length).toBeGreaterThan(3);
  });

  test.runIf(process.platform === 'linux')('keeps few files open, and none when the reader leaves early', async () => {
    const { packed } = await manyWheels();
    const count = (): number => packed.recipe.sources.reduce((sum, source) => sum + openFiles(source), 0);
    for await (const chunk of readRecipe(ctx, packed.recipe)) {
      expect(chunk.length).toBeGreaterThan(0);
      expect(count()).toBeGreaterThan(0);
      expect(count()).toBeLessThanOrEqual(16);
      break;
    }
    expect(count()).toBe(0);
  });

  test('stops when it is aborted', async () => {
    const { packed } = await manyWheels();
    const controller = new AbortController();
    const reading = async (): Promise<void> => {
      for await (const _ of readRecipe(createContext({ signal: controller.signal }), packed.recipe)) controller.abort();
    };
    await expectCode(reading, 'ABORTED');
  });

  test.each<[string, (file: string) => void]>([
    ['gone', unlinkSync],
    ['shorter', (file) => truncateSync(file, 100)],
  ])('says which source is %s', async (_, change) => {
    const { packed } = await manyWheels();
    const file = packed.recipe.sources[3]!;
    change(file);
    const { facts } = await expectCode(() => drain(readRecipe(ctx, packed.recipe)), 'FILE_CHANGED');
    expect(facts['file']).toBe(file);
  });
});
