import { describe, expect, it } from 'vitest';
import { programWords, requireProgram } from '../../src/run/program.ts';
import type { BaseEntry, BaseFacts } from '../../src/filesystem/facts.ts';
import { expectCode } from '../expect-code.ts';

describe('programWords', () => {
  const both = { Entrypoint: ['/entry', 'a'], Cmd: ['b'] };

  it.each([
    [both, undefined, [], ['/entry', 'a', 'b']],
    [both, undefined, ['c', 'd'], ['/entry', 'a', 'c', 'd']],
    [both, 'sh', [], ['sh']],
    [both, 'sh', ['-c', 'x'], ['sh', '-c', 'x']],
    [both, '', ['x'], ['x']],
    [{ Cmd: ['b'] }, undefined, [], ['b']],
    [{ Cmd: ['b'] }, undefined, ['x'], ['x']],
    [undefined, undefined, ['x'], ['x']],
  ])('%j, entry point %s and command %j', (config, entrypoint, command, words) => {
    expect(programWords(config, { entrypoint, command }, 'image')).toEqual(words);
  });

  it.each([
    [undefined, undefined, 'neither Entrypoint nor Cmd'],
    [{ Entrypoint: [], Cmd: [] }, undefined, 'neither Entrypoint nor Cmd'],
    [both, '', 'cleared'],
  ])('refuses %j with entry point %s', async (config, entrypoint, why) => {
    const error = await expectCode(() => programWords(config, { entrypoint, command: [] }, 'oci:x'), 'USAGE');
    expect(error.message).toContain('oci:x');
    expect(error.message).toContain(why);
  });
});

describe('requireProgram', () => {
  const entry = (more: Partial<BaseEntry>): BaseEntry => ({
    type: 'file',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    ...more,
  });
  const facts: BaseFacts = {
    entries: new Map([
      ['bin', entry({ type: 'symlink', target: 'usr/bin' })],
      ['usr', entry({ type: 'directory' })],
      ['usr/bin', entry({ type: 'directory' })],
      ['usr/bin/python3', entry({ type: 'symlink', target: 'python3.11' })],
      ['usr/bin/python3.11', entry({})],
      ['usr/bin/perl', entry({ type: 'hardlink', target: 'usr/bin/perl5' })],
      ['usr/bin/notes', entry({ mode: 0o644 })],
      ['usr/bin/broken', entry({ type: 'symlink', target: 'nowhere' })],
      ['usr/local/bin/notes', entry({ mode: 0o644 })],
      ['srv/run.sh', entry({})],
    ]),
    captured: new Map(),
  };
  const look = (name: string, more: { path?: string; folder?: string } = {}): void =>
    requireProgram(name, {
      facts,
      path: '/usr/local/bin:/bin',
      folder: '/srv',
      isMounted: (path) => path.startsWith('/mnt/'),
      ...more,
    });

  it.each(['python3', 'perl', '/bin/python3', '/usr/bin/../bin/perl', './run.sh', '../srv/run.sh', '/mnt/any'])(
    'finds %s',
    (name) => {
      expect(() => look(name)).not.toThrow();
    },
  );

  it('takes an empty part of PATH as the working directory', () => {
    expect(() => look('run.sh', { path: ':/bin' })).not.toThrow();
  });

  it.each([
    ['run.sh', 'has no program "run.sh"', 'PATH are /usr/local/bin:/bin'],
    ['pyhton3', 'has no program', 'Did you mean python3?'],
    ['/bin/prel', 'has no program', 'Did you mean /bin/perl?'],
    ['broken', 'has no program', 'PATH'],
    ['notes', '/usr/local/bin/notes of the image may not be executed', 'executed'],
    ['/usr', '/usr of the image is a directory', 'executed'],
    ['--user', 'has no program', 'before the image'],
    ['', 'has no program ""', 'PATH'],
    ['/nothing/near', 'has no program', 'ls'],
  ])('refuses %s', async (name, message, hint) => {
    const error = await expectCode(() => look(name), 'PROGRAM_NOT_FOUND');
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
    expect(error.facts).toEqual({ program: name });
  });
});
