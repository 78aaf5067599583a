import { describe, expect, it } from 'vitest';
import { dpkgStatOverride } from '../../src/maintscript/stat-override.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeAccounts } from './accounts.ts';
import { makeState, runProgram } from './staged-tree.ts';

// What dpkg-statoverride of dpkg 1.21.22 answers.
describe('dpkg-statoverride', () => {
  const setUp = () => {
    const tree = makeAccounts({ '/usr/bin/t1': 't' });
    const state = makeState();
    return { tree, run: (words: string) => runProgram(tree, dpkgStatOverride(state), `dpkg-statoverride ${words}`) };
  };
  const FORCED =
    "dpkg-statoverride: warning: an override for '/usr/bin/t1' already exists, but --force specified so will be ignored\n";

  it('changes the file on request, and remembers', () => {
    const { tree, run } = setUp();
    expect(run('--add --update root shadow 2755 /usr/bin/t1')).toEqual({ status: 0, out: '', error: '' });
    expect(tree.get('/usr/bin/t1')).toMatchObject({ mode: 0o2755, uid: 0, gid: 42 });
    expect(run('--add root shadow 2755 /usr/bin/t1')).toMatchObject({
      status: 2,
      error: "dpkg-statoverride: error: an override for '/usr/bin/t1' already exists; aborting\n",
    });
    expect(run('--force-statoverride-add --add daemon #42 0750 /usr/bin/t1')).toEqual({
      status: 0,
      out: '',
      error: FORCED,
    });
    expect(run('--add --update root root 4755 /usr/bin/t9')).toMatchObject({
      status: 0,
      error: 'dpkg-statoverride: warning: --update given but /usr/bin/t9 does not exist\n',
    });
    expect(run('--list').out).toBe('daemon shadow 750 /usr/bin/t1\nroot root 4755 /usr/bin/t9\n');
    expect(run('--list /usr/*9').out).toBe('root root 4755 /usr/bin/t9\n');
    expect(run('--list /nope')).toEqual({ status: 1, out: '', error: '' });
    expect(run('--remove /usr/bin/t1').status).toBe(0);
    expect(run('--remove /usr/bin/t1')).toMatchObject({
      status: 2,
      error: 'dpkg-statoverride: warning: no override present\n',
    });
    expect(run('--force-statoverride-remove --remove /usr/bin/t1').status).toBe(0);
  });

  it('knows who is missing', () => {
    const { run } = setUp();
    expect(run('--add --update root nosuch 755 /x')).toMatchObject({
      status: 2,
      error: "dpkg-statoverride: error: group 'nosuch' does not exist\n",
    });
    expect(run('--add --update nosuch root 755 /x')).toMatchObject({
      status: 2,
      error: "dpkg-statoverride: error: user 'nosuch' does not exist\n",
    });
    expect(() => run('--add 5 root 755 /x')).toThrow(NotInterpretable);
    expect(() => run('--add root root u=rw /x')).toThrow(NotInterpretable);
  });
});
