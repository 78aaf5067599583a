import { describe, expect, it } from 'vitest';
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import type { LdCacheOptions } from '../../src/maintscript/ld-cache.ts';
import { makeLdconfig, writeLdCache } from '../../src/maintscript/ld-cache.ts';
import type { CacheEntry } from '../../src/maintscript/ld-cache-file.ts';
import { parseCache, printCache } from '../../src/maintscript/ld-cache-file.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeLibrary } from './small-library.ts';
import { linksOf, makeTree, NOW, recordCall } from './staged-tree.ts';

const VERSION = '2.36-9+deb12u14';
const options: LdCacheOptions = { architecture: 'amd64', libcBin: VERSION };
const GENERATOR = `ldconfig (Debian GLIBC ${VERSION}) stable release version 2.36`;
const LIB = '/usr/lib/x86_64-linux-gnu';

/** What `ldconfig -r` of Debian 12 made of the same files. */
const GOLDEN = [
  'Z2xpYmMtbGQuc28uY2FjaGUxLjEGAAAAwgAAAAIAAACEAQAAAAAAAAAAAAAAAAAAAwMAAPYAAADvAAAAAAAAAAAAAAAAAAAAAwAA',
  'AOUAAADeAAAAAAAAAAAAAAAAAAAAAwMAAHgBAAAVAQAAAAAAAAAAAAACAABAAwMAAHgBAABRAQAAAAAAAAAAAAAAAAAAAwMAAHgB',
  'AABiAQAAAAAAAAAAAAAAAAAAAwMAANYAAADAAAAAAAAAAAAAAAAAAAAAL2xpYi94ODZfNjQtbGludXgtZ251L2xpYnouc28AL29w',
  'dC94L2xpYnp6OS5zbwAvb3B0L3gvbGlienoxMC5zbwB4ODYtNjQtdjQAeDg2LTY0LXYzAC9saWIveDg2XzY0LWxpbnV4LWdudS9n',
  'bGliYy1od2NhcHMveDg2LTY0LXYzL2xpYnouc28uMS4yLjEzAC9vcHQveC9saWJ6LnNvLjEAL2xpYi94ODZfNjQtbGludXgtZ251',
  'L2xpYnouc28uMQAAAHQhpOoCAAAAAAAAAAAAAACwAQAAQwAAAAEAAAAAAAAArAEAAAQAAAALAQAAbGRjb25maWcgKERlYmlhbiBH',
  'TElCQyAyLjM2LTkrZGViMTJ1MTQpIHN0YWJsZSByZWxlYXNlIHZlcnNpb24gMi4zNg==',
].join('');

const golden = {
  '/lib': '-> usr/lib',
  '/etc/ld.so.conf': '/opt/x/\n',
  [`${LIB}/libz.so.1.2.13`]: makeLibrary({ soname: 'libz.so.1' }),
  [`${LIB}/libz.so`]: '-> libz.so.1.2.13',
  [`${LIB}/libz.so.1.2.9`]: makeLibrary({ soname: 'libz.so.1' }),
  [`${LIB}/glibc-hwcaps/x86-64-v3/libz.so.1.2.13`]: makeLibrary({ soname: 'libz.so.1', isa: 4 }),
  [`${LIB}/glibc-hwcaps/x86-64-v4`]: '/',
  '/opt/x/libzz10.so': makeLibrary(),
  '/opt/x/libz.so.1': makeLibrary({ soname: 'libz.so.1' }),
  '/opt/x/libzz9.so': makeLibrary({ machine: 3, is64: false, needed: ['libc.so.6'] }),
};

function entriesOf(tree: WritableTree): readonly CacheEntry[] {
  return parseCache(tree.read('/etc/ld.so.cache'))?.entries ?? [];
}

/** `soname => path` of each entry, flags where they are not those of amd64. */
function listed(tree: WritableTree): string[] {
  return entriesOf(tree).map(({ soname, path, flags }) => `${soname} => ${path}${flags === 0x303 ? '' : ` ${flags}`}`);
}

