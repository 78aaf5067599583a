// Debian packages on a base image: its own sources, what it has already, bases without dpkg; and the Python that packages bring.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { program } from '../python/programs.ts';
import { smallWheel } from '../small-wheel.ts';
import { debianProject, forBoth, PACKAGES } from './debian-archive.ts';
import type { DebianProject } from './debian-archive.ts';
import type { BaseFiles } from './debian-base-image.ts';
import { alpineBase, baseOf, debianBase, distrolessBase, MERGED } from './debian-base-image.ts';
import { built, lockedDebs, lockOf, namesOf } from './debian-build.ts';
import { addBase, addLock } from './python-base.ts';
import { readImage } from './read-image.ts';
import { refused } from './refused.ts';

const ON_BASE = { base_image: 'oci:base' };
const BUILD = ['build', '-o', 'oci:out'];

const readOut = ({ folder }: DebianProject): ReturnType<typeof readImage> => readImage(join(folder, 'out'));

/** The base's own words on where packages come from. */
const settings = ({ mirror, key }: DebianProject): BaseFiles => ({
  'etc/apt/sources.list': '# nothing here\n',
  'etc/apt/sources.list.d/debian.sources': `Types: deb\nURIs: ${mirror.uri}\nSuites: bookworm\nComponents: main\n`,
  'etc/apt/trusted.gpg.d/archive.asc': key.public,
});

describe('a base of Debian', () => {
  it('gives the sources, and what it has is replaced where that is too old, with a warning', async () => {
    const project = await debianProject();
    await addBase(project, await debianBase(settings(project)));
    await project.spec({ ...ON_BASE, apt_packages: ['tool'] });
    const { status, stderr } = await project.run(BUILD);
    expect(status, stderr).toBe(0);
    const warning = 'linux/amd64: libtool1 0.9 of the base image is replaced by 1.0';
    expect(stderr).toContain(`warning: ${warning}\n`);
    const image = await built(project);
    expect(image.warnings).toEqual([warning]);
    expect(image.platforms[0]!.layers[0]).toMatchObject({ kind: 'base', origin: 'base' });
    expect(namesOf(await lockedDebs(project))).toEqual(['libtool1 1.0', 'tool 1:2.0-1']);
    const { text, entries } = await readOut(project);
    expect(text('usr/lib/libtool.so.1')).toBe('library');
    expect(entries.has('usr/lib/libtool-old.so')).toBe(false);
    expect(entries.get('usr/bin/tool')).toMatchObject({ mode: 0o755 });
    expect(text('var/lib/dpkg/info/libtool1:amd64.list')).toBe('/.\n/usr\n/usr/lib\n/usr/lib/libtool.so.1\n');
    const packages = text('var/lib/dpkg/status').match(/^(?:Package|Version|Status): .*$/gm);
    expect(packages).toEqual([
      'Package: libtool1',
      'Status: install ok installed',
      'Version: 1.0',
      'Package: other',
      'Status: install ok installed',
      'Version: 1.0',
      'Package: tool',
      'Status: install ok installed',
      'Version: 1:2.0-1',
    ]);
    // What was there already was asked for by somebody, once.
    expect(text('var/lib/apt/extended_states')).toBe('Package: other\nArchitecture: amd64\nAuto-Installed: 1\n\n');
  });

  it('whose packages are new enough keeps them', async () => {
    const old = PACKAGES.map((one) =>
      one.name === 'tool' ? { ...one, fields: { Depends: 'libtool1 (>= 0.5)' } } : one,
    );
    const project = await debianProject({ packages: old.flatMap(forBoth) });
    await addBase(project, await debianBase(settings(project)));
    await project.spec({ ...ON_BASE, apt_packages: ['tool'] });
    expect((await built(project)).warnings).toEqual([]);
    expect(namesOf(await lockedDebs(project))).toEqual(['tool 1:2.0-1']);
    expect((await readOut(project)).text('usr/lib/libtool.so.1')).toBe('old library');
  });

  it('that has everything already gets no layer of packages', async () => {
    const project = await debianProject();
    await addBase(project, await debianBase(settings(project)));
    await project.spec({ ...ON_BASE, apt_packages: ['other'] });
    const image = await built(project);
    expect(image.platforms[0]!.layers.map(({ kind }) => kind)).toEqual(['base', 'user', 'files']);
    expect((await built(project, ['--frozen'])).digest).toBe(image.digest);
  });

  it('without sources is refused, and takes those of the spec', async () => {
    const project = await debianProject();
    await addBase(project, await debianBase({}));
    await project.spec({ ...ON_BASE, apt_packages: ['tool'] });
    await refused(project, BUILD, 'APT_SOURCES_MISSING', [/oci:base has no lists of apt/, /apt_sources/]);
    await project.want(['tool'], ON_BASE);
    await built(project);
  });

  it('of another content is another question: the lock is made anew', async () => {
    const project = await debianProject();
    await addBase(project, await debianBase(settings(project)));
    await project.spec({ ...ON_BASE, apt_packages: ['tool'] });
    await built(project);
    await rm(join(project.folder, 'base'), { recursive: true });
    const fresh = {
      'var/lib/dpkg/status': 'Package: libtool1\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n',
    };
    await addBase(project, await baseOf({ ...MERGED, ...settings(project), ...fresh }));
    await refused(project, [...BUILD, '--frozen'], 'LOCK_CHANGED', [/does not fit/]);
    await built(project);
    expect(namesOf(await lockedDebs(project))).toEqual(['tool 1:2.0-1']);
  });
});

