// Which Python an image gets: that of the base, one that the spec names by its path, or one that is brought.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ImageResult } from '../../src/build/result.ts';
import { downloadsDocument, hexOf, packPython, pythonEntries, releasePath } from '../python/make-python.ts';
import type { Offered } from '../python/make-python.ts';
import type { TestServer } from '../python/programs.ts';
import { program, serve } from '../python/programs.ts';
import { smallWheel } from '../small-wheel.ts';
import type { BaseFiles } from './debian-base-image.ts';
import { baseOf } from './debian-base-image.ts';
import { built, lockOf } from './debian-build.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { addBase, addLock } from './python-base.ts';
import { readImage } from './read-image.ts';
import { refused } from './refused.ts';

const BUNDLE: BaseFiles = { 'etc/ssl/certs/ca-certificates.crt': 'bundle\n' };
const GLIBC: BaseFiles = { ...BUNDLE, 'lib64/ld-linux-x86-64.so.2': '\x7fELF', 'lib/libc-2.36.so': '\x7fELF' };
const MUSL: BaseFiles = { ...BUNDLE, 'lib/ld-musl-aarch64.so.1': '\x7fELF' };
const ON_BASE = { base_image: 'oci:base' };
const BUILD = ['build', '-o', 'oci:out'];

let project: Project;
let mirror: TestServer;
let env: Readonly<Record<string, string>>;

interface Release extends Omit<Offered, 'url' | 'sha256'> {
  readonly file: string;
}

const RELEASES: readonly Release[] = [
  { version: '3.12.3', file: 'cpython-3.12.3+20261110-x86_64.tar.gz' },
  { version: '3.12.4', file: 'cpython-3.12.4+20261110-x86_64.tar.gz' },
  { version: '3.13.1', file: 'cpython-3.13.1+20261110-x86_64.tar.gz' },
  { version: '3.12.4', file: 'cpython-3.12.4+20261110-aarch64.tar.gz', arch: 'aarch64', libc: 'musl' },
];

/** A mirror with archives of these releases, and the list that offers them from a host that does not exist. */
beforeEach(async () => {
  project = await createProject();
  onTestFinished(project.remove);
  const files = new Map<string, Buffer>();
  const offers: Offered[] = [];
  for (const { file, ...about } of RELEASES) {
    const archive = await packPython(pythonEntries(about.version));
    files.set(`/mirror/20261110/${encodeURIComponent(file)}`, archive);
    offers.push({ ...about, url: `https://host.invalid/${releasePath(file)}`, sha256: hexOf(archive) });
  }
  mirror = await serve(({ path }) => {
    const body = path === '/list.json' ? downloadsDocument(offers) : files.get(path);
    return body === undefined ? { status: 404 } : { status: 200, body };
  });
  env = {
    UV_PYTHON_DOWNLOADS_JSON_URL: `http://${mirror.host}/list.json`,
    UV_PYTHON_INSTALL_MIRROR: `http://${mirror.host}/mirror`,
  };
});

const readOut = (architecture?: string): ReturnType<typeof readImage> =>
  readImage(join(project.folder, 'out'), architecture);

const kindsOf = ({ platforms }: ImageResult): string[] =>
  platforms.flatMap(({ layers }) => layers.map(({ kind }) => kind));

async function wheel(): Promise<{ readonly requirements: string }> {
  const { filename, bytes } = smallWheel('greeting', '1.0');
  await addLock(project, [{ name: filename, bytes: Buffer.from(bytes) }]);
  return { requirements: 'pylock.toml' };
}

