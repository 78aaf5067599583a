import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { ErrorCode } from '../../src/core/error.ts';
import { readRangeBytes } from '../../src/deb/read-range-bytes.ts';
import type { OpenedPython, OpenPythonOptions } from '../../src/python/open-python.ts';
import { openPython } from '../../src/python/open-python.ts';
import { temporaryCache } from '../deb/open-bytes.ts';
import { expectCode } from '../expect-code.ts';
import { poolOf } from '../layer/work-pools.ts';
import { testContext } from '../registry/setup.ts';
import type { ArchiveEntry } from './make-python.ts';
import { packPython, pythonEntries, releasePath, SYSCONFIG } from './make-python.ts';

const VERSION = '3.12.4';
const ROOT = `opt/python/cpython-${VERSION}`;
const PATH = releasePath('cpython.tar.gz');

async function open(
  archive: Buffer,
  more: Partial<OpenPythonOptions> = {},
  asked: string[] = [],
): Promise<OpenedPython> {
  async function* bytes(_ctx: Context, url: URL): AsyncGenerator<Uint8Array> {
    asked.push(url.href);
    yield await Promise.resolve(archive);
  }
  const cache = await temporaryCache();
  const options = { cache, pool: poolOf(0), mirror: undefined, offline: false, open: bytes, ...more };
  const python = { version: VERSION, url: `https://host.example/${PATH}`, digest: digestOf(archive) };
  return openPython(testContext(), python, options);
}

const contentOf = ({ entries }: OpenedPython, path: string): string => {
  const entry = entries.find((one) => one.path === `${ROOT}/${path}`);
  if (entry?.type !== 'file') throw new Error(`${path} is no file`);
  return Buffer.from(entry.content.kind === 'inline' ? entry.content.bytes : readRangeBytes(entry.content)).toString();
};

describe('openPython', () => {
  it.each(['gzip', 'zstd'] as const)(
    'gives the entries of an archive of %s, below the folder of its version',
    async (kind) => {
      const opened = await open(await packPython(pythonEntries(VERSION), kind));
      const about = opened.entries.map(({ path, type, ...entry }) => {
        const { mode, uid, mtime } = entry as { mode: number; uid: number; mtime: number };
        return `${path.slice(ROOT.length)} ${type} ${mode.toString(8)} ${uid} ${mtime}`;
      });
      expect(about).toEqual([
        ' directory 755 0 0',
        '/bin/python3.12 file 755 0 1000000000',
        '/bin/python3 symlink 777 0 1000000000',
        '/bin/same hardlink 755 0 1000000000',
        '/lib/python3.12/os.py file 644 0 1000000000',
        '/lib/python3.12/empty.py file 644 0 1000000000',
        '/lib/python3.12/_sysconfigdata__linux_x86_64-linux-gnu.py file 644 0 1000000000',
      ]);
      expect(opened.entries[3]).toMatchObject({ target: `${ROOT}/bin/python3.12` });
      expect(contentOf(opened, 'bin/python3.12')).toBe('\x7fELF');
      expect(contentOf(opened, 'lib/python3.12/os.py')).toBe(Buffer.alloc(20_000, 'import sys\n').toString());
      expect(contentOf(opened, 'lib/python3.12/empty.py')).toBe('');
      const sysconfig = contentOf(opened, 'lib/python3.12/_sysconfigdata__linux_x86_64-linux-gnu.py');
      expect(sysconfig).toContain(`-L/${ROOT}/lib`);
      expect(sysconfig).not.toBe(SYSCONFIG);
    },
  );

  it('fetches from the mirror, once, and knows the archive from then on', async () => {
    const archive = await packPython(pythonEntries(VERSION));
    const asked: string[] = [];
    const shared = { cache: await temporaryCache(), mirror: 'http://127.0.0.1:1/m' };
    const first = await open(archive, shared, asked);
    const again = await open(archive, { ...shared, offline: true }, asked);
    expect(again).toEqual(first);
    expect(asked).toEqual(['http://127.0.0.1:1/m/20261110/cpython.tar.gz']);
    await rm(first.content!.file);
    expect(await open(archive, { ...shared, offline: true }, asked)).toEqual(first);
  });

  it('is the same whoever unpacks', async () => {
    const archive = await packPython(pythonEntries(VERSION));
    const [here, there] = await Promise.all([open(archive), open(archive, { pool: poolOf(1) })]);
    expect(there.content!.digest).toBe(here.content!.digest);
  });

  it('needs the archive where it is not known', async () => {
    await expectCode(async () => open(await packPython(pythonEntries(VERSION)), { offline: true }), 'OFFLINE');
  });

  it.each<[string, readonly ArchiveEntry[], RegExp, ErrorCode?]>([
    ['another folder', [{ name: 'pypy/bin/python', content: 'x' }], /not below "python"/],
    ['a way out', [{ name: 'python/../etc/passwd', content: 'x' }], /not below "python"/],
    ['a link to elsewhere', [{ name: 'python/a', type: 'link', linkname: 'etc/passwd' }], /not below "python"/],
    ['a device', [{ name: 'python/null', type: 'character-device' }], /null, which is a character/],
    ['one path twice', [1, 2].map(() => ({ name: 'python/a', content: 'x' })), /python\/cpython-3\.12\.4\/a twice/],
    ['a whiteout', [{ name: 'python/.wh.a', content: 'x' }], /no layer can hold/],
  ])('refuses an archive with %s', async (_what, entries, words, code = 'ARCHIVE_INVALID') => {
    const error = await expectCode(async () => open(await packPython(entries)), code);
    expect(error.message).toMatch(words);
    expect(error.message).toContain('The archive of CPython 3.12.4 cannot be unpacked');
  });

  it('refuses bytes that are no archive, and those that end too soon', async () => {
    await expectCode(() => open(Buffer.from('<html>nothing of this kind</html>')), 'ARCHIVE_INVALID');
    const whole = await packPython(pythonEntries(VERSION));
    await expectCode(() => open(whole.subarray(0, whole.length / 2)), 'ARCHIVE_INVALID');
  });
});
