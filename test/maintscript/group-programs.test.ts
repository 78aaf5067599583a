import { describe, expect, it } from 'vitest';
import { groupAdd, groupMod } from '../../src/maintscript/group-programs.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { lastLines, makeAccounts } from './accounts.ts';
import { runProgram } from './staged-tree.ts';

// What groupadd and groupmod of shadow 4.13 answer and write.
describe('groupadd', () => {
  it('gives out system numbers from above, others from below', () => {
    const tree = makeAccounts();
    for (const words of ['groupadd -r sysa', 'groupadd --system sysb', 'groupadd norm', 'groupadd -g 55 five'])
      expect(runProgram(tree, groupAdd, words)).toEqual({ status: 0, out: '', error: '' });
    expect(lastLines(tree, '/etc/group', 4)).toEqual(['sysa:x:999:', 'sysb:x:998:', 'norm:x:1000:', 'five:x:55:']);
    expect(lastLines(tree, '/etc/gshadow', 4)).toEqual(['sysa:!::', 'sysb:!::', 'norm:!::', 'five:!::']);
    expect(lastLines(tree, '/etc/group-', 1)).toEqual(['norm:x:1000:']);
  });

  it('keeps to the bounds of /etc/login.defs', () => {
    const tree = makeAccounts({ '/etc/login.defs': '#SYS_GID_MAX 5\nSYS_GID_MAX 499\nGID_MIN\t2000\n' });
    runProgram(tree, groupAdd, 'groupadd -r a');
    runProgram(tree, groupAdd, 'groupadd b');
    expect(lastLines(tree, '/etc/group', 2)).toEqual(['a:x:499:', 'b:x:2000:']);
  });

  it('does not take names and numbers twice', () => {
    const tree = makeAccounts();
    expect(runProgram(tree, groupAdd, 'groupadd daemon')).toEqual({
      status: 9,
      out: '',
      error: "groupadd: group 'daemon' already exists\n",
    });
    expect(runProgram(tree, groupAdd, 'groupadd --system -f daemon').status).toBe(0);
    expect(runProgram(tree, groupAdd, 'groupadd -g 1 new')).toEqual({
      status: 4,
      out: '',
      error: "groupadd: GID '1' already exists\n",
    });
    expect(() => runProgram(tree, groupAdd, 'groupadd -o -g 1 new')).toThrow(NotInterpretable);
  });
});

describe('groupmod', () => {
  it('renames in both files', () => {
    const tree = makeAccounts();
    expect(runProgram(tree, groupMod, 'groupmod -n sound audio').status).toBe(0);
    expect(tree.readText('/etc/group')).toContain('\nsound:x:29:games\n');
    expect(tree.readText('/etc/gshadow')).toContain('\nsound:*::games\n');
    expect(runProgram(tree, groupMod, 'groupmod -n daemon sound')).toMatchObject({
      status: 9,
      error: "groupmod: group 'daemon' already exists\n",
    });
    expect(runProgram(tree, groupMod, 'groupmod -n q nosuch')).toMatchObject({
      status: 6,
      error: "groupmod: group 'nosuch' does not exist\n",
    });
    expect(() => runProgram(tree, groupMod, 'groupmod -g 5 sound')).toThrow(NotInterpretable);
  });
});
