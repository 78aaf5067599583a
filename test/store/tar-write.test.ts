import { describe, expect, it } from 'vitest';
import type { ArchiveFile } from '../../src/store/tar-write.ts';
import { tarBytes } from '../../src/store/tar-write.ts';
import { drain } from '../expect-code.ts';

const fileOf = (path: string, text: string, size = text.length): ArchiveFile => ({
  path,
  size,
  async *open() {
    yield Buffer.from(text);
  },
});

describe('tarBytes', () => {
  it('does not depend on the order of its files', async () => {
    const files = [fileOf('b/c', '1'), fileOf('a', '2'), fileOf('b/a', '3')];
    expect(await drain(tarBytes(files))).toEqual(await drain(tarBytes([...files].reverse())));
  });

  it('ends in two blocks of zeros, also when there is nothing in it', async () => {
    expect(await drain(tarBytes([]))).toEqual(Buffer.alloc(1024));
  });

  it('fails when a file cannot be read, or is not as large as it was', async () => {
    const broken = { path: 'a', size: 3, open: async function* () { throw new Error('broken'); } }; // prettier-ignore
    await expect(drain(tarBytes([broken]))).rejects.toThrow('broken');
    await expect(drain(tarBytes([fileOf('a', 'abc', 4)]))).rejects.toThrow('Size mismatch');
  });

  it('lets go of a file when its reader leaves', async () => {
    let released = false;
    const endless = {
      path: 'a',
      size: 2 ** 40,
      async *open() {
        try {
          for (;;) yield Buffer.alloc(1 << 16);
        } finally {
          released = true;
        }
      },
    };
    let seen = 0;
    for await (const chunk of tarBytes([endless])) if ((seen += chunk.length) > 1 << 20) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(released).toBe(true);
  });
});
