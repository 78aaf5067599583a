import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildResult } from '../../src/build/result.ts';
import { runCli } from './run-cli.ts';
import type { CliRun } from './run-cli.ts';

let folder: string;
let run: (...args: string[]) => Promise<CliRun>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-cli-'));
  await mkdir(join(folder, 'project', 'app'), { recursive: true });
  await writeFile(join(folder, 'project', 'app', 'hello.txt'), 'hello\n');
  await writeFile(join(folder, 'project', 'imagespec.yaml'), 'name: hello\nbase_image: scratch\ncopy: [app]\n');
  run = (...args) => runCli(args, { cwd: join(folder, 'project'), cache: join(folder, 'cache') });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('imagespec build', () => {
  it('builds an image from nothing and files into a layout by default', async () => {
    const { status, stdout, stderr } = await run('build');
    expect(stderr).toContain('copied files: app');
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'oci:.imagespec/hello\n' });
    const index = JSON.parse(await readFile(join(folder, 'project', '.imagespec', 'hello', 'index.json'), 'utf8'));
    expect(index.manifests).toHaveLength(1);
  });

  it('prints one JSON object and nothing else to stdout', async () => {
    const { status, stdout } = await run('build', '--json', '-o', 'oci:out:v1');
    const { images } = JSON.parse(stdout) as BuildResult;
    expect(status).toBe(0);
    expect(images[0]).toMatchObject({ status: 'built', outputs: ['oci:out:v1'] });
    expect(images[0]?.platforms[0]?.layers.map(({ kind, origin }) => [kind, origin])).toEqual([
      ['user', 'built'],
      ['files', 'built'],
    ]);
  });

  it('reuses layers whose inputs are known, and gives the same digest', async () => {
    const first = JSON.parse((await run('build', '--json', '-o', 'oci:a')).stdout) as BuildResult;
    const second = JSON.parse((await run('build', '--json', '-o', 'oci:b')).stdout) as BuildResult;
    expect(second.images[0]?.digest).toBe(first.images[0]?.digest);
    expect(second.images[0]?.platforms[0]?.layers.map(({ origin }) => origin)).toEqual(['reused', 'reused']);
  });

  it('gives the same digest when the folder it is in is copied', async () => {
    await writeFile(join(folder, 'project', 'imagespec.yaml'), 'name: hello\nbase_image: scratch\ncopy: [.]\n');
    const first = JSON.parse((await run('build', '--json')).stdout) as BuildResult;
    await writeFile(join(folder, 'project', 'imagespec.lock'), '{}');
    const second = JSON.parse((await run('build', '--json', '--no-cache')).stdout) as BuildResult;
    expect(second.images[0]?.digest).toBe(first.images[0]?.digest);
  });

  it('makes an index of several platforms in one run', async () => {
    const { stdout } = await run('build', '--json', '--platform', 'linux/amd64,linux/arm64', '-o', 'oci-archive:x.tar');
    const { images } = JSON.parse(stdout) as BuildResult;
    expect(images[0]?.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    expect(images[0]?.platforms.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
  });

  it('plans without writing anything but the cache', async () => {
    const { status, stdout } = await run('build', '--plan');
    expect(status).toBe(0);
    expect(stdout).toMatch(/pack\s+copied files: app/);
    // No registry was asked, so nothing is said of what it has.
    expect(stdout.split('\n')[0]).toMatch(/^\S+:\S+$/);
    expect(await readdir(join(folder, 'project'))).toEqual(['app', 'imagespec.yaml']);
  });

  it('lists all issues of a spec at once and exits 2', async () => {
    await writeFile(join(folder, 'project', 'imagespec.yaml'), 'name: [1]\nrequirments: x\nplatform: nowhere\n');
    const { status, stdout, stderr } = await run('build');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/SPEC_INVALID/);
    expect(stderr).toMatch(/requirments/);
    expect(stderr).toMatch(/requirements/);
    expect(stderr).toMatch(/name/);
  });

  it('says what is missing where there is no spec', async () => {
    await rm(join(folder, 'project', 'imagespec.yaml'));
    const { status, stderr } = await run('build');
    expect(status).toBe(2);
    expect(stderr).toMatch(/SPEC_NOT_FOUND[\s\S]*hint: .*imagespec init/);
  });

  it('exits 2 on unknown options and commands', async () => {
    expect((await run('build', '--nonsense')).status).toBe(2);
    expect((await run('nonsense')).status).toBe(2);
  });

  it('gives failures as JSON too when asked', async () => {
    await writeFile(join(folder, 'project', 'imagespec.yaml'), 'name: hello\nbase_image: oci:nowhere\n');
    const { status, stdout } = await run('build', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: expect.any(String), message: expect.stringContaining('nowhere') },
    });
  });
});

describe('other commands', () => {
  it('tag prints the full name', async () => {
    expect((await run('tag')).stdout).toMatch(/^hello:[\w]{22}\n$/);
  });

  it('init writes a spec once and never twice', async () => {
    await rm(join(folder, 'project', 'imagespec.yaml'));
    expect((await run('init')).status).toBe(0);
    const again = await run('init');
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('imagespec.yaml');
  });

  it('inspect and validate read what build wrote', async () => {
    await run('build', '-o', 'oci:out:v1');
    const inspected = await run('inspect', 'oci:out:v1');
    expect(inspected.stdout).toContain('copied files: app');
    const validated = await run('validate', 'oci:out:v1');
    expect(validated.stdout).toMatch(/is valid: 1 image\(s\), 2 layers/);
  });

  it('schema is a JSON Schema', async () => {
    expect(JSON.parse((await run('schema')).stdout)).toMatchObject({ type: 'object', additionalProperties: false });
  });

  it('cache ls and prune look after the cache', async () => {
    await run('build');
    expect((await run('cache', 'ls')).stdout).toContain('layer');
    expect((await run('cache', 'prune', '--all')).status).toBe(0);
    const after = JSON.parse((await run('cache', 'ls', '--json')).stdout) as { kinds: { count: number }[] };
    expect(after.kinds.reduce((sum, { count }) => sum + count, 0)).toBe(0);
  });

  it('every command has help with an example', async () => {
    for (const words of [
      ['build'],
      ['tag'],
      ['init'],
      ['inspect'],
      ['validate'],
      ['schema'],
      ['cache', 'ls'],
      ['cache', 'prune'],
    ]) {
      const { status, stdout } = await run(...words, '--help');
      expect({ words, status }).toEqual({ words, status: 0 });
      expect(stdout).toContain('Example:');
    }
  });
});
