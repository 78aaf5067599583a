import { describe, expect, it } from 'vitest';
import { invokeRc, updateRc } from '../../src/maintscript/update-rc.ts';
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { linksOf, makeTree, runProgram } from './staged-tree.ts';

const SCRIPT = `#!/bin/sh
### BEGIN INIT INFO
# Provides: i
# Default-Start:     2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
# Default-Start: S
`;

const setUp = (): WritableTree => makeTree({ '/etc/init.d/i': SCRIPT, '/etc/init.d/j': '#!/bin/sh\n' });

const linksIn = (tree: WritableTree): string[] =>
  ['0', '1', '2', '3', '4', '5', '6', 'S'].flatMap((level) =>
    tree.get(`/etc/rc${level}.d`) ? linksOf(tree, `/etc/rc${level}.d`).map((link) => `${level} ${link}`) : [],
  );

// What update-rc.d of init-system-helpers 1.65.2 leaves and answers.
describe('update-rc.d', () => {
  it('makes the links that the script asks for, once, and removes them', () => {
    const tree = setUp();
    expect(runProgram(tree, updateRc, 'update-rc.d i defaults')).toEqual({ status: 0, out: '', error: '' });
    const links = ['0 K01i', '1 K01i', '2 S01i', '3 S01i', '4 S01i', '5 S01i', '6 K01i'];
    expect(linksIn(tree)).toEqual(links.map((link) => `${link} -> ../init.d/i`));
    runProgram(tree, updateRc, 'update-rc.d i defaults-disabled');
    expect(linksIn(tree)).toHaveLength(7);
    expect(linksIn(tree)[2]).toBe('2 S01i -> ../init.d/i');
    expect(runProgram(tree, updateRc, 'update-rc.d i remove').status).toBe(0);
    expect(linksIn(tree)).toEqual([]);
    runProgram(tree, updateRc, 'update-rc.d i defaults-disabled');
    expect(linksIn(tree)).toEqual(links.map((link) => `${link.replace('S', 'K')} -> ../init.d/i`));
  });

  it('does nothing for a script that asks for nothing, and misses one that is not there', () => {
    const tree = setUp();
    expect(runProgram(tree, updateRc, 'update-rc.d j defaults').status).toBe(0);
    expect(linksIn(tree)).toEqual([]);
    expect(runProgram(tree, updateRc, 'update-rc.d nosuch defaults')).toEqual({
      status: 1,
      out: '',
      error: 'update-rc.d: error: unable to read /etc/init.d/nosuch\n',
    });
  });

  it('refuses other actions, and other programs of its kind', () => {
    const tree = setUp();
    expect(() => runProgram(tree, updateRc, 'update-rc.d i enable')).toThrow(NotInterpretable);
    tree.makeDirectories('/sbin');
    tree.write('/sbin/insserv', 'x', { mode: 0o755 });
    expect(() => runProgram(tree, updateRc, 'update-rc.d i defaults')).toThrow(NotInterpretable);
  });
});

describe('invoke-rc.d', () => {
  it('starts nothing, and says so to those that ask', () => {
    const tree = setUp();
    expect(runProgram(tree, invokeRc, 'invoke-rc.d j start').status).toBe(0);
    expect(runProgram(tree, invokeRc, 'invoke-rc.d --disclose-deny j start').status).toBe(101);
    expect(runProgram(tree, invokeRc, 'invoke-rc.d --query j start').status).toBe(101);
    expect(() => runProgram(tree, invokeRc, 'invoke-rc.d --force j start')).toThrow(NotInterpretable);
  });
});
