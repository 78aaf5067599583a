import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Finding } from '../../src/build/doctor.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { runCli } from './run-cli.ts';

let project: Project;
beforeEach(async () => {
  project = await createProject();
});
afterEach(() => project.remove());

it('tells of the cache and of the sandbox, and fails when one of them is missing', async () => {
  const { status, stdout } = await project.run(['doctor', '--json']);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  expect(findings[0]).toMatchObject({ about: 'cache', text: expect.stringContaining(project.cache) });
  expect(findings[1]!.about).toBe('sandbox');
  expect(status).toBe(findings.some(({ state }) => state === 'bad') ? 1 : 0);
  for (const { state, hint } of findings) if (state !== 'good') expect(hint).toMatch(/\S/);
  const { stdout: text } = await project.run(['doctor']);
  for (const finding of findings) expect(text).toContain(finding.text.replace(/ [\d.]+ GB.*/, ''));
});

it('says what is wrong with a cache that cannot be written, and what to do', async () => {
  await writeFile(join(project.folder, 'file'), '');
  const { status, stdout } = await runCli(['doctor'], {
    cwd: project.folder,
    cache: join(project.folder, 'file', 'cache'),
  });
  expect(status).toBe(1);
  expect(stdout).toMatch(/^no +cache +The cache .*file\/cache cannot be written: [^]*--cache-dir/m);
});
