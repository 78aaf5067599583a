import { describe, expect, it } from 'vitest';
import { inlineFile } from '../../src/filesystem/entry.ts';
import type { BaseFacts } from '../../src/filesystem/facts.ts';
import type { LockedWheel } from '../../src/python/lock.ts';
import { captureForReplaced, installedFor, installedIn, lacking, replacedFiles } from '../../src/python/replaced.ts';
import type { VenvLayout } from '../../src/python/venv.ts';

const SITE = 'opt/venv/lib/python3.12/site-packages';
const LAYOUT: VenvLayout = {
  root: '/opt/venv',
  version: '3.12',
  python: '/opt/venv/bin/python',
  sitePackages: 'lib/python3.12/site-packages',
  include: 'include/site/python3.12',
};
const ATTRIBUTES = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 } as const;

/** A base with `My.Pkg 1.0` in its environment, and with what others have put beside it. */
const FACTS: BaseFacts = {
  entries: new Map(
    [
      `${SITE}/my_pkg/__init__.py`,
      `${SITE}/my_pkg/gone.py`,
      `${SITE}/my_pkg/__pycache__/__init__.cpython-312.pyc`,
      `${SITE}/my_pkg/__pycache__/gone.cpython-312.opt-1.pyc`,
      `${SITE}/my_pkg/__pycache__/foreign.cpython-312.pyc`,
      `${SITE}/My.Pkg-1.0.dist-info/METADATA`,
      `${SITE}/My.Pkg-1.0.dist-info/RECORD`,
      'opt/venv/bin/my-pkg',
    ].map((path) => [path, ATTRIBUTES]),
  ),
  captured: new Map([
    [
      `${SITE}/My.Pkg-1.0.dist-info/RECORD`,
      new TextEncoder().encode(
        'my_pkg/__init__.py,,\nmy_pkg/gone.py,,\nmy_pkg/never.py,,\n../../../bin/my-pkg,,\nMy.Pkg-1.0.dist-info/METADATA,,\n',
      ),
    ],
  ]),
};

const wheel = (name: string, version: string, more: Partial<LockedWheel> = {}): LockedWheel => ({
  name,
  version,
  filename: `${name}-${version}-py3-none-any.whl`,
  url: 'https://index.example/x.whl',
  digest: `sha256:${'0'.repeat(64)}`,
  requested: true,
  ...more,
});

describe('packages that a base has', () => {
  it('are found by their RECORD, which is kept', () => {
    expect(installedIn(FACTS, 'opt/venv')).toEqual([{ name: 'my-pkg', version: '1.0', python: 'python3.12' }]);
    expect(captureForReplaced(`${SITE}/My.Pkg-1.0.dist-info/RECORD`, 'opt/venv')).toBeGreaterThan(1 << 20);
    expect(captureForReplaced(`${SITE}/My.Pkg-1.0.dist-info/METADATA`, 'opt/venv')).toBeUndefined();
    expect(captureForReplaced(`usr/lib/python3/dist-packages/x-1.dist-info/RECORD`, 'opt/venv')).toBeUndefined();
  });

  it('are not installed again in the same version, unless they come from elsewhere', () => {
    const installed = installedIn(FACTS, 'opt/venv');
    const directUrl = { url: 'https://x.example/y.whl', archive_info: { hashes: { sha256: '0'.repeat(64) } } };
    const wheels = [
      wheel('my-pkg', '1.0'),
      wheel('my-pkg', '2.0'),
      wheel('other', '1.0'),
      wheel('my-pkg', '1.0', { directUrl }),
    ];
    expect(lacking(wheels, installedFor(installed, LAYOUT))).toEqual(wheels.slice(1));
    expect(installedFor(installed, { ...LAYOUT, sitePackages: 'lib/python3.11/site-packages' })).toEqual([]);
  });

  it('go where another version comes, with their bytecode and nothing else', () => {
    const entries = [inlineFile(`${SITE}/my_pkg/__init__.py`, ''), inlineFile('opt/venv/bin/my-pkg', '')];
    const gone = replacedFiles(FACTS, LAYOUT, [{ name: 'my-pkg', entries }]);
    expect(
      gone
        .get('my-pkg')!
        .map(({ type, path }) => `${type} ${path}`)
        .sort(),
    ).toEqual(
      [
        `${SITE}/My.Pkg-1.0.dist-info/METADATA`,
        `${SITE}/My.Pkg-1.0.dist-info/RECORD`,
        `${SITE}/my_pkg/__pycache__/__init__.cpython-312.pyc`,
        `${SITE}/my_pkg/__pycache__/gone.cpython-312.opt-1.pyc`,
        `${SITE}/my_pkg/gone.py`,
      ].map((path) => `whiteout ${path}`),
    );
    expect(replacedFiles(FACTS, LAYOUT, [{ name: 'other', entries }]).size).toBe(0);
  });

  it('keep what another package brings in their place', () => {
    const moved = [
      { name: 'my-pkg', entries: [] },
      { name: 'new', entries: [inlineFile(`${SITE}/my_pkg/gone.py`, '')] },
    ];
    const paths = replacedFiles(FACTS, LAYOUT, moved)
      .get('my-pkg')!
      .map(({ path }) => path);
    expect(paths).not.toContain(`${SITE}/my_pkg/gone.py`);
    expect(paths).toContain(`${SITE}/my_pkg/__init__.py`);
  });
});
