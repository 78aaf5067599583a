// Debian packages through the command line: from sources to an image, its lock and its layers.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DebianMirror } from './debian-mirror.ts';
import { startDebianMirror, SUITE } from './debian-mirror.ts';
import { DEBIAN, forBoth, TOOL } from './debian-packages.ts';
import type { DebianProject } from './debian-project.ts';
import { createDebianProject, KEYRING, kindsOf, layersOf } from './debian-project.ts';
import { readImage } from './read-image.ts';
import { refused } from './refused.ts';

let mirror: DebianMirror;
let project: DebianProject;

beforeAll(async () => {
  mirror = await startDebianMirror();
});
afterAll(() => mirror.close());
beforeEach(async () => {
  await mirror.publish(DEBIAN);
  mirror.forget();
  project = await createDebianProject(mirror);
});
afterEach(() => project.remove());

const INDICES = /Packages/;
const BOTH = 'linux/amd64,linux/arm64';
const nameOf = ({ name, version }: Readonly<Record<string, unknown>>): string => `${String(name)} ${String(version)}`;

describe('an image of packages alone', () => {
  it('is made for two platforms in one index, scripts carried out for each', async () => {
    await project.want(['tool'], { platform: BOTH });
    const image = await project.built();
    expect(image.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    for (const kinds of kindsOf(image)) {
      expect(new Set(kinds)).toEqual(new Set(['debian', 'user', 'files']));
      expect(kinds.filter((kind) => kind === 'debian').length).toBeGreaterThan(1);
    }
    expect(layersOf(image).map(({ origin }) => origin)).not.toContain('reused');
    expect(image.warnings).toEqual([]);
    for (const architecture of ['amd64', 'arm64']) {
      const { text, about, entries } = await readImage(project.layout, architecture);
      const status = text('var/lib/dpkg/status');
      expect(status.match(/^Package: .*$/gm)).toEqual(
        ['base-files', 'base-passwd', 'libtool1', 'tool'].map((name) => `Package: ${name}`),
      );
      expect(status.match(/^Status: install ok installed$/gm)).toHaveLength(4);
      expect(status).toMatch(/^Conffiles:\n \/etc\/tool\.conf [0-9a-f]{32}$/m);
      expect(text('var/lib/dpkg/info/tool.postinst')).toBe(TOOL.members!['postinst']);
      expect(about('var/lib/dpkg/info/tool.postinst')).toBe('755 0:0 file');
      const list = text(`var/lib/dpkg/info/libtool1:${architecture}.list`);
      expect(list).toBe(
        ['/.', '/usr', '/usr/lib', '/usr/lib/tool', '/usr/lib/tool/libtool.so.1.2', '/usr/lib/tool/libtool.so.1', ''].join(
          '\n',
        ),
      );
      expect(text('var/lib/tool/made')).toBe(`for ${architecture}\n`);
      expect(about('var/lib/tool/made')).toBe('640 0:8 file');
      expect(about('var/lib/tool')).toBe('750 0:0 directory');
      expect(about('var/spool/tool')).toBe('2770 8:8 directory');
      expect(about('tmp')).toBe('1777 0:0 directory');
      expect(about('usr/bin/tool')).toBe('755 0:0 file');
      expect(entries.get('usr/bin/tool-again')).toMatchObject({ type: 'hardlink', target: 'usr/bin/tool' });
      expect(entries.get('usr/bin/t')).toMatchObject({ type: 'symlink', target: 'tool' });
      expect(entries.get('bin')).toMatchObject({ type: 'symlink', target: 'usr/bin' });
      expect(text('etc/passwd')).toMatch(
        /^root:x:0:0:[^\n]*\nmail:x:8:8:[^\n]*\nflytekit:x:1000:1000::\/home\/flytekit:\/bin\/sh\n$/,
      );
    }
  });

  it.each<[string, (mirror: DebianMirror) => unknown, Record<string, string>]>([
    ['a line', ({ uri }) => `deb [signed-by=${KEYRING}] ${uri} ${SUITE} main`, {}],
    ['a line with a variable', () => `deb [signed-by=${KEYRING}] \${MIRROR} ${SUITE} main`, { MIRROR: '' }],
    ['a line that is trusted', ({ uri }) => `deb [trusted=yes] ${uri} ${SUITE} main`, {}],
    [
      'a mapping with the key itself',
      ({ uri, key }) => ({ uris: [uri], suites: [SUITE], components: ['main'], signed_by: key.publicKey }),
      {},
    ],
  ])('may have its source from %s', async (_name, source, variables) => {
    await project.want(['libtool1'], { apt_sources: [source(mirror)] });
    const env = Object.fromEntries(Object.keys(variables).map((name) => [name, mirror.uri]));
    await project.built([], { env });
    const packages = (await project.lock()).platforms['linux/amd64']?.debian?.packages ?? [];
    expect(packages.map(nameOf)).toContain('libtool1 1.2-1');
    expect(await readFile(join(project.folder, 'imagespec.lock'), 'utf8')).toContain(`"url": "${mirror.uri}pool/main/`);
  });

  it('is left out of where no packages are wanted: a plan says what would be done', async () => {
    await project.want(['tool']);
    const plan = async (): Promise<string> => {
      const { status, stdout, stderr } = await project.run(['build', '--plan', '-o', 'oci:out']);
      expect(status, stderr).toBe(0);
      return stdout;
    };
    const before = await plan();
    expect(before).toMatch(/pack\s+\d packages: .*tool/);
    expect(before).toMatch(/pack\s+Debian package database and configuration/);
    expect(mirror.paths().filter((path) => path.startsWith('pool/'))).toEqual([]);
    expect(await readdir(project.folder)).toEqual(['app', 'imagespec.yaml', KEYRING]);
    const image = await project.built();
    const after = await plan();
    expect(after).not.toMatch(/^pack/m);
    expect(after.match(/^reuse/gm)).toHaveLength(layersOf(image).length);
  });
});

describe('the lock file', () => {
  const packages = async (platform: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    (await project.lock()).platforms[platform]?.debian?.packages ?? [];

  it('names every package in the order of installation, and answers the next build', async () => {
    await project.want(['tool']);
    const first = await project.built();
    const locked = await packages('linux/amd64');
    expect(locked.map(nameOf).sort()).toEqual([
      'base-files 12.4',
      'base-passwd 3.6.1',
      'libtool1 1.2-1',
      'tool 2.0-1',
    ]);
    expect(locked.map(nameOf).indexOf('libtool1 1.2-1')).toBeLessThan(locked.map(nameOf).indexOf('tool 2.0-1'));
    expect(locked.find(({ name }) => name === 'tool')).toEqual({
      name: 'tool',
      version: '2.0-1',
      architecture: 'amd64',
      url: `${mirror.uri}pool/main/tool_2.0-1_amd64.deb`,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      size: expect.any(Number),
      requested: true,
      suites: [SUITE, 'stable'],
    });
    expect(locked.filter(({ requested }) => requested).map(nameOf)).toEqual(['tool 2.0-1']);
    // A newer version on the mirror is not looked for, and a machine with nothing in its cache asks for the packages alone.
    const newer = forBoth({ ...TOOL, version: '2.1-1' });
    await mirror.publish([...DEBIAN, ...newer]);
    mirror.forget();
    const second = await project.built(['--frozen'], { cache: `${project.cache}-other` });
    expect(second.digest).toBe(first.digest);
    expect(mirror.paths().sort()).toEqual(locked.map(({ url }) => String(url).replace(mirror.uri, '')).sort());
  });

  it('may not change with --frozen', async () => {
    await project.want(['libtool1']);
    await project.built();
    const before = await readFile(join(project.folder, 'imagespec.lock'), 'utf8');
    mirror.forget();
    const frozen = ['build', '--frozen', '-o', 'oci:other'];
    await project.want(['tool']);
    await refused(project, frozen, 'LOCK_CHANGED', [/does not fit .* for linux\/amd64 any more/, /without --frozen/]);
    await project.want(['libtool1'], { platform: BOTH });
    await refused(project, frozen, 'LOCK_CHANGED', [/knows nothing of linux\/arm64/]);
    await project.want(['libtool1'], { apt_essential: true });
    await refused(project, frozen, 'LOCK_CHANGED', [/does not fit/]);
    expect(mirror.paths()).toEqual([]);
    expect(await readFile(join(project.folder, 'imagespec.lock'), 'utf8')).toBe(before);
    await project.want(['tool']);
    await project.built();
    expect((await packages('linux/amd64')).map(nameOf)).toContain('tool 2.0-1');
  });

  it('keeps one platform while another is added', async () => {
    await project.want(['tool'], { platform: 'linux/arm64' });
    await project.built();
    const before = await packages('linux/arm64');
    await mirror.publish([...DEBIAN, ...forBoth({ ...TOOL, version: '2.1-1' })]);
    await project.want(['tool'], { platform: BOTH });
    await project.built();
    expect(await packages('linux/arm64')).toEqual(before);
    expect((await packages('linux/amd64')).map(nameOf)).toContain('tool 2.1-1');
  });
});

describe('nothing is fetched twice', () => {
  const fetched = (): string[] => mirror.paths();
  const files = async (): Promise<Map<string, string>> => {
    const names = await readdir(project.cache, { recursive: true, withFileTypes: true });
    return new Map(names.filter((one) => one.isFile()).map((one) => [one.name, join(one.parentPath, one.name)]));
  };
  const lose = async (digests: readonly string[]): Promise<void> => {
    const known = await files();
    const { rm } = await import('node:fs/promises');
    for (const digest of digests) {
      const file = known.get(digest.replace('sha256:', ''));
      expect(file, digest).toBeDefined();
      await rm(file!);
    }
  };
  const locked = async (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    (await project.lock()).platforms['linux/amd64']!.debian!.packages;

  it('by a second build, with or without known layers', async () => {
    await project.want(['tool']);
    const { digest } = await project.built();
    mirror.forget();
    const again = await project.built();
    expect(layersOf(again).map(({ origin }) => origin)).not.toContain('built');
    expect((await project.built(['--no-cache'])).digest).toBe(digest);
    expect(again.digest).toBe(digest);
    expect(fetched()).toEqual([]);
    expect(again.bytes.downloaded).toBe(0);
  });

  it('when the cache has lost packages whose contents it has', async () => {
    await project.want(['tool']);
    const { digest } = await project.built();
    await lose((await locked()).map((one) => String(one['digest'])));
    mirror.forget();
    expect((await project.built(['--no-cache'])).digest).toBe(digest);
    expect(fetched()).toEqual([]);
  });

  it('when other packages are wanted of which the cache has all, without the network too', async () => {
    await project.want(['tool']);
    await project.built();
    const indices = mirror.paths().filter((path) => INDICES.test(path));
    expect(indices).toHaveLength(1);
    mirror.forget();
    await project.want(['libtool1']);
    await project.built(['--offline']);
    expect((await locked()).map(nameOf)).not.toContain('tool 2.0-1');
    expect(fetched()).toEqual([]);
    await project.want(['python3']);
    await refused(project, ['build', '--offline', '-o', 'oci:other'], 'OFFLINE', [
      /python3\S* is not in the cache|libc6\S* is not in the cache/,
      /without --offline/,
    ]);
    expect(fetched()).toEqual([]);
    await project.built();
    expect(fetched().filter((path) => INDICES.test(path))).toEqual([]);
  });

  it('without the network and without knowledge is refused', async () => {
    await project.want(['tool']);
    await refused(project, ['build', '--offline', '-o', 'oci:other'], 'OFFLINE', [
      /Release file of bookworm .* not in the cache/,
    ]);
    expect(fetched()).toEqual([]);
  });
});
void writeFile;
