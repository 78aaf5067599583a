// What the README shows works as it stands: its spec is read, its program type-checks against the package, its commands exist.
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './cli/run-cli.ts';

const PACKAGE = join(import.meta.dirname, '..');
const readme = await readFile(join(PACKAGE, 'README.md'), 'utf8');
let folder: string;

/** The only block of this language in the README. */
function block(language: string): string {
  const found = [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))];
  expect(found).toHaveLength(1);
  return found[0]?.[1] ?? '';
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-readme-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the README', () => {
  it('shows a spec that is read', async () => {
    await mkdir(join(folder, 'app'));
    await writeFile(join(folder, 'imagespec.yaml'), block('yaml'));
    await writeFile(join(folder, 'requirements.txt'), 'fastapi\n');
    const { status, stdout, stderr } = await runCli(['tag'], { cwd: folder, cache: join(folder, 'cache') });
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^ghcr\.io\/acme\/my-service:\S+\n$/);
  });

  it('shows a program that type-checks against the package', async () => {
    await mkdir(join(folder, 'node_modules'));
    await symlink(PACKAGE, join(folder, 'node_modules', 'imagespec'));
    await writeFile(join(folder, 'program.mts'), block('ts'));
    const tsc = join(PACKAGE, 'node_modules', '.bin', 'tsc');
    const types = join(PACKAGE, 'node_modules', '@types');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--types', 'node', '--typeRoots', types];
    const { stdout } = await promisify(execFile)(tsc, [...options, '--skipLibCheck', 'false', 'program.mts'], {
      cwd: folder,
    });
    expect(stdout).toBe('');
  });

  it('names every command and option that it lists', async () => {
    const help = await runCli(['build', '--help'], { cwd: folder, cache: join(folder, 'cache') });
    const listed = readme.split('## The command line')[1]?.split('## ')[0] ?? '';
    const options = [...new Set(listed.match(/--[a-z]+/g))].filter((name) => name !== '--json');
    expect(options.length).toBeGreaterThan(3);
    for (const option of options) expect(help.stdout).toContain(option);
    const commands = [...listed.matchAll(/^imagespec (\w+)/gm)].map(([, name = '']) => name);
    expect(commands).toContain('build');
    for (const command of commands) {
      const { status } = await runCli([command, '--help'], { cwd: folder, cache: join(folder, 'cache') });
      expect(status, command).toBe(0);
    }
  });

  it('links to files that exist', async () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(4);
    await Promise.all(links.map((path) => access(join(PACKAGE, path))));
  });
});
