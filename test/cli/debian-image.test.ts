// Images of Debian packages, read back file by file; and the ways to say where packages come from.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArchivePackage } from '../apt/fake-mirror.ts';
import { makeArchive, testMirror } from '../apt/fake-mirror.ts';
import type { DebOptions } from '../deb/make-deb.ts';
import type { DebianProject } from './debian-archive.ts';
import { archivePackage, debianProject, forBoth, PACKAGES } from './debian-archive.ts';
import { built, layersOf, lockedDebs } from './debian-build.ts';
import { readImage } from './read-image.ts';
import { refused } from './refused.ts';

const SCRIPT = '#!/bin/sh\nset -e\n';

/** Owners by name, modes of all kinds, both kinds of links, and a script that makes files by its own umask. */
const SPOOLER: DebOptions = {
  name: 'spooler',
  fields: { Depends: 'tool', 'Pre-Depends': 'base-passwd' },
  entries: [
    { path: 'usr/bin/spool', content: '#!/bin/sh\n', mode: 0o4755 },
    { path: 'usr/bin/spool-again', type: 'hardlink', target: 'usr/bin/spool' },
    { path: 'etc/spool.conf', content: 'level=1\n', mode: 0o640, gid: 77, group: 'mail' },
    { path: 'var/spool/jobs', type: 'directory', mode: 0o2770, uid: 77, gid: 77, user: 'mail', group: 'mail' },
  ],
  members: {
    conffiles: '/etc/spool.conf\n',
    preinst: `${SCRIPT}echo 'mail:x:8:8:mail:/var/mail:/usr/sbin/nologin' >> /etc/passwd; echo 'mail:x:8:' >> /etc/group\n`,
    postinst: `${SCRIPT}[ "$1" = configure ]
umask 027
mkdir -p /var/lib/spool
echo "for $(dpkg --print-architecture)" > /var/lib/spool/made
chown root:mail /var/lib/spool/made
ln -sf spool /usr/bin/s
`,
  },
  compression: 'zst',
};

const isForAmd64 = ({ control }: ArchivePackage): boolean => control['Architecture'] === 'amd64';
const packages = [...PACKAGES, SPOOLER].flatMap(forBoth);

