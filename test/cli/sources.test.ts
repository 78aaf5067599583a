// Sources in the resulting image: what of `source_root` is there, whose it is, and what a plan and a result say of it.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BuildResult, PlanResults } from '../../src/build/result.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import type { ReadImage } from './read-image.ts';
import { readImage } from './read-image.ts';
import { refused } from './refused.ts';

let project: Project;
beforeEach(async () => {
  project = await createProject();
});
afterEach(() => project.remove());

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(project.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

async function build(...more: string[]): Promise<{ readonly result: BuildResult; readonly image: ReadImage }> {
  await rm(join(project.folder, 'out'), { recursive: true, force: true });
  const { status, stdout, stderr } = await project.run(['build', '--json', '-o', 'oci:out', ...more]);
  expect(status, stderr).toBe(0);
  return { result: JSON.parse(stdout) as BuildResult, image: await readImage(join(project.folder, 'out')) };
}

const tag = async (): Promise<string> => (await project.run(['tag'])).stdout;
const inRoot = ({ entries }: ReadImage): string[] => [...entries.keys()].filter((path) => path.startsWith('root/'));

it('ALL copies what no rule leaves out, as the user’s own', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.folder });
  await write({
    '.gitignore': '*.log\n',
    'src/.dockerignore': 'secret\n!secret/open\n',
    'src/pkg/main.py': 'print(1)\n',
    'src/pkg/main.pyc': '',
    'src/x.log': '',
    'src/secret/key': '',
    'src/secret/open': '',
    'src/run.sh': '',
    'src/ü b/c': '',
  });
  await chmod(join(project.folder, 'src', 'run.sh'), 0o700);
  await symlink('pkg/main.py', join(project.folder, 'src', 'link.py'));
  await symlink('../app/hello.txt', join(project.folder, 'src', 'hello'));
  await symlink('pkg', join(project.folder, 'src', 'folder'));
  await project.spec({ base_image: 'scratch', copy: [], source_root: 'src', source_copy_mode: 'ALL' });
  const { result, image } = await build();
  expect(inRoot(image)).toEqual([
    'root/.dockerignore',
    'root/hello',
    'root/link.py',
    'root/pkg',
    'root/pkg/main.py',
    'root/run.sh',
    'root/secret',
    'root/secret/open',
    'root/ü b',
    'root/ü b/c',
  ]);
  expect(image.text('root/pkg/main.py')).toBe('print(1)\n');
  expect(image.text('root/hello')).toBe('hello\n');
  expect(image.entries.get('root/link.py')).toMatchObject({ type: 'symlink', target: 'pkg/main.py' });
  expect(['root/pkg', 'root/pkg/main.py', 'root/run.sh', 'root/hello'].map(image.about)).toEqual([
    '755 1000:1000 directory',
    '644 1000:1000 file',
    '755 1000:1000 file',
    '644 1000:1000 file',
  ]);
  const layer = result.images[0]!.platforms[0]!.layers.at(-1);
  expect(layer).toMatchObject({ kind: 'sources', content: 'sources: src', origin: 'built' });
});

it('a second build, and one of the same files elsewhere, gives the same image under the same tag', async () => {
  await project.spec({ base_image: 'scratch', copy: [], source_root: '.', source_copy_mode: 'ALL' });
  const name = await tag();
  const first = await project.run(['build', '--json']);
  expect(first.status, first.stderr).toBe(0);
  await write({ 'imagespec.lock': '{"version":1,"platforms":{}}' });
  expect(await tag()).toBe(name);
  const second = await project.run(['build', '--json', '--no-cache']);
  const digest = ({ stdout }: { readonly stdout: string }) => (JSON.parse(stdout) as BuildResult).images[0]!.digest;
  expect(digest(second)).toBe(digest(first));
  await write({ 'app/hello.txt': 'changed\n' });
  expect(await tag()).not.toBe(name);
});

it('LOADED_MODULES copies exactly the listed files', async () => {
  await write({ 'src/a/b.py': 'b', 'src/a/c.py': 'c', 'src/d.pyc': 'd', 'src/.dockerignore': '*' });
  await project.spec({ base_image: 'scratch', copy: [], source_root: 'src', source_files: ['d.pyc', './a/b.py'] });
  expect(inRoot((await build()).image)).toEqual(['root/a', 'root/a/b.py', 'root/d.pyc']);
});