describe('a base without dpkg', () => {
  it('that tells its packages to scanners goes on doing so', async () => {
    const project = await debianProject();
    await addBase(project, await distrolessBase());
    await project.want(['tool'], ON_BASE);
    await built(project);
    expect(namesOf(await lockedDebs(project))).toEqual(['tool 1:2.0-1']);
    const { text, entries } = await readOut(project);
    expect(text('var/lib/dpkg/status.d/tool')).toMatch(/^Package: tool\nVersion: 1:2\.0-1\n/);
    expect(text('var/lib/dpkg/status.d/tool.md5sums')).toMatch(/^[0-9a-f]{32} {2}bin\/tool\n$/);
    expect(text('var/lib/dpkg/status.d/libtool1')).toContain('Version: 1.0\n');
    expect(entries.has('var/lib/dpkg/status')).toBe(false);
  });

  it('is no Debian, and is not made one', async () => {
    const project = await debianProject();
    await addBase(project, await alpineBase());
    await project.want(['tool'], ON_BASE);
    await refused(project, BUILD, 'PACKAGES_CONFLICT', [/cannot be installed on oci:base: it has no dpkg/, /scratch/]);
  });
});

describe('the Python of Debian', () => {
  const PYTHON = [
    { name: 'libc6', version: '2.36-9' },
    {
      name: 'python3.11',
      version: '3.11.2-6',
      fields: { Depends: 'libc6' },
      entries: [{ path: 'usr/bin/python3.11', content: '\x7fELF', mode: 0o755 }],
    },
    {
      name: 'python3',
      version: '3.11.2-1+b1',
      fields: { Depends: 'python3.11' },
      entries: [{ path: 'usr/bin/python3', target: 'python3.11' }],
    },
  ];
  const packages = [...PACKAGES, ...PYTHON].flatMap(forBoth);
  const { filename, bytes, sha256 } = smallWheel('greeting', '1.0');

  it('takes wheels, for each platform', async () => {
    const project = await debianProject({ packages });
    await addLock(project, [{ name: filename, bytes: Buffer.from(bytes) }]);
    await project.want(['python3'], { requirements: 'pylock.toml', platform: 'linux/amd64,linux/arm64' });
    const image = await built(project);
    for (const { layers } of image.platforms) {
      const kinds = layers.map(({ kind }) => kind);
      expect(new Set(kinds)).toEqual(new Set(['debian', 'user', 'environment', 'packages', 'files']));
      expect(kinds.lastIndexOf('debian')).toBeLessThan(kinds.indexOf('environment'));
    }
    const { entries, text } = await readOut(project);
    expect(text('opt/venv/pyvenv.cfg')).toMatch(/^version(?:_info)? = 3\.11\.2$/m);
    expect(entries.get('opt/venv/bin/python')).toMatchObject({ type: 'symlink', target: '/usr/bin/python3.11' });
    expect(entries.has('opt/venv/lib/python3.11/site-packages/greeting/__init__.py')).toBe(true);
    // The archive has no ca-certificates.
    const lack = 'The image has no certificate authorities, so that its programs trust no server';
    expect(image.warnings).toEqual(['amd64', 'arm64'].map((name) => expect.stringContaining(`linux/${name}: ${lack}`)));
    const plan = await project.run(['build', '--plan', '-o', 'oci:out']);
    expect(plan.stdout).toMatch(/linux\/amd64: base scratch, Python 3\.11\.2, 1 packages/);
  });

  it('comes where packages need one, and the plan says why', async () => {
    const project = await debianProject({ packages });
    await addLock(project, [{ name: filename, bytes: Buffer.from(bytes) }]);
    await project.want(['tool'], { requirements: 'pylock.toml' });
    const image = await built(project);
    const brought = ['libc6 2.36-9', 'python3 3.11.2-1+b1', 'python3.11 3.11.2-6'];
    expect(namesOf(await lockedDebs(project))).toEqual(expect.arrayContaining(brought));
    expect((await readOut(project)).entries.get('opt/venv/bin/python')?.target).toBe('/usr/bin/python3.11');
    const { stdout } = await project.run(['build', '--plan', '-o', 'oci:out']);
    expect(stdout).toMatch(
      /Python 3\.11\.2, 1 packages\nPython comes from Debian packages\. The base image has no Python 3/,
    );
    expect((await built(project, ['--frozen'])).digest).toBe(image.digest);
  });

  it('comes onto a base of Debian that has none, of the version that is written', async () => {
    const project = await debianProject({ packages });
    await addBase(project, await debianBase(settings(project)));
    await project.spec({ ...ON_BASE, python_version: '3.11' });
    const image = await built(project);
    expect(image.platforms[0]!.layers.map(({ kind }) => kind)).toContain('debian');
    const wanted = (await lockedDebs(project)).filter(({ requested }) => requested);
    expect(namesOf(wanted)).toEqual(['python3 3.11.2-1+b1', 'python3.11 3.11.2-6']);
    expect((await readOut(project)).entries.get('opt/venv/bin/python')?.target).toBe('/usr/bin/python3.11');
    await project.spec({ ...ON_BASE, python_version: '3.11.2' });
    await built(project);
    await project.spec({ ...ON_BASE, python_version: '3.11.3' });
    await refused(project, BUILD, 'INTERPRETER_MISSING', [/has no Python 3 in .*no C library/]);
  });

  it('is left alone where somebody has chosen another package with one', async () => {
    const minimal = { ...PYTHON[1]!, name: 'python3.11-minimal', fields: {} };
    const project = await debianProject({ packages: [...packages, ...forBoth(minimal)] });
    await project.want(['python3.11-minimal'], { python_version: '3.11' });
    await built(project);
    expect(namesOf(await lockedDebs(project)).filter((name) => name.startsWith('python'))).toEqual([
      'python3.11-minimal 3.11.2-6',
    ]);
  });

  it('brings certificate authorities along, where the image has none and the sources do', async () => {
    const bundle = {
      name: 'ca-certificates',
      version: '20230311',
      entries: [{ path: 'etc/ssl/certs/ca-certificates.crt', content: 'bundle\n' }],
    };
    const project = await debianProject({ packages: [...packages, ...forBoth(bundle)] });
    await project.want(['tool'], { python_version: '3.11' });
    expect((await built(project)).warnings).toEqual([]);
    expect((await readOut(project)).text('etc/ssl/certs/ca-certificates.crt')).toBe('bundle\n');
    await project.want(['tool']);
    await rm(join(project.folder, 'out'), { recursive: true });
    expect((await built(project)).warnings).toEqual([]);
    expect((await readOut(project)).entries.has('etc/ssl/certs/ca-certificates.crt')).toBe(false);
  });

  it('shares its lock file with the wheels: one part changes without the other', async () => {
    const project = await debianProject({ packages });
    await writeFile(join(project.folder, filename), bytes);
    const url = pathToFileURL(join(project.folder, filename)).href;
    const lock = `lock-version = "1.0"\n[[packages]]\nname = "greeting"\nversion = "1.0"\nwheels = [{ url = "${url}", hashes = { sha256 = "${sha256}" } }]\n`;
    const calls = join(project.folder, '..', 'calls');
    const script = `[ "$1" = --version ] && { echo uv 0.13.9; exit; }
echo called >> '${calls}'
while [ "$1" != -o ]; do shift; done
cat > "$2" <<'EOT'\n${lock}EOT`;
    const options = { env: { IMAGESPEC_UV: await program(join(project.folder, '..', 'uv'), script) } };
    await project.want(['python3'], { packages: ['greeting'] });
    await built(project, [], options);
    const first = (await lockOf(project)).platforms['linux/amd64']!;
    expect(first.wheels?.map(({ name }) => name)).toEqual(['greeting']);
    await rm(calls);
    await project.want(['python3', 'tool'], { packages: ['greeting'] });
    await refused(project, [...BUILD, '--frozen'], 'LOCK_CHANGED', [/does not fit/], options);
    await built(project, [], options);
    const second = (await lockOf(project)).platforms['linux/amd64']!;
    expect([second.inputs, second.wheels]).toEqual([first.inputs, first.wheels]);
    expect(namesOf(second.debian!.packages)).toContain('tool 1:2.0-1');
    await expect(rm(calls)).rejects.toThrow('ENOENT');
    const asked = project.mirror.asked().length;
    await project.want(['python3', 'tool'], { packages: ['greeting==1.0'] });
    await refused(project, [...BUILD, '--frozen'], 'LOCK_CHANGED', [/does not fit/], options);
    await built(project, [], options);
    const third = (await lockOf(project)).platforms['linux/amd64']!;
    expect(third.debian).toEqual(second.debian);
    expect(third.inputs).not.toBe(second.inputs);
    expect(project.mirror.asked().length).toBe(asked);
    await built(project, ['--frozen']);
  });
});