describe('a Python that is brought', () => {
  it('is a layer of its own, which the environment starts', async () => {
    await addBase(project, await baseOf(GLIBC));
    await project.spec({ ...ON_BASE, ...(await wheel()) });
    const image = await built(project, [], { env });
    expect(kindsOf(image)).toEqual(['base', 'interpreter', 'user', 'environment', 'packages', 'files']);
    expect(image.platforms[0]!.layers[1]).toMatchObject({ content: 'CPython 3.12.4', origin: 'built' });
    expect(image.warnings).toEqual([]);
    const { entries, text, about } = await readOut();
    const root = 'opt/python/cpython-3.12.4';
    expect(about(root)).toBe('755 0:0 directory');
    expect(about(`${root}/bin/python3.12`)).toBe('755 0:0 file');
    expect(entries.get(`${root}/bin/same`)).toMatchObject({ type: 'hardlink', target: `${root}/bin/python3.12` });
    expect(text(`${root}/lib/python3.12/os.py`)).toHaveLength(20_000);
    expect(text(`${root}/lib/python3.12/_sysconfigdata__linux_x86_64-linux-gnu.py`)).toContain(`'prefix': '/${root}'`);
    expect(entries.get('opt/venv/bin/python')?.target).toBe(`/${root}/bin/python3.12`);
    expect(text('opt/venv/pyvenv.cfg')).toContain('version_info = 3.12.4\n');
    expect(entries.has('opt/venv/lib/python3.12/site-packages/greeting/__init__.py')).toBe(true);
  });

  it('is locked by its checksum and not by its mirror: nobody is asked again', async () => {
    await addBase(project, await baseOf(GLIBC));
    await project.spec({ ...ON_BASE, python_version: '3.12' });
    const image = await built(project, [], { env });
    const { interpreter } = (await lockOf(project)).platforms['linux/amd64']!;
    expect(interpreter).toMatchObject({
      version: '3.12.4',
      url: `https://host.invalid/${releasePath('cpython-3.12.4+20261110-x86_64.tar.gz')}`,
      digest: expect.stringMatching(/^sha256:/) as string,
    });
    const asked = mirror.requests.length;
    expect((await built(project, ['--frozen', '--offline'])).digest).toBe(image.digest);
    expect((await built(project, ['--frozen', '--offline', '--no-cache'])).digest).toBe(image.digest);
    expect(mirror.requests.length).toBe(asked);
    await rm(project.cache, { recursive: true });
    expect((await built(project, ['--frozen'], { env })).digest).toBe(image.digest);
    expect(mirror.requests.slice(asked).map(({ path }) => path)).toEqual([
      '/mirror/20261110/cpython-3.12.4%2B20261110-x86_64.tar.gz',
    ]);
    await project.spec({ ...ON_BASE, python_version: '3.13' });
    await refused(project, [...BUILD, '--frozen'], 'LOCK_CHANGED', [/does not fit/], { env });
    await built(project, [], { env });
    expect((await lockOf(project)).platforms['linux/amd64']!.interpreter!.version).toBe('3.13.1');
  });

  it('stands beside that of the base when another version is written, and is the first on PATH', async () => {
    const own = { 'usr/bin/python3.11': '\x7fELF', 'usr/bin/python3': { target: 'python3.11' } };
    await addBase(project, await executable({ ...GLIBC, ...own }));
    await project.spec({ ...ON_BASE, python_version: '3.12.3' });
    const plan = await project.run(['build', '--plan', '-o', 'oci:out'], { env });
    expect(plan.stdout).toMatch(
      /Python 3\.12\.3, 0 packages\nPython comes as a layer of its own\. The base image has Python 3\.11\.\d+ \(\/usr\/bin\/python3\.11\), but python_version is 3\.12\.3\.\n/,
    );
    expect(plan.stdout).toMatch(/pack +CPython 3\.12\.3/);
    expect(mirror.requests.map(({ path }) => path)).toEqual(['/list.json']);
    const image = await built(project, [], { env });
    expect(kindsOf(image)).toEqual(['base', 'interpreter', 'user', 'environment', 'files']);
    const { entries } = await readOut();
    expect(entries.has('usr/bin/python3.11')).toBe(true);
    expect(entries.get('opt/venv/bin/python3')?.target).toBe('python');
    expect(entries.get('opt/venv/bin/python')?.target).toBe('/opt/python/cpython-3.12.3/bin/python3.12');
    const inspected = await project.run(['inspect', '--json', 'oci:out']);
    expect(inspected.stdout).toContain('PATH=/opt/venv/bin:');
  });

  it('is not brought where nobody wants a Python, or the base has it', async () => {
    await addBase(project, await baseOf(GLIBC));
    await project.spec(ON_BASE);
    expect(kindsOf(await built(project, [], { env }))).toEqual(['base', 'user', 'files']);
    await rm(join(project.folder, 'base'), { recursive: true });
    await addBase(project, await executable({ ...GLIBC, 'usr/bin/python3.12': '\x7fELF' }));
    await project.spec({ ...ON_BASE, python_version: '3.12' });
    expect(kindsOf(await built(project, [], { env }))).toEqual(['base', 'user', 'files']);
    expect(mirror.requests).toEqual([]);
  });

  it('fits machine and C library', async () => {
    await addBase(project, await baseOf(MUSL, { os: 'linux', architecture: 'arm64' }));
    await project.spec({ ...ON_BASE, python_version: '3.12', platform: 'linux/arm64' });
    await built(project, [], { env });
    expect(mirror.requests.at(-1)!.path).toMatch(/aarch64/);
    const { entries } = await readOut('arm64');
    expect(entries.has('opt/python/cpython-3.12.4/bin/python3.12')).toBe(true);
    await project.spec({ ...ON_BASE, python_version: '3.13', platform: 'linux/arm64' });
    await refused(project, BUILD, 'INTERPRETER_MISSING', [/no build of CPython 3\.13 for aarch64 with musl/], { env });
  });

  it('warns where programs would trust nobody', async () => {
    const { 'etc/ssl/certs/ca-certificates.crt': _, ...bare } = GLIBC;
    await addBase(project, await baseOf(bare));
    await project.spec({ ...ON_BASE, python_version: '3.12' });
    const { warnings } = await built(project, [], { env });
    expect(warnings).toEqual([expect.stringMatching(/^linux\/amd64: The image has no certificate authorities/)]);
  });

  it('must be what the list says', async () => {
    await addBase(project, await baseOf(GLIBC));
    await project.spec({ ...ON_BASE, python_version: '3.12' });
    const url = `http://${mirror.host}/mirror/20261110/${encodeURIComponent(RELEASES[0]!.file)}`;
    const list = join(project.cache, '..', 'list.json');
    await writeFile(list, downloadsDocument([{ version: '3.12.9', url, sha256: 'a'.repeat(64) }]));
    const options = { env: { UV_PYTHON_DOWNLOADS_JSON_URL: list } };
    await refused(project, BUILD, 'DIGEST_MISMATCH', [/CPython 3\.12\.9/], options);
    const nowhere = { ...options.env, UV_PYTHON_INSTALL_MIRROR: 'somewhere' };
    const released = {
      version: '3.12.9',
      url: `https://host.invalid/${releasePath('x.tar.gz')}`,
      sha256: 'a'.repeat(64),
    };
    await writeFile(list, downloadsDocument([released]));
    await rm(join(project.folder, 'imagespec.lock'), { force: true });
    await refused(project, BUILD, 'USAGE', [/UV_PYTHON_INSTALL_MIRROR is no URL: somewhere/], { env: nowhere });
  });

  it('needs a list: that of uv is asked for where none is named', async () => {
    await addBase(project, await baseOf(GLIBC));
    await project.spec({ ...ON_BASE, python_version: '3.12' });
    const script = '[ "$1" = --version ] && echo uv 0.13.9 || { echo error: no such thing >&2; exit 1; }';
    const uv = await program(join(project.cache, '..', 'uv'), script);
    await refused(project, BUILD, 'UV_MISSING', [/could not say which Python .*no such thing/], {
      env: { IMAGESPEC_UV: uv },
    });
    await refused(project, [...BUILD, '--offline'], 'OFFLINE', [/list of Pythons http:\/\/127\.0\.0\.1/], { env });
  });

  it('cannot start without a C library', async () => {
    await project.spec({ base_image: 'scratch', python_version: '3.12' });
    await refused(project, BUILD, 'INTERPRETER_MISSING', [/no C library/, /apt_packages: \[python3\]/], { env });
  });

  it('is made for two machines only', async () => {
    await addBase(project, await baseOf(GLIBC, { os: 'linux', architecture: 's390x' }));
    await project.spec({ ...ON_BASE, python_version: '3.12', platform: 'linux/s390x' });
    const words = [/can be brought for amd64 and arm64, not for linux\/s390x/, /python:3\.12-slim/];
    await refused(project, BUILD, 'INTERPRETER_MISSING', words, { env });
  });
});