it('NO_COPY copies nothing, and looks at nothing', async () => {
  await project.spec({ base_image: 'scratch', copy: [], source_root: 'nowhere', source_copy_mode: 'NO_COPY' });
  expect(inRoot((await build()).image)).toEqual([]);
});

it('copies win over sources, each in a layer that the other does not change', async () => {
  await write({ 'src/app/hello.txt': 'source', 'src/app/other': 'source' });
  await project.spec({ base_image: 'scratch', source_root: 'src', source_copy_mode: 'ALL' });
  const first = await build();
  expect(first.image.text('root/app/hello.txt')).toBe('hello\n');
  expect(first.image.text('root/app/other')).toBe('source');
  const origins = ({ images: [image] }: BuildResult) =>
    image!.platforms[0]!.layers.map(({ kind, origin }) => [kind, origin]).slice(-2);
  await write({ 'app/hello.txt': 'later\n' });
  expect(origins((await build()).result)).toEqual([
    ['sources', 'reused'],
    ['files', 'built'],
  ]);
  await write({ 'src/app/other': 'later' });
  expect(origins((await build()).result)).toEqual([
    ['sources', 'built'],
    ['files', 'reused'],
  ]);
});

it('a plan names both layers', async () => {
  await write({ 'src/x': '' });
  await project.spec({ base_image: 'scratch', source_root: 'src', source_copy_mode: 'ALL' });
  const { stdout } = await project.run(['build', '--plan', '--json']);
  const { platforms } = (JSON.parse(stdout) as PlanResults).images[0]!;
  expect(platforms[0]!.layers.slice(-2)).toMatchObject([
    { kind: 'sources', content: 'sources: src', action: 'pack' },
    { kind: 'files', content: 'copied files: app', action: 'pack' },
  ]);
  expect((await project.run(['build', '--plan'])).stdout).toContain('sources: src');
});

it('a program of the image finds its sources although many files are left out', async () => {
  await write({ 'src/.dockerignore': '*\n!keep*\n' });
  const names = Array.from({ length: 3000 }, (_, i) => `src/${i % 3 ? 'left' : 'keep'}-${i}`);
  await write(Object.fromEntries(names.map((name) => [name, name])));
  await project.spec({ base_image: 'scratch', copy: [], source_root: 'src', source_copy_mode: 'ALL' });
  const { image } = await build();
  expect(inRoot(image)).toHaveLength(1001);
  expect(image.text('root/keep-2997')).toBe(await readFile(join(project.folder, 'src', 'keep-2997'), 'utf8'));
});

it.each([
  [{ source_copy_mode: 'ALL' }, 'SPEC_INVALID', [/Field source_root for image spec hello must be set/]],
  [{ source_root: 'app' }, 'NOT_SUPPORTED', [/running Python has loaded is not supported yet/, /hint: .*source_files/]],
  [{ source_root: 'nowhere', source_copy_mode: 'ALL' }, 'COPY_NOT_FOUND', [/`source_root` names .*nowhere/]],
  [{ source_root: 'app/hello.txt', source_copy_mode: 'ALL' }, 'COPY_INVALID', [/hello\.txt, which is no folder/]],
  [{ source_root: 'app', source_files: ['x.py'] }, 'COPY_NOT_FOUND', [/"x\.py", one of the sources/]],
  [
    { source_root: 'app', source_files: ['../x.py'] },
    'SPEC_INVALID',
    [/`source_files\[0\]` cannot take "\.\.\/x\.py"/],
  ],
  [{ source_root: 'app', source_files: ['/x.py'] }, 'SPEC_INVALID', [/it leaves `source_root`/]],
] as const)('%j is refused (%s)', async (fields, code, words) => {
  await project.spec({ base_image: 'scratch', ...fields });
  await refused(project, ['build'], code, words);
});

it('a secret among the sources is not copied', async () => {
  await write({ 'src/token': 'a very secret token' });
  await project.spec({
    base_image: 'scratch',
    source_root: 'src',
    source_copy_mode: 'ALL',
    secrets: [{ file: 'src/token' }],
  });
  await refused(project, ['build'], 'SECRET_EXPOSED', [/token/]);
});
