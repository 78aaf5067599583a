import { describe, expect, it } from 'vitest';
import { ucf, ucfr } from '../../src/maintscript/ucf.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeState, makeTree, runProgram } from './staged-tree.ts';

const FIRST = 'd5e29449b9e66d5b4bb0d6ce48fbbcb1  /etc/demo.conf\n';
const SECOND = '3b5d5c3712955042212316173ccf37be  /etc/other.conf\n';

function setUp(more: Readonly<Record<string, string>> = {}) {
  const tree = makeTree({ '/u/new': 'a=1\n', '/u/other': 'b\n', '/etc': '/', '/var/lib/ucf': '/', ...more });
  const state = makeState();
  const run = (words: string, env: Readonly<Record<string, string>> = {}) =>
    runProgram(tree, words.startsWith('ucfr') ? ucfr : ucf(state), words, env);
  return { tree, state, run };
}

// What ucf 3.0043 leaves and answers.
describe('ucf', () => {
  it('copies what is new, and remembers it', () => {
    const { tree, run } = setUp();
    expect(run('ucf /u/new /etc/demo.conf')).toEqual({
      status: 0,
      out: '',
      error: '\nCreating config file /etc/demo.conf with new version\n',
    });
    expect(run('ucf /u/new /etc/demo.conf')).toEqual({ status: 0, out: '', error: '' });
    expect(run('ucf --three-way /u/other /etc/other.conf').status).toBe(0);
    expect(run('ucf --purge /etc/none').status).toBe(0);
    expect(tree.readText('/etc/other.conf')).toBe('b\n');
    expect(tree.readText('/var/lib/ucf/hashfile')).toBe(`${FIRST}${SECOND}`);
    expect(tree.readText('/var/lib/ucf/cache/:etc:demo.conf')).toBe('a=1\n');
    expect(tree.list('/var/lib/ucf/cache')).toEqual([':etc:demo.conf', ':etc:other.conf']);
  });

  it('misses a new file', () => {
    expect(setUp().run('ucf /u/none /etc/x')).toEqual({
      status: 1,
      out: '',
      error: 'Error: The new file /u/none does not exist!\n',
    });
  });

  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    ['a file that is there', { '/etc/demo.conf': 'mine\n' }, {}],
    ['a file whose version before was another', { '/var/lib/ucf/hashfile': `${'0'.repeat(32)}  /etc/demo.conf\n` }, {}],
    ['settings of its own', { '/etc/ucf.conf': 'conf_force_conffold=YES\n' }, {}],
    ['settings of the environment', {}, { UCF_FORCE_CONFFNEW: '1' }],
  ])('refuses %s', (_what, files, env) => {
    expect(() => setUp(files).run('ucf /u/new /etc/demo.conf', env)).toThrow(NotInterpretable);
  });

  it('refuses a file that is diverted, and to forget one', () => {
    const { state, run } = setUp({ '/var/lib/ucf/hashfile': SECOND });
    state.diversions.push({ from: '/etc/demo.conf', to: '/etc/x', by: ':' });
    expect(() => run('ucf /u/new /etc/demo.conf')).toThrow(NotInterpretable);
    expect(() => run('ucf --purge /etc/other.conf')).toThrow(NotInterpretable);
  });
});

describe('ucfr', () => {
  it('remembers whose file it is', () => {
    const { tree, run } = setUp();
    for (const path of ['/etc/demo.conf', '/etc/demo.conf', '/etc/other.conf'])
      expect(run(`ucfr tool ${path}`)).toEqual({ status: 0, out: '', error: '' });
    expect(tree.readText('/var/lib/ucf/registry')).toBe('tool \t /etc/demo.conf\ntool \t /etc/other.conf\n');
    expect(tree.readText('/var/lib/ucf/registry.0')).toBe('tool \t /etc/demo.conf\n');
    expect(tree.readText('/var/lib/ucf/registry.1')).toBe('');
    expect(() => run('ucfr other /etc/demo.conf')).toThrow(NotInterpretable);
  });
});
