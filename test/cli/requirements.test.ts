// What is asked for of Python beside a plain list, seen at the resulting image; who resolves answers from a file.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildResult } from '../../src/build/result.ts';
import { createContext } from '../../src/core/context.ts';
import { loadImage } from '../../src/content/load.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { UV_VERSION } from '../../src/python/uv-release.ts';
import { program } from '../python/programs.ts';
import type { SmallWheel } from '../small-wheel.ts';
import { smallWheel } from '../small-wheel.ts';
import { addBase, pythonBase } from './python-base.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { readImage } from './read-image.ts';
import { refused } from './refused.ts';
import type { CliRun } from './run-cli.ts';

const WHEELS = ['pip', 'one', 'two'].map((name) => smallWheel(name, '1.0'));

let project: Project;
let env: Readonly<Record<string, string>>;

/** Answers with all wheels whose names it finds in the question. */
const UV = (folder: string): string => `
[ "$1" = --version ] && { echo 'uv ${UV_VERSION}'; exit; }
printf '%s\\n' "$@" >"${folder}/args"
for word; do [ "$before" = -o ] && answer="$word"; before="$word"; done
{ echo 'lock-version = "1.0"'; echo 'packages = []'; } >"$answer"
for name in $(cat "\${answer%/*}/packages.txt" | sed 's/[^a-z].*//'); do
  sed -i '/^packages = /d' "$answer"; cat "${folder}/$name.toml" >>"$answer"
done`;

beforeEach(async () => {
  project = await createProject();
  await addBase(project, await pythonBase());
  const folder = join(project.folder, '..', 'index');
  await mkdir(folder);
  env = { IMAGESPEC_UV: await program(join(folder, 'uv'), UV(folder)) };
  for (const wheel of WHEELS) {
    await writeFile(join(folder, wheel.filename), wheel.bytes);
    await writeFile(join(folder, `${wheel.filename.split('-')[0]}.toml`), locked(wheel, folder));
  }
});
afterEach(() => project.remove());

function locked({ filename, sha256 }: SmallWheel, folder: string): string {
  const [name, version] = filename.split('-');
  const wheel = `{ url = "file://${folder}/${filename}", hashes = { sha256 = "${sha256}" } }`;
  return `[[packages]]\nname = "${name}"\nversion = "${version}"\nwheels = [${wheel}]\n`;
}

async function build(fields: Readonly<Record<string, unknown>>): Promise<CliRun & { readonly result: BuildResult }> {
  await project.spec({ base_image: 'oci:base', ...fields });
  await rm(join(project.folder, 'out'), { recursive: true, force: true });
  const run = await project.run(['build', '-o', 'oci:out', '--json'], { env });
  expect(run.status, run.stderr).toBe(0);
  return { ...run, result: JSON.parse(run.stdout) as BuildResult };
}

async function tag(): Promise<string> {
  const { stdout } = await project.run(['tag']);
  expect(stdout).toMatch(/^hello:\S+\n$/);
  return stdout;
}

async function variables(): Promise<readonly string[]> {
  const store = layoutStore(join(project.folder, 'out'), { random: () => 'x' });
  const image = await loadImage(createContext(), store, '', { os: 'linux', architecture: 'amd64' });
  return image.config.config?.Env ?? [];
}

const SITE = 'opt/venv/lib/python3.12/site-packages';

describe('untagged packages', () => {
  it('are installed, and change everything but the tag', async () => {
    const before = (await build({ packages: ['one'] })).result.images[0]!;
    const tagged = await tag();
    const after = (await build({ packages: ['one'], untagged_packages: ['two==1.0'] })).result.images[0]!;
    expect(await tag()).toBe(tagged);
    expect(after.strictKey).not.toBe(before.strictKey);
    const { about } = await readImage(join(project.folder, 'out'));
    for (const name of ['one', 'two']) expect(about(`${SITE}/${name}/__init__.py`)).toBe('644 1000:1000 file');
    expect(about(`${SITE}/two-1.0.dist-info/REQUESTED`)).toBeDefined();
    expect(JSON.parse(await readFile(join(project.folder, 'imagespec.lock'), 'utf8'))).toMatchObject({
      platforms: { 'linux/amd64': { wheels: [{ name: 'one', url: '../index/one-1.0-py3-none-any.whl' }, {}] } },
    });
  });

  it('may be all that is wanted, and are told by their own name', async () => {
    await build({ untagged_packages: ['two'] });
    const { about } = await readImage(join(project.folder, 'out'));
    expect(about(`${SITE}/two/__init__.py`)).toBe('644 1000:1000 file');
    await project.spec({ base_image: 'oci:base', untagged_packages: ['two 2'] });
    await refused(project, ['build', '-o', 'oci:out'], 'REQUIREMENTS_INVALID', [/untagged_packages\[0\]/]);
  });
});