/** A cache that the base has, as bytes of ours: what the tree captured of it. */
function oldCache(...entries: readonly (readonly [soname: string, path: string, flags?: number])[]): Uint8Array {
  const full = entries.map(([soname, path, flags = 0x303]) => ({
    soname,
    path,
    flags,
    isaLevel: 0,
    hwcaps: undefined,
  }));
  return printCache({ entries: full, generator: GENERATOR });
}

describe('writeLdCache', () => {
  it('writes the bytes that ldconfig writes, and the links', () => {
    const tree = makeTree(golden);
    writeLdCache(tree, options);
    expect(Buffer.from(tree.read('/etc/ld.so.cache')).toString('base64')).toBe(GOLDEN);
    expect(tree.get('/etc/ld.so.cache')).toMatchObject({ mode: 0o644, uid: 0, mtime: NOW });
    expect(linksOf(tree, LIB)).toEqual(['libz.so -> libz.so.1.2.13', 'libz.so.1 -> libz.so.1.2.13']);
    writeLdCache(tree, { architecture: 'amd64' });
    expect(Buffer.from(tree.read('/etc/ld.so.cache')).toString('base64')).toBe(GOLDEN);
  });

  it('reads only slices where it is given a reader of them', () => {
    const tree = makeTree(golden);
    const read: string[] = [];
    const readSlice = (path: string, offset: number, length: number): Uint8Array => {
      read.push(path);
      return tree.read(path).subarray(offset, offset + length);
    };
    writeLdCache(tree, { ...options, readSlice });
    expect(Buffer.from(tree.read('/etc/ld.so.cache')).toString('base64')).toBe(GOLDEN);
    expect(read).toContain('opt/x/libzz10.so');
  });

  it('learns from the old cache what it cannot read', () => {
    const base = {
      'usr/lib/x86_64-linux-gnu/libold.so.1.5': 9000,
      'usr/lib/x86_64-linux-gnu/libold.so.1': '-> libold.so.1.5',
      'usr/lib/x86_64-linux-gnu/libold.so': '-> libold.so.1.5',
      'usr/lib/x86_64-linux-gnu/libplain.so': 9000,
      'usr/lib/x86_64-linux-gnu/libplain.so.7': '-> libplain.so',
      'usr/lib/x86_64-linux-gnu/libscript.so': 9000,
      lib: '-> usr/lib',
    };
    const cache = oldCache(
      ['libplain.so', '/lib/x86_64-linux-gnu/libplain.so'],
      ['libplain.so.7', '/lib/x86_64-linux-gnu/libplain.so.7'],
      ['libold.so.1', '/lib/x86_64-linux-gnu/libold.so.1', 3],
      ['libold.so', '/lib/x86_64-linux-gnu/libold.so', 3],
      ['libgone.so.1', '/lib/x86_64-linux-gnu/libgone.so.1'],
    );
    const tree = makeTree(
      { '/etc/ld.so.cache': cache, [`${LIB}/libnew.so.2.1`]: makeLibrary({ soname: 'libnew.so.2' }) },
      base,
    );
    tree.remove(`${LIB}/libold.so.1`);
    writeLdCache(tree, { architecture: 'amd64' });
    expect(listed(tree)).toEqual(
      [
        'libplain.so.7 => /lib/x86_64-linux-gnu/libplain.so.7',
        'libplain.so => /lib/x86_64-linux-gnu/libplain.so',
        'libold.so => /lib/x86_64-linux-gnu/libold.so 3',
        'libnew.so.2 => /lib/x86_64-linux-gnu/libnew.so.2',
      ]
        .sort()
        .reverse(),
    );
    expect(parseCache(tree.read('/etc/ld.so.cache'))?.generator).toBe(GENERATOR);
  });

  it('goes by the links of packages where there is no cache', () => {
    const tree = makeTree(
      { '/etc/ld.so.conf': '' },
      {
        'usr/lib/libbz2.so.1.0.4': 9000,
        'usr/lib/libbz2.so.1': '-> libbz2.so.1.0.4',
        'usr/lib/libbz2.so.1.0': '-> libbz2.so.1.0.4',
        'usr/lib/libbz2.so': '-> libbz2.so.1.0.4',
        'usr/lib/libown.so.3': 9000,
        'usr/lib/libscript.so': 200,
        'usr/lib/libempty.so': 0,
      },
    );
    writeLdCache(tree, { architecture: 'arm64', libcBin: '2.41-12' });
    expect(listed(tree)).toEqual([
      'libown.so.3 => /usr/lib/libown.so.3 2563',
      'libbz2.so.1.0 => /usr/lib/libbz2.so.1.0 2563',
      'libbz2.so => /usr/lib/libbz2.so 2563',
    ]);
  });

  it('makes links only where nothing else is, and removes those to nothing', () => {
    const tree = makeTree({
      '/etc/ld.so.conf': '/usr/lib\n',
      '/usr/lib/liba.so.1.2': makeLibrary({ soname: 'liba.so.1' }),
      '/usr/lib/liba.so.1': '-> nowhere',
      '/usr/lib/libb.so.1.2': makeLibrary({ soname: 'libb.so.1' }),
      '/usr/lib/libb.so.1': 'a file that is no library',
      '/usr/lib/libc.so.9': '-> nowhere',
      '/usr/lib/libd.so': '-> nowhere',
      '/usr/lib/libe.so.1': makeLibrary({ soname: 'libf.so.2' }),
      '/usr/lib/libf.so.2': '-> libother.so.9',
      '/usr/lib/libother.so.9': makeLibrary({ soname: 'libother.so.9' }),
      '/usr/lib/libother.so': '-> libe.so.1',
    });
    writeLdCache(tree, options);
    expect(linksOf(tree, '/usr/lib')).toEqual([
      'liba.so.1 -> liba.so.1.2',
      'libd.so -> nowhere',
      'libf.so.2 -> libother.so',
      'libother.so -> libe.so.1',
    ]);
    expect(listed(tree)).toEqual([
      'libother.so.9 => /usr/lib/libother.so.9',
      'libf.so.2 => /usr/lib/libf.so.2',
      'libb.so.1 => /usr/lib/libb.so.1',
      'liba.so.1 => /usr/lib/liba.so.1',
    ]);
  });

  it('writes nothing where there is no libc', () => {
    const tree = makeTree({ '/etc': '/' });
    writeLdCache(tree, options);
    expect(tree.list('/etc')).toEqual([]);
  });

  it('refuses what it cannot know', () => {
    const refused = (files: Record<string, string>, more: Partial<LdCacheOptions> = {}, base = {}): void => {
      const tree = makeTree({ '/etc': '/', ...files }, base);
      expect(() => writeLdCache(tree, { ...options, ...more })).toThrow(NotInterpretable);
    };
    refused({ '/etc/ld.so.conf': '' }, { libcBin: undefined });
    refused({ '/etc/ld.so.conf': '' }, { libcBin: '2.31-13' });
    refused({ '/etc/ld.so.conf': '' }, { architecture: 'sparc64' });
    refused({}, {}, { 'etc/ld.so.conf': 10 });
    refused({ '/etc/ld.so.conf': '/opt=libc5\n' });
    refused({ '/etc/ld.so.conf': 'include /etc/[a].conf\n' });
    refused({ '/etc/ld.so.conf': 'include /etc/ld.so.conf\n' });
    refused({ '/etc/ld.so.conf': '', '/usr/lib/tls': '/' });
  });

  it('is the program ldconfig, without options', () => {
    const tree = makeTree(golden);
    expect(makeLdconfig(options)(recordCall(tree, ['ldconfig']).call)).toBe(0);
    expect(entriesOf(tree)).toHaveLength(6);
    expect(() => makeLdconfig(options)(recordCall(tree, ['ldconfig', '-p']).call)).toThrow(NotInterpretable);
  });
});
