import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import type { Entry } from '../../src/filesystem/entry.ts';
import { inlineFile } from '../../src/filesystem/entry.ts';
import type { Packer } from '../../src/layer/packer.ts';
import { createPacker } from '../../src/layer/packer.ts';
import { expectCode } from '../expect-code.ts';
import { createRandom, rangeFile, temporaryFolder, wheelOf } from './layer-fixture.ts';
import { poolOf } from './work-pools.ts';

function packerOf(workers: number, signal?: AbortSignal): Packer {
  return createPacker(createContext({ signal }), { pool: poolOf(workers), startsThreads: true });
}

function layers(): Entry[][] {
  const random = createRandom(11);
  return Array.from({ length: 6 }, (_, layer) => {
    const members = Array.from({ length: 10 }, () => {
      const data = Buffer.from(Array.from({ length: random(9000) }, () => random(90)));
      return { data, stream: deflateRawSync(data) };
    });
    const files = wheelOf(members).map((range, index) => rangeFile(`${layer}/${index}`, range));
    return [...files, inlineFile(`${layer}/text`, 'generated\n'.repeat(layer * 100))];
  });
}

const literals = (): string => join(temporaryFolder(), 'literals');

describe('createPacker', () => {
  test('gives equal bytes with any number of workers', async () => {
    const wanted = layers();
    const packAll = async (workers: number): Promise<string[]> => {
      const packer = packerOf(workers);
      const packed = await Promise.all(wanted.map((entries) => packer.pack({ entries, literals: literals() })));
      return packed.map(({ descriptor, diffId, literals }) => `${descriptor.digest} ${diffId} ${literals}`);
    };
    const inline = await packAll(0);
    expect(new Set(inline).size).toBe(wanted.length);
    expect(await packAll(1)).toEqual(inline);
    expect(await packAll(2)).toEqual(inline);
  });

  test.each([0, 1])('hands on errors whole, and goes on after them (%i workers)', async (workers) => {
    const packer = packerOf(workers);
    const [range] = wheelOf([{ data: Buffer.from('x'), stream: Buffer.from('y') }]);
    const error = await expectCode(
      () => packer.pack({ entries: [rangeFile('pkg/a', range!)], literals: literals() }),
      'WHEEL_INVALID',
    );
    expect(error.message).toContain('pkg/a');
    expect(error.hint).toBeDefined();
    expect(error.facts).toEqual({ file: range!.file, path: 'pkg/a' });
    const gone = { ...range!, file: join(temporaryFolder(), 'gone') };
    const { cause } = await expectCode(
      () => packer.pack({ entries: [rangeFile('a', gone)], literals: literals() }),
      'FILE_CHANGED',
    );
    expect(cause).toMatchObject({ message: expect.stringContaining('ENOENT') });
    expect((await packer.pack({ entries: [], literals: literals() })).entries).toBe(0);
  });

  test('starts another thread where one has ended while it had nothing to do', async () => {
    const pool = poolOf(1);
    const packer = createPacker(createContext(), { pool, startsThreads: true });
    packer.prepare();
    await pool.close();
    const packed = await packer.pack({ entries: layers()[0]!, literals: literals() });
    expect(packed.entries).toBeGreaterThan(10);
  });

  test('hands on bugs as plain errors', async () => {
    const broken = [undefined] as unknown as Entry[];
    await expect(packerOf(1).pack({ entries: broken, literals: literals() })).rejects.toThrow(TypeError);
  });

  test.each([0, 1])('tells progress, and stops and cleans up when it is aborted (%i workers)', async (workers) => {
    const controller = new AbortController();
    const packer = packerOf(workers, controller.signal);
    const data = Buffer.alloc(1 << 20, 'x');
    const [range] = wheelOf([{ data, stream: deflateRawSync(data) }]);
    const entries = Array.from({ length: 5000 }, (_, index) => rangeFile(`f${index}`, range!));
    const path = literals();
    const reason = new Error('the user is gone');
    const { cause } = await expectCode(
      () => packer.pack({ entries, literals: path, onProgress: () => controller.abort(reason) }),
      'ABORTED',
    );
    expect(cause).toBe(reason);
    expect(existsSync(path)).toBe(false);
    await expectCode(() => packer.pack({ entries: [], literals: literals() }), 'ABORTED');
  });
});
