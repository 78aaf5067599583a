import { describe, expect, it } from 'vitest';
import { updateAlternatives } from '../../src/maintscript/update-alternatives.ts';
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { linksOf, makeTree, recordCall } from './staged-tree.ts';

function alternatives(): {
  tree: WritableTree;
  run: (...words: string[]) => { status: number; out: string; error: string };
} {
  const tree = makeTree({
    '/bin/a': 'a',
    '/bin/b': 'b',
    '/man/a.1': 'manual',
    '/etc/alternatives': '/',
    '/var/lib/dpkg/alternatives': '/',
  });
  const run = (...words: string[]): { status: number; out: string; error: string } => {
    const { call, printed } = recordCall(tree, ['update-alternatives', ...words]);
    return { status: updateAlternatives(call), ...printed };
  };
  return { tree, run };
}

const A = ['--install', '/bin/x', 'x', '/bin/a', '10', '--slave', '/man/x.1', 'x.1', '/man/a.1'];
const B = ['--install', '/bin/x', 'x', '/bin/b', '20'];

// What update-alternatives of dpkg 1.21.22 prints and writes for the same calls.
describe('update-alternatives', () => {
  it('links the best choice, with what goes with it', () => {
    const { tree, run } = alternatives();
    expect(run(...A).out).toBe('update-alternatives: using /bin/a to provide /bin/x (x) in auto mode\n');
    expect(linksOf(tree, '/etc/alternatives')).toEqual(['x -> /bin/a', 'x.1 -> /man/a.1']);
    expect([linksOf(tree, '/bin'), linksOf(tree, '/man')]).toEqual([
      ['x -> /etc/alternatives/x'],
      ['x.1 -> /etc/alternatives/x.1'],
    ]);
    expect(run(...B).out).toBe('update-alternatives: using /bin/b to provide /bin/x (x) in auto mode\n');
    expect(linksOf(tree, '/etc/alternatives')).toEqual(['x -> /bin/b']);
    expect(linksOf(tree, '/man')).toEqual([]);
  });

  it('keeps the database byte for byte as dpkg', () => {
    const { tree, run } = alternatives();
    run(...A);
    run(...B);
    const both = '/bin/x\nx.1\n/man/x.1\n\n/bin/a\n10\n/man/a.1\n/bin/b\n20\n\n\n';
    expect(tree.readText('/var/lib/dpkg/alternatives/x')).toBe(`auto\n${both}`);
    expect(run('--set', 'x', '/bin/a').out).toBe(
      'update-alternatives: using /bin/a to provide /bin/x (x) in manual mode\n',
    );
    expect(tree.readText('/var/lib/dpkg/alternatives/x')).toBe(`manual\n${both}`);
    expect(run('--remove', 'x', '/bin/a').status).toBe(0);
    expect(tree.readText('/var/lib/dpkg/alternatives/x')).toBe('auto\n/bin/x\n\n/bin/b\n20\n\n');
    expect(linksOf(tree, '/bin')).toEqual(['x -> /etc/alternatives/x']);
  });

  it('shows, lists and knows nothing of others', () => {
    const { run } = alternatives();
    run(...A);
    run(...B);
    expect(run('--display', 'x').out).toBe(
      'x - auto mode\n  link best version is /bin/b\n  link currently points to /bin/b\n  link x is /bin/x\n' +
        '  slave x.1 is /man/x.1\n/bin/a - priority 10\n  slave x.1: /man/a.1\n/bin/b - priority 20\n',
    );
    expect(run('--list', 'x').out).toBe('/bin/a\n/bin/b\n');
    expect(run('--query', 'x').out).toContain('Best: /bin/b\nValue: /bin/b\n\nAlternative: /bin/a\nPriority: 10\n');
    expect(run('--display', 'none')).toMatchObject({
      status: 2,
      error: 'update-alternatives: error: no alternatives for none\n',
    });
    expect(run('--set', 'x', '/bin/c').status).toBe(2);
  });

  it('stays with the current choice among several of one priority', () => {
    const { tree, run } = alternatives();
    run('--install', '/bin/x', 'x', '/bin/b', '10');
    run('--install', '/bin/x', 'x', '/bin/a', '10');
    expect(linksOf(tree, '/etc/alternatives')).toEqual(['x -> /bin/b']);
    expect(run('--query', 'x').out).toContain('Best: /bin/b\nValue: /bin/b\n');
    expect(run('--display', 'x').out).toContain('best version is /bin/b\n');
    run('--auto', 'x');
    expect(linksOf(tree, '/etc/alternatives')).toEqual(['x -> /bin/b']);
  });

  it('makes a new group automatic over a link that was there', () => {
    const { tree, run } = alternatives();
    tree.symlink('/etc/alternatives/x', '/bin/b');
    expect(run('--install', '/bin/x', 'x', '/bin/a', '10')).toEqual({
      status: 0,
      out: 'update-alternatives: using /bin/a to provide /bin/x (x) in auto mode\n',
      error:
        'update-alternatives: warning: /etc/alternatives/x has been changed (manually or by a script); switching to manual updates only\n',
    });
    expect(linksOf(tree, '/etc/alternatives')).toEqual(['x -> /bin/a']);
    expect(tree.readText('/var/lib/dpkg/alternatives/x')).toMatch(/^auto\n/);
  });

  it('takes away the link of a slave that the current choice does not have', () => {
    const { tree, run } = alternatives();
    run('--install', '/bin/x', 'x', '/bin/b', '20');
    tree.symlink('/man/x.1', '/elsewhere');
    run(...A);
    expect(linksOf(tree, '/man')).toEqual([]);
  });

  it('refuses what it does not do exactly', () => {
    const { run } = alternatives();
    expect(() => run('--config', 'x')).toThrow(NotInterpretable);
    expect(() => run('--force', ...A)).toThrow(NotInterpretable);
    expect(() => run('--install', '/nowhere/x', 'x', '/bin/a', '10')).toThrow(/its folder does not exist/);
  });
});
