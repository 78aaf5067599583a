import { describe, expect, it } from 'vitest';
import { isSysconfig, relocateSysconfig } from '../../src/python/sysconfig.ts';
import { SYSCONFIG } from './make-python.ts';

describe('relocateSysconfig', () => {
  it('names the folder of the image and the compilers that distributions have', () => {
    expect(relocateSysconfig(SYSCONFIG, '/opt/p')).toBe(
      "build_time_vars = {'AR': 'ar',\n 'CC': 'cc -pthread',\n 'CXX': 'c++ -pthread',\n" +
        " 'INSTALL': '/usr/bin/install -c',\n 'LDFLAGS': '-L/opt/p/lib',\n 'prefix': '/opt/p'}\n",
    );
    expect(relocateSysconfig('prefix=/install\nCflags: -I/install/include\n', '/opt/p')).toBe(
      'prefix=/opt/p\nCflags: -I/opt/p/include\n',
    );
  });
});

describe('isSysconfig', () => {
  it('knows the files that name folders', () => {
    const paths = ['python3.12/_sysconfigdata__linux_x86_64-linux-gnu.py', 'pkgconfig/python3.pc', 'python3.12/os.py'];
    expect(paths.map((path) => isSysconfig(`opt/p/lib/${path}`))).toEqual([true, true, false]);
  });
});
