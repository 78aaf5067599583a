import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findChrootPrograms, findPrograms } from '../../src/sandbox/programs.ts';
import { expectCode } from '../expect-code.ts';

describe('findPrograms', () => {
  it('finds them by absolute paths, those of PATH first', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imagespec-programs-'));
    try {
      await writeFile(join(folder, 'tar'), '');
      const unusable = findPrograms(folder);
      await chmod(join(folder, 'tar'), 0o755);
      const found = findPrograms(`relative:${folder}`);
      expect(found.tar).toBe(join(folder, 'tar'));
      expect(unusable.tar).not.toBe(found.tar);
      expect(Object.values(found).every((path) => path.startsWith('/'))).toBe(true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('names all that are missing', async () => {
    const error = await expectCode(() => findPrograms('/nowhere', ['/nowhere']), 'SANDBOX_UNAVAILABLE');
    expect(error.message).toMatch(/has no sh, .*unshare, .* to run/);
    expect(error.hint).toMatch(/util-linux/);
  });

  it('wants no mounts where the maker is chroot', async () => {
    const error = await expectCode(() => findChrootPrograms('/nowhere', ['/nowhere']), 'SANDBOX_UNAVAILABLE');
    expect(error.message).toMatch(/has no sh, nsenter, setpriv, .*prlimit/);
    expect(error.message).not.toMatch(/mount/);
  });
});