/** Files of `bin` folders are programs. */
async function executable(files: BaseFiles) {
  return baseOf(files, undefined, (name) => (name.includes('bin/') ? 0o755 : 0o644));
}

describe('python_exec', () => {
  const PYTHONS: BaseFiles = {
    ...GLIBC,
    'usr/bin/python3.11': '\x7fELF',
    'usr/bin/python3': { target: 'python3.11' },
    'opt/own/bin/python3.12': '\x7fELF',
    'opt/own/include/python3.12/patchlevel.h': '#define PY_VERSION "3.12.7"\n',
  };

  it('is what packages are installed for, and they see its own', async () => {
    await addBase(project, await executable(PYTHONS));
    await project.spec({ ...ON_BASE, ...(await wheel()), python_exec: '/opt/own/bin/python3.12' });
    const image = await built(project);
    expect(kindsOf(image)).toEqual(['base', 'user', 'environment', 'packages', 'files']);
    const { entries, text } = await readOut();
    expect(entries.get('opt/venv/bin/python')?.target).toBe('/opt/own/bin/python3.12');
    expect(text('opt/venv/pyvenv.cfg')).toContain('include-system-site-packages = true\n');
    expect(text('opt/venv/pyvenv.cfg')).toContain('version_info = 3.12.7\n');
    expect(entries.has('opt/venv/lib/python3.12/site-packages/greeting/__init__.py')).toBe(true);
    await project.spec({ ...ON_BASE, ...(await wheel()) });
    await rm(join(project.folder, 'out'), { recursive: true });
    const usual = await built(project);
    expect((await readOut()).text('opt/venv/pyvenv.cfg')).toContain('include-system-site-packages = false\n');
    const keys = (one: ImageResult) => one.platforms[0]!.layers.map(({ kind, digest }) => `${kind} ${digest}`);
    expect(keys(usual)).not.toEqual(keys(image));
  });

  it('may follow links, and is on PATH with nothing installed for it', async () => {
    await addBase(project, await executable(PYTHONS));
    await project.spec({ ...ON_BASE, python_exec: '/usr/bin/python3' });
    expect(kindsOf(await built(project))).toContain('environment');
    expect((await readOut()).entries.get('opt/venv/bin/python')?.target).toBe('/usr/bin/python3.11');
  });

  it('is refused where it is not, with what is there', async () => {
    await addBase(project, await executable(PYTHONS));
    await project.spec({ ...ON_BASE, python_exec: '/usr/bin/python3.9', packages: ['demo'] });
    await refused(project, BUILD, 'INTERPRETER_MISSING', [
      /no Python at \/usr\/bin\/python3\.9, which python_exec names/,
      /There is Python 3\.11\.0 \(\/usr\/bin\/python3\.11\): name one of these/,
    ]);
    await project.spec({ ...ON_BASE, python_exec: '/usr/bin/python3', python_version: '3.12' });
    await refused(project, BUILD, 'INTERPRETER_MISSING', [/python3\.11\), but python_version is 3\.12/]);
    await project.spec({ ...ON_BASE, python_exec: 'python3' });
    await refused(project, BUILD, 'SPEC_INVALID', [/not a path from the root/, /\/usr\/bin\/python3/]);
  });
});
