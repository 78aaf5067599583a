import { describe, expect, it } from 'vitest';
import { withoutResidue } from '../../src/dpkg/run-residue.ts';
import type { Entry } from '../../src/filesystem/entry.ts';
import { directory, inlineFile } from '../../src/filesystem/entry.ts';

const paths = (entries: readonly Entry[]): string[] => withoutResidue(entries).map(({ path }) => path);

describe('withoutResidue', () => {
  it.each([
    'etc/.pwd.lock',
    'etc/machine-id',
    'etc/passwd-',
    'run/adduser',
    'tmp/left',
    'usr/lib/python3/dist-packages/__pycache__/x.cpython-311.pyc',
    'var/cache/debconf/config.dat-old',
    'var/cache/ldconfig/aux-cache',
    'var/lib/dbus/machine-id',
    'var/lib/dpkg/lock',
    'var/lib/dpkg/status-old',
    'var/log/alternatives.log',
    'var/log/apt/term.log',
    'var/log/dpkg.log',
    'var/tmp/left',
  ])('leaves %s out, and that it was removed', (path) => {
    expect(paths([inlineFile(path, ''), inlineFile('kept', '')])).toEqual(['kept']);
    expect(paths([{ type: 'whiteout', path }])).toEqual([]);
  });

  it.each([
    'etc/ld.so.cache',
    'etc/passwd',
    'run/service',
    'usr/tmp',
    'var/lib/dpkg/status',
    'var/log/apache2',
    'var/log/apt.log',
  ])('keeps %s', (path) => {
    expect(paths([directory(path), { type: 'whiteout', path: 'gone' }])).toEqual([path, 'gone']);
  });

  it('keeps what is a second name of something left out', () => {
    const link = (path: string): Entry => ({ ...directory(path), type: 'hardlink', target: 'tmp/made' });
    const file = inlineFile('tmp/made', 'bytes', { mode: 0o600 });
    expect(withoutResidue([file, link('usr/one'), link('usr/two')])).toEqual([
      { ...file, path: 'usr/one' },
      { ...link('usr/two'), target: 'usr/one' },
    ]);
  });
});
