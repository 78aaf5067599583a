import { describe, expect, it } from 'vitest';
import { userAdd } from '../../src/maintscript/user-add.ts';
import { userMod } from '../../src/maintscript/user-mod.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { lastLines, makeAccounts } from './accounts.ts';
import { runProgram } from './staged-tree.ts';

// What useradd of shadow 4.13 answers and writes.
describe('useradd', () => {
  it('makes system users, each with a group of its own', () => {
    const tree = makeAccounts();
    expect(runProgram(tree, userAdd, 'useradd -r -s /bin/false -d /run/a -c Ab ua').status).toBe(0);
    expect(runProgram(tree, userAdd, 'useradd --system -g daemon ub').status).toBe(0);
    expect(runProgram(tree, userAdd, 'useradd -r -G audio,video uc').status).toBe(0);
    expect(lastLines(tree, '/etc/passwd', 3)).toEqual([
      'ua:x:999:999:Ab:/run/a:/bin/false',
      'ub:x:998:1::/home/ub:/bin/sh',
      'uc:x:997:997::/home/uc:/bin/sh',
    ]);
    expect(lastLines(tree, '/etc/shadow', 2)).toEqual(['ub:!:19675::::::', 'uc:!:19675::::::']);
    expect(lastLines(tree, '/etc/gshadow', 2)).toEqual(['ua:!::', 'uc:!::']);
    expect(tree.readText('/etc/group')).toMatch(/^audio:x:29:games,uc$[^]*^video:x:44:uc$/m);
    expect(tree.readText('/etc/gshadow')).toMatch(/^audio:\*::games,uc$[^]*^video:\*::uc$/m);
  });

  it('takes another number for the group where the same one is taken', () => {
    const tree = makeAccounts();
    runProgram(tree, userAdd, 'useradd -r -u 44 u');
    expect(lastLines(tree, '/etc/passwd', 1)).toEqual(['u:x:44:999::/home/u:/bin/sh']);
  });

  it.each([
    ['useradd -r daemon', 9, "user 'daemon' already exists"],
    ['useradd -r -u 1 u', 4, 'UID 1 is not unique'],
    ['useradd -r -g nosuch u', 6, "group 'nosuch' does not exist"],
    ['useradd -r -G nosuch u', 6, "group 'nosuch' does not exist"],
    ['useradd -r audio', 9, 'group audio exists - if you want to add this user to that group, use -g.'],
  ])('%s', (words, status, error) => {
    expect(runProgram(makeAccounts(), userAdd, words)).toEqual({ status, out: '', error: `useradd: ${error}\n` });
  });

  it('makes no other users, and no homes', () => {
    expect(() => runProgram(makeAccounts(), userAdd, 'useradd u')).toThrow(NotInterpretable);
    expect(() => runProgram(makeAccounts(), userAdd, 'useradd -r -m u')).toThrow(NotInterpretable);
  });
});

describe('usermod', () => {
  it('changes fields and adds memberships, once', () => {
    const tree = makeAccounts();
    expect(runProgram(tree, userMod, 'usermod -aG audio daemon').status).toBe(0);
    expect(runProgram(tree, userMod, 'usermod -a -G audio,video daemon').status).toBe(0);
    expect(runProgram(tree, userMod, 'usermod -s /bin/sh -d /x -c C -g shadow daemon').status).toBe(0);
    expect(lastLines(tree, '/etc/passwd', 1)).toEqual(['daemon:x:1:42:C:/x:/bin/sh']);
    expect(tree.readText('/etc/group')).toMatch(/^audio:x:29:games,daemon$[^]*^video:x:44:daemon$/m);
    expect(tree.readText('/etc/gshadow')).toMatch(/^audio:\*::games,daemon$[^]*^video:\*::daemon$/m);
  });

  it('knows who is missing', () => {
    const tree = makeAccounts();
    expect(runProgram(tree, userMod, 'usermod -g nosuch daemon')).toMatchObject({
      status: 6,
      error: "usermod: group 'nosuch' does not exist\n",
    });
    expect(runProgram(tree, userMod, 'usermod -aG nosuch daemon').status).toBe(6);
    expect(runProgram(tree, userMod, 'usermod -d /x nosuch')).toMatchObject({
      status: 6,
      error: "usermod: user 'nosuch' does not exist\n",
    });
    expect(() => runProgram(tree, userMod, 'usermod -G audio daemon')).toThrow(NotInterpretable);
  });
});
