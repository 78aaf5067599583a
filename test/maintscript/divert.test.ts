import { describe, expect, it } from 'vitest';
import { dpkgDivert } from '../../src/maintscript/divert.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeState, makeTree, runProgram } from './staged-tree.ts';

const ENV = { DPKG_MAINTSCRIPT_PACKAGE: 'tool' };

// What dpkg-divert of dpkg 1.21.22 answers.
describe('dpkg-divert', () => {
  const setUp = () => {
    const tree = makeTree({ '/usr/bin/t1': 't' });
    const state = makeState();
    const run = (words: string) => runProgram(tree, dpkgDivert(state), `dpkg-divert ${words}`, ENV);
    return { tree, state, run };
  };

  it('adds once, moves the file, and puts it back', () => {
    const { tree, state, run } = setUp();
    const added = "'diversion of /usr/bin/t1 to /usr/bin/t1.real by tool'";
    expect(run('--add --rename --divert /usr/bin/t1.real /usr/bin/t1').out).toBe(`Adding ${added}\n`);
    expect(run('--package tool --add --rename --divert /usr/bin/t1.real /usr/bin/t1').out).toBe(`Leaving ${added}\n`);
    expect(tree.list('/usr/bin')).toEqual(['t1.real']);
    expect(run('--package other --add --no-rename --divert /usr/bin/t1.other /usr/bin/t1')).toEqual({
      status: 2,
      out: '',
      error: `dpkg-divert: error: 'diversion of /usr/bin/t1 to /usr/bin/t1.other by other' clashes with ${added}\n`,
    });
    expect(run('--truename /usr/bin/t1').out).toBe('/usr/bin/t1.real\n');
    expect(run('--truename /usr/bin/t3').out).toBe('/usr/bin/t3\n');
    expect(run('--listpackage /usr/bin/t1').out).toBe('tool\n');
    expect(run('--remove --rename --package tool /usr/bin/t1').out).toBe(`Removing ${added}\n`);
    expect(run('--remove --no-rename --package tool /usr/bin/t1')).toEqual({
      status: 0,
      out: "No diversion 'diversion of /usr/bin/t1 by tool', none removed.\n",
      error: '',
    });
    expect([tree.list('/usr/bin'), state.diversions]).toEqual([['t1'], []]);
  });

  it('does not remove what is another one', () => {
    const { run } = setUp();
    run('--add --no-rename --divert /usr/bin/t1.real /usr/bin/t1');
    const found = "  found 'diversion of /usr/bin/t1 to /usr/bin/t1.real by tool'\n";
    expect(run('--remove --no-rename --package other /usr/bin/t1')).toMatchObject({
      status: 2,
      error: `dpkg-divert: error: mismatch on package\n  when removing 'diversion of /usr/bin/t1 by other'\n${found}`,
    });
    expect(run('--remove --no-rename --divert /usr/bin/zzz --package tool /usr/bin/t1')).toMatchObject({
      status: 2,
      error: `dpkg-divert: error: mismatch on divert-to\n  when removing 'diversion of /usr/bin/t1 to /usr/bin/zzz by tool'\n${found}`,
    });
  });

  it('lists in the order of the hash table', () => {
    const { run } = setUp();
    for (const name of ['/bin/sh', '/usr/bin/t2', '/usr/bin/t1']) run(`--quiet --local --no-rename ${name}`);
    const line = (path: string): string => `local diversion of ${path} to ${path}.distrib\n`;
    expect(run('--list').out).toBe(`${line('/usr/bin/t1')}${line('/usr/bin/t2')}${line('/bin/sh')}`);
    expect(run('--list *t2').out).toBe(line('/usr/bin/t2'));
    expect(run('--list other')).toEqual({ status: 0, out: '', error: '' });
    expect(run('--listpackage /usr/bin/t2').out).toBe('LOCAL\n');
  });

  it('refuses what would cost a file, and patterns', () => {
    const { tree, run } = setUp();
    tree.write('/usr/bin/t1.real', 'there');
    expect(() => run('--rename --divert /usr/bin/t1.real /usr/bin/t1')).toThrow(NotInterpretable);
    expect(() => run('--list t[12]')).toThrow(NotInterpretable);
    expect(() => run('--admindir /x --list')).toThrow(NotInterpretable);
  });
});
