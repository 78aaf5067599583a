// Packages and mirrors that break in the middle: what is said, and that the next build is none the worse for it.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/error.ts';
import type { DebEntry, DebOptions } from '../deb/make-deb.ts';
import type { Fault } from '../registry/fake-server.ts';
import { archivePackage, debianProject, forBoth, PACKAGES } from './debian-archive.ts';
import { built } from './debian-build.ts';
import { readImage } from './read-image.ts';
import { refused } from './refused.ts';

const BUILD = ['build', '-o', 'oci:out'];
const SCRIPT = '#!/bin/sh\nset -e\n';

describe('a package is refused whose index vouches for it, but', () => {
  it.each<[string, readonly DebEntry[], RegExp]>([
    [
      'that has a path out of the root',
      [{ path: './a/../../etc/escaped', content: 'x' }],
      /"a\/\.\.\/\.\.\/etc\/escaped"/,
    ],
    ['that has an absolute path', [{ path: '/etc/escaped', content: 'x' }], /"\/etc\/escaped"/],
    [
      'that has a hard link to a file of the base',
      [{ path: 'x', type: 'hardlink', target: '/etc/shadow' }],
      /\/etc\/shadow/,
    ],
    [
      'that has a file below its own link',
      [
        { path: 'srv', target: '../../../../etc' },
        { path: 'srv/landed', content: 'x' },
      ],
      /"srv\/landed" below "srv", which is a symlink/,
    ],
    ['that has a device', [{ path: 'dev/sda', type: '4' }], /dev\/sda/],
    [
      'that has a file twice',
      [
        { path: 'usr/x', content: 'a' },
        { path: 'usr/x', content: 'b' },
      ],
      /usr\/x/,
    ],
  ])('%s', async (_what, entries, words) => {
    const project = await debianProject({ packages: [...PACKAGES, { name: 'hostile', entries }].map(archivePackage) });
    await project.want(['hostile']);
    await refused(project, BUILD, 'DEB_INVALID', [words, /Debian package hostile 1\.0 cannot be unpacked/]);
  });

  it('that leads another one out of the root keeps it within', async () => {
    const guide = { name: 'guide', entries: [{ path: 'srv/out', target: '../../../../../etc' }] };
    const walker = {
      name: 'walker',
      fields: { Depends: 'guide' },
      entries: [{ path: 'srv/out/landed', content: 'x' }],
    };
    const project = await debianProject({ packages: [...PACKAGES, guide, walker].map(archivePackage) });
    await project.want(['walker']);
    await built(project);
    const { text } = await readImage(join(project.folder, 'out'));
    expect(text('etc/landed')).toBe('x');
  });
});

describe('packages that cannot be chosen', () => {
  it('are told with the way that leads to each of them', async () => {
    const more: DebOptions[] = [
      { name: 'top', fields: { Depends: 'middle' } },
      { name: 'middle', fields: { Depends: 'gone (>= 2)' } },
    ];
    const project = await debianProject({ packages: [...PACKAGES, ...more].map(archivePackage) });
    await project.want(['top', 'needs-none']);
    const said = await refused(project, BUILD, 'PACKAGES_CONFLICT', []);
    const chains = [
      /top \(wanted\) depends on middle, which depends on gone \(>= 2\)/,
      /needs-none \(wanted\) depends on nothing-provides-this \(>= 3\)/,
    ];
    for (const chain of chains) expect(said).toMatch(chain);
  });
});

describe('a script', () => {
  const scripts: [string, DebOptions, RegExp[]][] = [
    [
      'that fails',
      { members: { postinst: `${SCRIPT}echo 'no such thing' >&2; exit 3\n` } },
      [/postinst/, /status 3/, /no such thing/],
    ],
    [
      'that is no shell script',
      { members: { preinst: '#!/usr/bin/perl\n' } },
      [/preinst/, /no shell script: #!\/usr\/bin\/perl/],
    ],
    ['that never ends', { members: { postinst: `${SCRIPT}while true; do :; done\n` } }, [/postinst/]],
  ];
  it.each(scripts)('%s is told by package and reason', async (_what, options, words) => {
    const project = await debianProject({ packages: [...PACKAGES, { name: 'odd', ...options }].map(archivePackage) });
    await project.want(['odd']);
    await refused(project, BUILD, 'CONFIGURE_UNSUPPORTED', [...words, /odd 1\.0 cannot be carried out/]);
  });

  it('of another platform alone stops all of them', async () => {
    const postinst = `${SCRIPT}[ "$(dpkg --print-architecture)" != arm64 ]\n`;
    const packages = [...PACKAGES, { name: 'odd', members: { postinst } }].flatMap(forBoth);
    const project = await debianProject({ packages });
    await project.want(['odd'], { platform: 'linux/amd64,linux/arm64' });
    await refused(project, BUILD, 'CONFIGURE_UNSUPPORTED', [/odd 1\.0/]);
    await project.want(['odd']);
    await built(project);
  });
});

describe('a mirror', () => {
  const breaks = (path: RegExp, go: Fault['go'], times: number): Fault => ({ path, go, times });

  it.each<[string, Fault, ErrorCode]>([
    ['dies in a package', breaks(/pool\/tool/, { cutAfter: 100 }, 5), 'NETWORK'],
    ['dies in an index', breaks(/by-hash/, { cutAfter: 10 }, 5), 'NETWORK'],
    ['has lost a package', breaks(/pool\/tool/, { status: 404 }, 1), 'NOT_FOUND'],
    ['forbids a package', breaks(/pool\/tool/, { status: 403 }, 1), 'FORBIDDEN'],
    ['wants a password', breaks(/InRelease/, { status: 401 }, 1), 'UNAUTHORIZED'],
    ['has a damaged package', breaks(/pool\/tool/, 'corrupt', 1), 'DIGEST_MISMATCH'],
  ])(
    'that %s fails, and serves the next build',
    async (_what, fault, code) => {
      const project = await debianProject({}, { faults: [fault] });
      await project.want(['tool']);
      await refused(project, BUILD, code, [/127\.0\.0\.1|tool/]);
      const again = await built(project);
      const fresh = await built(project, ['--frozen'], { cache: `${project.cache}-fresh` });
      expect(again.digest).toBe(fresh.digest);
    },
    60_000,
  );

  it('that hangs may be left: nothing half-made stays', async () => {
    const project = await debianProject({}, { faults: [breaks(/pool\/tool/, 'hang', 100)] });
    await project.want(['tool']);
    const options = { interruptAt: /"step":"download".*"subject":"tool/ };
    await refused(project, [...BUILD, '--progress', 'json'], 'ABORTED', [], options);
    expect(await readdir(project.folder)).not.toContain('imagespec.lock');
    const { sources } = await debianProject();
    await project.want(['tool'], { apt_sources: sources });
    await built(project);
  });

  it('whose packages the lock names under a name it has no more is told', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    await built(project);
    await project.publish({ packages: [] });
    const options = { cache: `${project.cache}-fresh` };
    await refused(
      project,
      [...BUILD, '--frozen'],
      'NOT_FOUND',
      [/package \w+(?:-\w+)?_\S+ \(127\.0\.0\.1|pool\//],
      options,
    );
  });
});
