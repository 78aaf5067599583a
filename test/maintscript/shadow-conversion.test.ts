import { describe, expect, it } from 'vitest';
import { checkGroup, checkPasswd, convertGroup, convertPasswd } from '../../src/maintscript/shadow-conversion.ts';
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeTree, recordCall } from './staged-tree.ts';

// All expectations are what shadow 4.13 makes of the same files; the day is 19675.
const LOGIN_DEFS = '# PASS_MAX_DAYS 1\nPASS_MAX_DAYS\t99999\nPASS_MIN_DAYS\t0\nPASS_WARN_AGE\t7\n';
const PASSWD = 'root:*:0:0:root:/root:/bin/bash\nman:*:6:12:man:/var/cache/man:/usr/sbin/nologin\n';
const GROUP = 'root:*:0:\naudio:*:29:man,root\nshadow:*:42:\n';

const fresh = (more: Readonly<Record<string, string>> = {}): WritableTree =>
  makeTree({ '/etc/login.defs': LOGIN_DEFS, '/etc/passwd': PASSWD, '/etc/group': GROUP, ...more });

const pwck = (tree: WritableTree): unknown => checkPasswd(recordCall(tree, ['pwck', '-q', '-r']).call);
const grpck = (tree: WritableTree): unknown => checkGroup(recordCall(tree, ['grpck', '-r']).call);
const pwconv = (tree: WritableTree): unknown => convertPasswd(recordCall(tree, ['pwconv']).call);
const grpconv = (tree: WritableTree): unknown => convertGroup(recordCall(tree, ['grpconv']).call);

const attributes = (tree: WritableTree, path: string): unknown => {
  const node = tree.get(path);
  return node && [node.mode.toString(8), node.gid];
};

describe('pwconv and grpconv', () => {
  it('make the shadow files of a system that has none', () => {
    const tree = fresh();
    expect([pwck(tree), grpck(tree), pwconv(tree), grpconv(tree)]).toEqual([0, 0, 0, 0]);
    expect(tree.readText('/etc/passwd')).toBe(PASSWD.replaceAll(':*:', ':x:'));
    expect(tree.readText('/etc/shadow')).toBe('root:*:19675:0:99999:7:::\nman:*:19675:0:99999:7:::\n');
    expect(tree.readText('/etc/group')).toBe(GROUP.replaceAll(':*:', ':x:'));
    expect(tree.readText('/etc/gshadow')).toBe('root:*::\naudio:*::man,root\nshadow:*::\n');
    expect(
      ['/etc/shadow', '/etc/gshadow', '/etc/passwd-', '/etc/group-', '/etc/.pwd.lock'].map((path) =>
        attributes(tree, path),
      ),
    ).toEqual([
      ['440', 42],
      ['440', 42],
      ['600', 0],
      ['644', 0],
      ['600', 0],
    ]);
    expect(tree.readText('/etc/passwd-')).toBe(PASSWD);
    expect(tree.get('/etc/shadow-')).toBeUndefined();
  });

  it('add what is new, take out what is gone and keep the rest', () => {
    const tree = fresh({
      '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nman:secret:6:12::/:/bin/sh\nnew:*:500:500::/x:/bin/sh\n',
      '/etc/shadow': 'root:*:1::::::\nold:*:1:0:9:7:::\nman:*:1:2:3:4:::\n',
      '/etc/group': 'root:x:0:\nman:secret:12:\nnew:*:500:root\nshadow:x:42:\n',
      '/etc/gshadow': 'root:*:root:\nold:*::\nman:*::\nshadow:*::\n',
    });
    expect([pwconv(tree), grpconv(tree)]).toEqual([0, 0]);
    expect(tree.readText('/etc/shadow')).toBe('root:*:1::::::\nman:secret:19675:2:3:4:::\nnew:*:19675:0:99999:7:::\n');
    expect(tree.readText('/etc/gshadow')).toBe('root:*:root:\nman:secret::\nshadow:*::\nnew:*::root\n');
    expect(tree.readText('/etc/shadow-')).toBe('root:*:1::::::\nold:*:1:0:9:7:::\nman:*:1:2:3:4:::\n');
  });

  it('leave no days where /etc/login.defs says none', () => {
    const tree = fresh({ '/etc/login.defs': 'PASS_MIN_DAYS -1\n' });
    pwconv(tree);
    expect(tree.readText('/etc/shadow')).toContain('man:*:19675::::::\n');
  });

  it('changes nothing the second time', () => {
    const tree = fresh();
    pwconv(tree);
    grpconv(tree);
    const before = ['/etc/passwd', '/etc/passwd-', '/etc/shadow', '/etc/gshadow'].map((path) => tree.readText(path));
    pwconv(tree);
    grpconv(tree);
    expect(['/etc/passwd', '/etc/passwd-', '/etc/shadow', '/etc/gshadow'].map((path) => tree.readText(path))).toEqual(
      before,
    );
    expect(tree.get('/etc/shadow-')).toBeUndefined();
  });
});

describe('pwck and grpck', () => {
  it.each([
    ['a line', { '/etc/passwd': `${PASSWD}bad\n` }, pwck],
    ['a name twice', { '/etc/passwd': `${PASSWD}man:*:7:7::/:/bin/sh\n` }, pwck],
    ['a password of its own', { '/etc/shadow': 'root:*:1::::::\nman:*:1::::::\n' }, pwck],
    ['no shadow', { '/etc/passwd': PASSWD.replaceAll('*', 'x'), '/etc/shadow': 'root:*:1::::::\n' }, pwck],
    ['a shadow of nobody', { '/etc/group': 'root:x:0:\n', '/etc/gshadow': 'root:*::\nold:*::\n' }, grpck],
    ['a stranger', { '/etc/group': 'audio:*:29:nobody\n' }, grpck],
  ])('complain of %s', (_what, files, check) => {
    expect(() => check(fresh(files))).toThrow(NotInterpretable);
  });

  it('refuse to repair, and to look for homes', () => {
    expect(() => checkPasswd(recordCall(fresh(), ['pwck', '-q']).call)).toThrow(NotInterpretable);
    expect(() => checkPasswd(recordCall(fresh(), ['pwck', '-r']).call)).toThrow(NotInterpretable);
    expect(checkPasswd(recordCall(fresh(), ['pwck', '-qr']).call)).toBe(0);
  });
});