describe('an image of packages alone', () => {
  it('has layers of their kinds, and files with owners and modes, for each platform', async () => {
    const project = await debianProject({ packages });
    await project.want(['spooler'], { platform: 'linux/amd64,linux/arm64' });
    const image = await built(project);
    expect(image.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    for (const { layers } of image.platforms) {
      const kinds = layers.map(({ kind }) => kind);
      expect(kinds.slice(-2)).toEqual(['user', 'files']);
      expect(new Set(kinds.slice(0, -2))).toEqual(new Set(['debian']));
      expect(layers.map(({ content }) => content)).toContain('Debian package database and configuration');
    }
    for (const architecture of ['amd64', 'arm64']) {
      const { text, about, entries } = await readImage(join(project.folder, 'out'), architecture);
      expect(text('var/lib/dpkg/status')).toMatch(/^Conffiles:\n \/etc\/spool\.conf [0-9a-f]{32}$/m);
      expect(text('var/lib/dpkg/info/spooler.postinst')).toBe(SPOOLER.members!['postinst']);
      expect(about('var/lib/dpkg/info/spooler.postinst')).toBe('755 0:0 file');
      expect(text(`var/lib/dpkg/info/libtool1:${architecture}.list`)).toBe(
        '/.\n/usr\n/usr/lib\n/usr/lib/libtool.so.1\n',
      );
      expect(text('var/lib/spool/made')).toBe(`for ${architecture}\n`);
      const owned = {
        'etc/spool.conf': '640 0:8 file',
        'usr/bin/spool': '4755 0:0 file',
        'usr/bin/spool-again': '4755 0:0 hardlink',
        'usr/bin/s': '777 0:0 symlink',
        'usr/bin/tool': '755 0:0 file',
        'var/lib/spool': '750 0:0 directory',
        'var/lib/spool/made': '640 0:8 file',
        'var/spool/jobs': '2770 8:8 directory',
        tmp: '1777 0:0 directory',
        'home/flytekit': '755 1000:1000 directory',
      };
      expect(Object.fromEntries(Object.keys(owned).map((path) => [path, about(path)]))).toEqual(owned);
      expect(entries.get('usr/bin/spool-again')?.target).toBe('usr/bin/spool');
      expect(text('etc/passwd').split('\n')).toEqual([
        'root:x:0:0:root:/root:/bin/sh',
        'mail:x:8:8:mail:/var/mail:/usr/sbin/nologin',
        'flytekit:x:1000:1000::/home/flytekit:/bin/sh',
        '',
      ]);
    }
  });

  it('shares the layers of packages that are the same for all platforms', async () => {
    const content = randomBytes(2 << 20);
    const docs = { name: 'docs', architecture: 'all', entries: [{ path: 'usr/share/doc/x', content }] };
    const project = await debianProject({ packages: [...packages, archivePackage(docs)] });
    await project.want(['docs'], { platform: 'linux/amd64,linux/arm64' });
    const image = await built(project);
    const shared = layersOf(image).filter(({ content }) => content === 'docs 1.0');
    expect(shared).toHaveLength(2);
    expect(new Set(shared.map(({ digest }) => digest)).size).toBe(1);
  });
});

describe('sources', () => {
  it.each<[string, (project: DebianProject) => unknown]>([
    ['a line', ({ mirror }) => `deb [signed-by=key.asc] ${mirror.uri} bookworm main`],
    ['a line that is trusted', ({ mirror }) => `deb [trusted=yes] ${mirror.uri} bookworm main`],
    [
      'a mapping with a file and which of its keys',
      ({ mirror, key }) => ({
        uris: [mirror.uri],
        suites: ['bookworm'],
        components: ['main'],
        signed_by: `key.asc ${key.fingerprint}`,
      }),
    ],
    [
      'a mapping with the key itself',
      ({ mirror, key }) => ({ uris: [mirror.uri], suites: ['bookworm'], components: ['main'], signed_by: key.public }),
    ],
  ])('may be %s', async (_name, source) => {
    const project = await debianProject();
    await project.want(['tool'], { apt_sources: [source(project)] });
    await built(project);
    expect((await lockedDebs(project)).map(({ url }) => url)).toContain(
      `${project.mirror.uri}pool/tool_1%3A2.0-1_amd64.deb`,
    );
  });

  it('may want a password, which is for the server alone', async () => {
    const project = await debianProject({}, { login: 'me:s3cret' });
    const { host } = new URL(project.mirror.uri);
    const source = `deb [signed-by=key.asc] http://me:\${TOKEN}@${host}/debian bookworm main`;
    await project.want(['tool'], { apt_sources: [source] });
    const build = ['build', '-o', 'oci:out'];
    const wrong = await refused(project, build, 'UNAUTHORIZED', [/bookworm/], { env: { TOKEN: 'other-s3cret' } });
    expect(wrong).not.toContain('s3cret');
    const { digest } = await built(project, [], { env: { TOKEN: 's3cret' } });
    expect(JSON.stringify(await lockedDebs(project))).not.toMatch(/s3cret|me:|@/);
    // From the lock alone: packages are asked for with the password too.
    const cache = `${project.cache}-other`;
    expect((await built(project, ['--frozen'], { cache, env: { TOKEN: 's3cret' } })).digest).toBe(digest);
    const said = await refused(project, [...build, '--frozen'], 'UNAUTHORIZED', [/127\.0\.0\.1/], {
      cache: `${cache}-2`,
      env: { TOKEN: 'other-s3cret' },
    });
    expect(said).not.toContain('s3cret');
  });

  it('may want a password where the URI names the architecture', async () => {
    const project = await debianProject();
    const archive = await makeArchive({ packages: packages.filter(isForAmd64), keys: [project.key] });
    const files = new Map([...archive].map(([path, bytes]) => [`amd64/${path}`, bytes]));
    const { uri } = await testMirror(files, { login: 'me:s3cret' });
    const { host } = new URL(uri);
    const source = `deb [signed-by=key.asc] http://me:s3cret@${host}/debian/$(ARCH) bookworm main`;
    await project.want(['tool'], { apt_sources: [source] });
    await built(project);
    expect((await lockedDebs(project)).every(({ url }) => url.startsWith(`${uri}amd64/pool/`))).toBe(true);
  });

  it('of several suites are taken together', async () => {
    const project = await debianProject();
    const other = await debianProject({
      suite: 'trixie',
      packages: forBoth({ name: 'libtool1', version: '1.5' }),
      release: { Suite: 'testing' },
    });
    const second = { uris: [other.mirror.uri], suites: ['trixie'], components: ['main'], signed_by: 'key.asc' };
    await project.want(['tool'], { apt_sources: [...project.sources, second] });
    await built(project);
    const library = (await lockedDebs(project)).find(({ name }) => name === 'libtool1');
    expect(library).toMatchObject({ version: '1.5', suites: ['trixie', 'testing'], requested: false });
    expect(library?.url.startsWith(other.mirror.uri)).toBe(true);
  });
});

describe('a plan', () => {
  it('fetches no package, writes nothing, and knows afterwards what there is', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const plan = async (): Promise<string> => {
      const { status, stdout, stderr } = await project.run(['build', '--plan', '-o', 'oci:out']);
      expect(status, stderr).toBe(0);
      return stdout;
    };
    const before = await plan();
    expect(before).toMatch(/^pack\s+\d packages: .*tool/m);
    expect(before).toMatch(/^pack\s+Debian package database and configuration/m);
    expect(before).toMatch(/^pack\s+user flytekit/m);
    expect(project.mirror.asked().filter((path) => path.startsWith('pool/'))).toEqual([]);
    expect((await readdir(project.folder)).sort()).toEqual(['app', 'imagespec.yaml', 'key.asc']);
    const image = await built(project);
    const after = await plan();
    expect(after).not.toMatch(/^pack/m);
    expect(after.match(/^reuse/gm)).toHaveLength(layersOf(image).length);
  });
});
