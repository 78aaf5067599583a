import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../src/deb/version.ts';
import { maintscriptHelper } from '../../src/maintscript/maintscript-helper.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeTree, recordCall } from './staged-tree.ts';

const run = (files: Readonly<Record<string, string>>, ...words: string[]): number =>
  maintscriptHelper(compareVersions)(recordCall(makeTree(files), ['dpkg-maintscript-helper', ...words]).call);

// What dpkg-maintscript-helper of dpkg 1.21.22 answers.
describe('dpkg-maintscript-helper', () => {
  it('knows its commands', () => {
    const names = ['rm_conffile', 'mv_conffile', 'symlink_to_dir', 'dir_to_symlink', 'zzz'];
    expect(names.map((name) => run({}, 'supports', name))).toEqual([0, 0, 0, 0, 1]);
  });

  const OLD = { '/etc/old': 'x' };
  it.each([
    ['a new package', ['rm_conffile', '/etc/old', '1.0~', '--', 'configure', '']],
    ['a version that did it', ['rm_conffile', '/etc/old', '1.0~', 'demo', '--', 'configure', '2.0']],
    ['a removal', ['rm_conffile', '/etc/old', '1.0~', '--', 'remove']],
    ['no version', ['mv_conffile', '/etc/old', '/etc/new', '--', 'install', '']],
    ['nothing that is there', ['rm_conffile', '/etc/none', '1.0~', '--', 'configure', '0.9']],
    ['no link', ['symlink_to_dir', '/etc/old', '/x', '1.0~', '--', 'configure', '0.9']],
    ['no folder', ['dir_to_symlink', '/etc/old', '/x', '1.0~', '--', 'configure', '0.9']],
  ])('does nothing for %s', (_what, words) => {
    expect(run(OLD, ...words)).toBe(0);
  });

  it.each([
    ['a file of the version before', ['rm_conffile', '/etc/old', '1.0~', '--', 'configure', '0.9']],
    ['what preinst put aside', ['rm_conffile', '/etc/aside', '1.0~', '--', 'configure', '0.9']],
    ['any version before', ['rm_conffile', '/etc/old', '--', 'configure', '9']],
    ['a folder', ['dir_to_symlink', '/folder/', '/x', '1.0~', '--', 'configure', '0.9']],
    ['a command that nobody knows', ['frob', '/etc/old', '--', 'configure']],
    ['no arguments of the script', ['rm_conffile', '/etc/old']],
  ])('refuses %s', (_what, words) => {
    const files = { ...OLD, '/etc/aside.dpkg-remove': 'x', '/folder': '/' };
    expect(() => run(files, ...words)).toThrow(NotInterpretable);
  });
});
