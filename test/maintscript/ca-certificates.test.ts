import { describe, expect, it } from 'vitest';
import { updateCaCertificates } from '../../src/maintscript/ca-certificates.ts';
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { PLAIN, SETS, SHOUTED, WIDE } from './small-certificates.ts';
import { linksOf, makeTree, NOW, recordCall } from './staged-tree.ts';

const target = '/etc/ssl/certs';
const share = '/usr/share/ca-certificates';
const local = '/usr/local/share/ca-certificates';
const hooks = '/etc/ca-certificates/update.d';

const files = {
  [target]: '/',
  '/etc/ca-certificates.conf': '# those that are trusted\n\nm/b.crt\nm/A (x), y.crt \n!m/c.crt\nm/gone.crt\nm/c.crt',
  [`${share}/m/b.crt`]: PLAIN.pem.trimEnd(),
  [`${share}/m/A (x), y.crt`]: WIDE.pem,
  [`${share}/m/c.crt`]: SETS.pem,
  [`${local}/sub/z.crt`]: SHOUTED.pem,
  [`${local}/sub/z.pem`]: SETS.pem,
};

function update(tree: WritableTree, ...args: string[]): ReturnType<typeof recordCall> {
  const recorded = recordCall(tree, ['update-ca-certificates', ...args]);
  expect(updateCaCertificates(recorded.call)).toBe(0);
  return recorded;
}

describe('update-ca-certificates', () => {
  it('links what is selected, then what is local, and bundles it in that order', () => {
    const tree = makeTree(files);
    const { printed } = update(tree);
    expect(linksOf(tree, target)).toEqual(
      [
        `A_=x=__y.pem -> ${share}/m/A (x), y.crt`,
        `b.pem -> ${share}/m/b.crt`,
        `z.pem -> ${local}/sub/z.crt`,
        `${PLAIN.hash}.0 -> b.pem`,
        `${PLAIN.hash}.1 -> z.pem`,
        `${WIDE.hash}.0 -> A_=x=__y.pem`,
      ].sort(),
    );
    expect(tree.readText(`${target}/ca-certificates.crt`)).toBe(PLAIN.pem + WIDE.pem + SHOUTED.pem);
    expect(tree.get(`${target}/ca-certificates.crt`)).toMatchObject({ mode: 0o644, uid: 0, mtime: NOW });
    expect(printed.out).toBe(`Updating certificates in ${target}...\n3 added, 0 removed; done.\n`);
    expect(printed.error).toBe(`W: ${share}/m/gone.crt not found, but listed in /etc/ca-certificates.conf.\n`);
  });

  it('removes the links of what is no longer selected, and of what has no file', () => {
    const tree = makeTree(files);
    update(tree);
    tree.write('/etc/ca-certificates.conf', '!m/b.crt\n');
    tree.remove(`${local}/sub/z.crt`);
    const { printed } = update(tree, '--verbose');
    expect(linksOf(tree, target)).toEqual(
      [`A_=x=__y.pem -> ${share}/m/A (x), y.crt`, `${WIDE.hash}.0 -> A_=x=__y.pem`].sort(),
    );
    expect(printed.out).toContain(`Removed orphan symlink ${target}/z.pem\n`);
    expect(printed.out).toContain('0 added, 1 removed; done.\n');
    // Nothing is selected: the script then leaves the bundle as it was.
    expect(tree.readText(`${target}/ca-certificates.crt`)).toContain(PLAIN.pem);
  });

  it('changes nothing the second time', () => {
    const tree = makeTree(files);
    update(tree);
    const before = linksOf(tree, target);
    const { printed } = update(tree);
    expect(linksOf(tree, target)).toEqual(before);
    expect(printed.out).toContain('0 added, 0 removed; done.\n');
  });

  it('starts anew with --fresh, and without a configuration', () => {
    for (const args of [['--fresh'], []]) {
      const tree = makeTree({
        ...files,
        [`${target}/old.pem`]: `-> ${share}/m/c.crt`,
        [`${target}/own.pem`]: WIDE.pem,
      });
      if (args.length === 0) tree.remove('/etc/ca-certificates.conf');
      const { printed } = update(tree, ...args);
      expect(linksOf(tree, target).some((link) => link.startsWith('old.pem'))).toBe(false);
      expect(tree.get(`${target}/own.pem`)).toMatchObject({ type: 'file' });
      expect(printed.out).toMatch(/^Clearing symlinks in \/etc\/ssl\/certs...\ndone.\n/);
    }
  });

  it('takes all with --default', () => {
    const tree = makeTree({ ...files, '/etc/ca-certificates.conf': '# none\n' });
    update(tree, '--default');
    expect(tree.readText(`${target}/ca-certificates.crt`)).toBe(WIDE.pem + PLAIN.pem + SETS.pem + SHOUTED.pem);
  });

  it('runs the hooks that may run, with what changed', () => {
    const tree = makeTree({
      ...files,
      [`${hooks}/keystore`]: '#!/bin/sh\n',
      [`${hooks}/off`]: '',
      [`${hooks}/x.dist`]: '',
    });
    for (const name of ['keystore', 'x.dist']) tree.setAttributes(`${hooks}/${name}`, { mode: 0o755 });
    const { runs, printed } = update(tree);
    const added = ['b', 'A_=x=__y', 'z'].map((name) => `+${target}/${name}.pem\n`).join('');
    expect(runs).toEqual([[`${hooks}/keystore`, added]]);
    expect(printed.out).toMatch(/Running hooks in \/etc\/ca-certificates\/update.d...\ndone.\n$/);
    expect(update(tree, '--hooksdir', '').runs).toEqual([]);
    const failing = recordCall(tree, ['update-ca-certificates'], 3);
    updateCaCertificates(failing.call);
    expect(failing.printed.out).toContain(`E: ${hooks}/keystore exited with code 3.\n`);
  });

  it('goes into a folder only once', () => {
    const tree = makeTree({ ...files, [`${local}/sub/again`]: '-> ../sub' });
    update(tree);
    expect(tree.readText(`${target}/ca-certificates.crt`)).toBe(PLAIN.pem + WIDE.pem + SHOUTED.pem);
  });

  it('prints its usage for what it does not know, and fails without a target', () => {
    expect(update(makeTree(files), '--what').printed.out).toMatch(/\[--verbose\] \[--fresh\]\n$/);
    const { call, printed } = recordCall(makeTree({}), ['update-ca-certificates']);
    expect(updateCaCertificates(call)).toBe(2);
    expect(printed.error).toContain(`can't cd to ${target}`);
  });

  it.each([
    [['--sysroot', '/x'], {}],
    [['--certsdir', 'relative'], {}],
    [['--hooksdir'], {}],
    [[], { [`${target}/ca-certificates.crt.new`]: '' }],
    [[], { [`${target}/b.pem`]: '/' }],
    [[], { [`${local}/a\\b.crt`]: PLAIN.pem }],
  ])('refuses %j with %j', (args, more) => {
    const { call } = recordCall(makeTree({ ...files, ...more }), ['update-ca-certificates', ...args]);
    expect(() => updateCaCertificates(call)).toThrow(NotInterpretable);
  });

  it('refuses certificates of the base that nobody has read', () => {
    const tree = makeTree(
      { [target]: '/', '/etc/ca-certificates.conf': 'a.crt\n' },
      { 'usr/share/ca-certificates/a.crt': 9 },
    );
    expect(() => updateCaCertificates(recordCall(tree, ['update-ca-certificates']).call)).toThrow(NotInterpretable);
  });
});
