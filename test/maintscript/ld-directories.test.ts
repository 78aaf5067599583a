import { describe, expect, it } from 'vitest';
import { findDirectories } from '../../src/maintscript/ld-directories.ts';
import { describeLdconfig } from '../../src/maintscript/library-flags.ts';
import { makeTree } from './staged-tree.ts';

const ldconfig = describeLdconfig('amd64', 'ldconfig (Debian GLIBC 2.36-9) stable release version 2.36');
const pathsOf = (files: Record<string, string>): string[] =>
  findDirectories(makeTree(files), ldconfig).map(({ path }) => path);

describe('findDirectories', () => {
  it('takes each real directory once, by its first name', () => {
    const files = { '/usr/lib/x86_64-linux-gnu': '/', '/lib': '-> usr/lib', '/opt/l': '/' };
    expect(pathsOf(files)).toEqual(['/lib/x86_64-linux-gnu', '/lib']);
    expect(
      pathsOf({ ...files, '/etc/ld.so.conf': '/usr/lib//  # comment\n\n\t/opt/l\n/none\nhwcap 0 nosegneg' }),
    ).toEqual(['/usr/lib', '/opt/l', '/lib/x86_64-linux-gnu']);
  });

  it('reads what is included, in the order of names', () => {
    const files = {
      '/etc/ld.so.conf': 'include /etc/ld.so.conf.d/*.conf more/?.conf\n/d\ninclude /etc/none.conf\n',
      '/etc/ld.so.conf.d/b.conf': '/b\n',
      '/etc/ld.so.conf.d/a.conf': 'include other.txt\n',
      '/etc/ld.so.conf.d/other.txt': '/a',
      '/etc/ld.so.conf.d/.hidden.conf': '/e',
      '/etc/ld.so.conf.d/bXconf': '/e',
      '/etc/more/c.conf': '/c\n',
      '/etc/more/cc.conf': '/e\n',
    };
    const folders = Object.fromEntries(['/a', '/b', '/c', '/d', '/e'].map((path) => [path, '/']));
    expect(pathsOf({ ...files, ...folders })).toEqual(['/a', '/b', '/c', '/d']);
  });

  it('goes into glibc-hwcaps', () => {
    const files = {
      '/usr/lib/glibc-hwcaps/x86-64-v3': '/',
      '/usr/lib/glibc-hwcaps/.x': '/',
      '/usr/lib/glibc-hwcaps/a:b': '/',
    };
    expect(findDirectories(makeTree(files), ldconfig)).toEqual([
      { path: '/usr/lib', real: 'usr/lib', hwcaps: undefined },
      { path: '/usr/lib/glibc-hwcaps/x86-64-v3', real: 'usr/lib/glibc-hwcaps/x86-64-v3', hwcaps: 'x86-64-v3' },
    ]);
  });
});
