import { describe, expect, it } from 'vitest';
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { compareVersions } from '../../src/deb/version.ts';
import { addUserProgram } from '../../src/maintscript/adduser.ts';
import type { InstalledPackage } from '../../src/maintscript/dpkg-state.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { lastLines, makeAccounts } from './accounts.ts';
import { makeState, recordCall } from './staged-tree.ts';

function run(tree: WritableTree, words: string, version = '3.134'): { status: number; out: string; error: string } {
  const adduser = { name: 'adduser', version, architecture: 'all' } as InstalledPackage;
  const program = addUserProgram({ state: makeState([adduser]), nativeArchitecture: 'amd64', compareVersions });
  // `_` stands for a blank inside of a word.
  const { call, printed } = recordCall(
    tree,
    words.split(' ').map((word) => word.replaceAll('_', ' ')),
  );
  return { status: program(call), ...printed };
}

// What adduser 3.134 writes and answers.
describe('adduser', () => {
  it('makes system users', () => {
    const tree = makeAccounts();
    expect(run(tree, 'adduser --system --group --no-create-home --home /run/a --quiet aa')).toEqual({
      status: 0,
      out: '',
      error: '',
    });
    expect(run(tree, 'adduser --quiet --system --home /var/lib/bb bb').status).toBe(0);
    expect(
      run(tree, 'adduser --quiet --system --ingroup audio --no-create-home --shell /bin/sh --disabled-password cc')
        .status,
    ).toBe(0);
    expect(lastLines(tree, '/etc/passwd', 3)).toEqual([
      'aa:x:100:100::/run/a:/usr/sbin/nologin',
      'bb:x:101:65534::/var/lib/bb:/usr/sbin/nologin',
      'cc:x:102:29::/nonexistent:/bin/sh',
    ]);
    expect(lastLines(tree, '/etc/shadow', 1)).toEqual(['cc:!:19675::::::']);
    expect(lastLines(tree, '/etc/group', 1)).toEqual(['aa:x:100:']);
    expect(lastLines(tree, '/etc/gshadow', 1)).toEqual(['aa:!::']);
    expect(tree.get('/var/lib/bb')).toMatchObject({ type: 'directory', mode: 0o755, uid: 101, gid: 65534 });
    expect(tree.get('/run/a')).toBeUndefined();
  });

  it('leaves one that is there', () => {
    const tree = makeAccounts();
    run(tree, 'adduser --system --group aa');
    expect(run(tree, 'adduser --system --group aa')).toMatchObject({
      status: 0,
      out: "The system user `aa' already exists. Exiting.\n",
    });
    expect(run(tree, 'adduser --system root')).toMatchObject({
      status: 1,
      error: "adduser: The user `root' already exists, but is not a system user. Exiting.\n",
    });
  });

  it.each([
    ['A_b', 'A b,,,'],
    ['A_b,c', 'A b,c,,'],
    ['One,Two,Three', 'One,Two,Three,'],
    ['One,Two,Three,Four', 'One,Two,Three,Four'],
    ['One,Two,Three,Four,Five', 'One,Two,Three,Four,Five'],
    ['', ',,,'],
  ])('--gecos %s', (comment, field) => {
    const tree = makeAccounts();
    run(tree, `adduser --system --no-create-home --gecos=${comment} u`);
    expect(lastLines(tree, '/etc/passwd', 1)).toEqual([`u:x:100:65534:${field}:/nonexistent:/usr/sbin/nologin`]);
  });

  it('knows that newer ones write comments in another way', () => {
    expect(() => run(makeAccounts(), 'adduser --system --gecos x u', '3.152')).toThrow(NotInterpretable);
    expect(run(makeAccounts(), 'adduser --system u', '3.152').status).toBe(0);
  });

  it('makes members', () => {
    const tree = makeAccounts();
    expect(run(tree, 'adduser daemon audio').out).toBe("Adding user `daemon' to group `audio' ...\nDone.\n");
    expect(run(tree, 'adduser daemon audio')).toMatchObject({
      status: 0,
      out: "adduser: The user `daemon' is already a member of `audio'.\n",
    });
    expect(tree.readText('/etc/group')).toContain('\naudio:x:29:games,daemon\n');
    expect(run(tree, 'adduser nosuch audio')).toMatchObject({
      status: 1,
      error: "adduser: The user `nosuch' does not exist.\n",
    });
    expect(run(tree, 'adduser daemon nosuch')).toMatchObject({
      status: 1,
      error: "adduser: The group `nosuch' does not exist.\n",
    });
  });

  it('follows /etc/adduser.conf', () => {
    const tree = makeAccounts({ '/etc/adduser.conf': '# x\nFIRST_SYSTEM_UID=300\nSYS_DIR_MODE="0750"\n' });
    run(tree, 'adduser --system --home /var/lib/u u');
    expect(lastLines(tree, '/etc/passwd', 1)[0]).toContain('u:x:300:');
    expect(tree.get('/var/lib/u')?.mode).toBe(0o750);
    const pool = makeAccounts({ '/etc/adduser.conf': 'UID_POOL=/etc/pool\n' });
    expect(() => run(pool, 'adduser --system u')).toThrow(NotInterpretable);
  });

  it('refuses to ask for a password, and options that nobody knows', () => {
    expect(() => run(makeAccounts(), 'adduser person')).toThrow(NotInterpretable);
    expect(() => run(makeAccounts(), 'adduser --system --encrypt-home u')).toThrow(NotInterpretable);
  });
});

describe('addgroup', () => {
  it('makes groups of the system and others', () => {
    const tree = makeAccounts();
    expect(run(tree, 'addgroup --system gg').out).toBe("Adding group `gg' (GID 100) ...\nDone.\n");
    expect(run(tree, 'addgroup --system gg')).toMatchObject({
      status: 0,
      out: "addgroup: The group `gg' already exists as a system group. Exiting.\n",
    });
    expect(run(tree, 'addgroup gg')).toMatchObject({
      status: 1,
      error: "addgroup: The group `gg' already exists.\n",
    });
    expect(run(tree, 'addgroup plain').out).toBe("Adding group `plain' (GID 1000) ...\nDone.\n");
    expect(run(tree, 'addgroup --gid 29 zz')).toMatchObject({
      status: 1,
      error: "addgroup: The GID `29' is already in use.\n",
    });
    expect(run(tree, 'addgroup --system audio')).toMatchObject({
      status: 1,
      error: "addgroup: The group `audio' already exists and is not a system group. Exiting.\n",
    });
  });
});
