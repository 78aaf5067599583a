// What may be wrong with Debian packages, as the person in front of the terminal meets it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeArchiveKey } from '../apt/fake-mirror.ts';
import type { ArchiveOptions } from '../apt/fake-mirror.ts';
import type { ErrorCode } from '../../src/core/error.ts';
import { makeDeb } from '../deb/make-deb.ts';
import { archivePackage, debianProject, HOSTILE, PACKAGES } from './debian-archive.ts';
import { refused } from './refused.ts';

const BUILD = ['build', '-o', 'oci:out'];

describe('packages', () => {
  it.each<[string[], ErrorCode, RegExp[]]>([
    [['tol'], 'PACKAGE_UNKNOWN', [/tol/, /tool/]],
    [['tool=9.9'], 'PACKAGE_UNKNOWN', [/tool/, /9\.9/, /1:2\.0-1/]],
    [['tool/sid'], 'PACKAGE_UNKNOWN', [/tool/, /sid/]],
    [['needs-none'], 'PACKAGES_CONFLICT', [/needs-none/, /nothing-provides-this \(>= 3\)/]],
    [['tool', 'rival'], 'PACKAGES_CONFLICT', [/rival/, /tool/, /[Cc]onflict/]],
    [['tool', 'thief'], 'PACKAGES_CONFLICT', [/thief 1\.0 wants to overwrite \/bin\/tool, which is in tool 1:2\.0-1/]],
  ])('%j are refused: %s', async (names, code, words) => {
    const project = await debianProject();
    await project.want(names);
    await refused(project, BUILD, code, words);
  });

  it('are refused where Debian has none', async () => {
    const project = await debianProject();
    await project.want(['tool'], { platform: 'linux/sparc64' });
    await refused(project, BUILD, 'NOT_SUPPORTED', [/no Debian packages for linux\/sparc64/]);
  });
});

describe('trust', () => {
  it.each<[string, Partial<ArchiveOptions>, ErrorCode, RegExp]>([
    ['nobody signed', { keys: [] }, 'SIGNATURE_MISSING', /no signature|not signed/],
    ['is out of date', { release: { 'Valid-Until': 'Wed, 21 Jan 2026 12:00:00 UTC' } }, 'RELEASE_EXPIRED', /bookworm/],
    ['is another suite', { release: { Suite: 'other', Codename: 'other' } }, 'RELEASE_INVALID', /bookworm/],
    [
      'was changed after it was signed',
      {
        change: (path: string, bytes: Buffer) =>
          path.endsWith('InRelease')
            ? Buffer.from(bytes.toString().replace('Codename: bookworm', 'Codename: b00kworm'))
            : bytes,
      },
      'SIGNATURE_INVALID',
      /bookworm/,
    ],
    [
      'has other indices than it lists',
      {
        change: (path: string, bytes: Buffer) =>
          /Packages|by-hash/.test(path) ? Buffer.from(bytes).fill(0, 0, 1) : bytes,
      },
      'DIGEST_MISMATCH',
      /Packages/,
    ],
  ])('an archive that %s is refused: %s', async (_what, archive, code, words) => {
    const project = await debianProject(archive);
    await project.want(['tool']);
    await refused(project, BUILD, code, [words]);
  });

  it('needs the right key', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    await writeFile(join(project.folder, 'key.asc'), (await makeArchiveKey()).public);
    await refused(project, BUILD, 'SIGNATURE_INVALID', [new RegExp(project.key.id)]);
  });

  it('is the user’s to give', async () => {
    const project = await debianProject({ keys: [] });
    const sources = [{ uris: [project.mirror.uri], suites: ['bookworm'], components: ['main'], trusted: true }];
    await project.want(['tool'], { apt_sources: sources });
    const { status, stderr } = await project.run(BUILD);
    expect(status, stderr).toBe(0);
  });
});

describe('packages that are not what the index says', () => {
  const isTool = (path: string): boolean => /\/tool_.*_?amd64|pool\/.*\btool\b/.test(path) || /tool[_-]/.test(path);

  it.each<[string, (bytes: Buffer) => Buffer, ErrorCode]>([
    ['changed', (bytes) => Buffer.from(bytes).fill(0, 100, 110), 'DIGEST_MISMATCH'],
    ['cut', (bytes) => bytes.subarray(0, bytes.length - 10), 'SIZE_MISMATCH'],
    ['longer', (bytes) => Buffer.concat([bytes, Buffer.alloc(10)]), 'SIZE_MISMATCH'],
  ])('are refused: %s', async (_how, change, code) => {
    const project = await debianProject({
      change: (path: string, bytes: Buffer) => (path.startsWith('pool/') && isTool(path) ? change(bytes) : bytes),
    });
    await project.want(['tool']);
    await refused(project, BUILD, code, [/tool/]);
  });

  it('are refused when they would write outside of the image', async () => {
    const packages = [...PACKAGES, HOSTILE].map(archivePackage);
    const project = await debianProject({ packages });
    await project.want(['hostile']);
    await refused(project, BUILD, 'DEB_INVALID', [/hostile 1\.0/]);
  });

  it('are refused when they are another package inside', async () => {
    const swapped = { ...archivePackage({ name: 'good' }), deb: makeDeb({ name: 'evil' }) };
    const project = await debianProject({ packages: [...PACKAGES.map(archivePackage), swapped] });
    await project.want(['good']);
    await refused(project, BUILD, 'DEB_INVALID', [/good 1\.0 .*evil/]);
  });
});

describe('a mirror', () => {
  it('that dies midway is asked for the rest', async () => {
    const project = await debianProject({}, { faults: [{ path: /pool/, go: { cutAfter: 200 }, times: 2 }] });
    await project.want(['tool']);
    const { status, stderr } = await project.run(BUILD);
    expect(status, stderr).toBe(0);
  });

  it('that is gone fails, and nothing of it stays in the cache', async () => {
    const project = await debianProject({}, { faults: [{ path: /pool/, go: { cutAfter: 5 }, times: 1000 }] });
    await project.want(['tool']);
    await refused(project, BUILD, 'NETWORK', [/127\.0\.0\.1/]);
  });

  it('without the suite is told with the place that names it', async () => {
    const project = await debianProject();
    const sources = [{ uris: [project.mirror.uri], suites: ['trixie'], components: ['main'], signed_by: 'key.asc' }];
    await project.want(['tool'], { apt_sources: sources });
    await refused(project, BUILD, 'NOT_FOUND', [/trixie/, /apt_sources\[0\]/]);
  });
});

describe('a full disk', () => {
  it('is told, and leaves no lock', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const limited = ['sh', '-c', 'ulimit -f 1; exec "$@"', 'sh'];
    const { status, stderr } = await project.run(BUILD, { through: limited });
    expect(status, stderr).not.toBe(0);
    await expect(readFile(join(project.folder, 'imagespec.lock'))).rejects.toThrow('ENOENT');
  });
});