describe('runtime packages', () => {
  it('are named for flytekit, and the environment belongs to who installs them', async () => {
    await build({ packages: ['pip'] });
    const tagged = await tag();
    const runtime_packages = ['numpy==2.0', 'idna'];
    const { result } = await build({ packages: ['pip'], runtime_packages, env: { A: 'b' } });
    expect(result.images[0]!.warnings.join()).not.toContain('runtime_packages');
    expect(await variables()).toEqual(expect.arrayContaining(['_F_RUNTIME_PACKAGES=numpy==2.0 idna', 'A=b']));
    const { about } = await readImage(join(project.folder, 'out'));
    expect(about(SITE)).toBe('755 1000:1000 directory');
    expect(about(`${SITE}/pip/__init__.py`)).toBe('644 1000:1000 file');
    expect(about('opt/venv/bin')).toBe('755 1000:1000 directory');
    await project.spec({ base_image: 'oci:base', packages: ['pip'], runtime_packages });
    expect(await tag()).toBe(tagged);
  });

  it('are said to need pip where there is none', async () => {
    for (const fields of [{ packages: ['one'] }, {}]) {
      const { result } = await build({ ...fields, runtime_packages: ['idna'] });
      const said = result.images[0]!.warnings.filter((one) => one.includes('runtime_packages are installed by pip'));
      expect(said).toHaveLength(1);
    }
  });

  it('are words without spaces, where flytekit splits', async () => {
    await project.spec({ base_image: 'oci:base', runtime_packages: ['numpy >= 2'] });
    await refused(project, ['build', '-o', 'oci:out'], 'SPEC_INVALID', [/it has spaces/, /"numpy>=2"/]);
  });
});

describe('pip_extra_args', () => {
  it('go to who resolves, and files that they name are part of the question', async () => {
    const fields = { packages: ['one'], pip_extra_args: "--pre -q --constraint 'my limits.txt'" };
    await writeFile(join(project.folder, 'my limits.txt'), 'one<2\n');
    const first = (await build(fields)).result.images[0]!;
    const args = (await readFile(join(project.folder, '..', 'index', 'args'), 'utf8')).split('\n');
    expect(args.join(' ')).toContain(`--pre --constraints ${project.folder}/my limits.txt`);
    expect(args).not.toContain('-q');
    await rm(join(project.folder, '..', 'index', 'args'));
    await build(fields);
    await expect(readFile(join(project.folder, '..', 'index', 'args'))).rejects.toThrow('ENOENT');
    await writeFile(join(project.folder, 'my limits.txt'), 'one<3\n');
    const second = (await build(fields)).result.images[0]!;
    expect(await readFile(join(project.folder, '..', 'index', 'args'), 'utf8')).toContain('--pre');
    expect(second.strictKey).not.toBe(first.strictKey);
  });

  it('are refused by name in the spec', async () => {
    await project.spec({ base_image: 'oci:base', pip_extra_args: '--target /x' });
    await refused(project, ['build', '-o', 'oci:out'], 'NOT_SUPPORTED', [/pip_extra_args` has the option --target/]);
  });
});

it('extras need a project', async () => {
  await project.spec({ base_image: 'oci:base', packages: ['one'], extras: ['cli'] });
  await refused(project, ['build', '-o', 'oci:out'], 'NOT_SUPPORTED', [/there is no file under `requirements`/]);
});
