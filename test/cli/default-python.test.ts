// Which base a spec without one gets, by its own words and by the caller's. No registry is asked: the way there is closed.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Project } from './project.ts';
import { createProject } from './project.ts';

let project: Project;

beforeAll(async () => {
  project = await createProject();
});
afterAll(() => project.remove());

it.each([
  [{}, [], '3.12'],
  [{}, ['--default-python', '3.9'], '3.9'],
  [{ python_version: '3.11' }, ['--default-python', '3.9'], '3.11'],
])('%j with %j is built upon Python %s', async (fields, args, version) => {
  await project.spec(fields);
  // Port 9 (RFC 863) is below those that programs are given.
  const { stdout } = await project.run(['build', '--json', ...args], { env: { https_proxy: 'http://127.0.0.1:9' } });
  const { error } = JSON.parse(stdout) as { error: { code: string; facts: { url: string } } };
  expect(error.code).toBe('NETWORK');
  expect(error.facts.url).toMatch(new RegExp(`/library/python/manifests/${version}-slim$`));
});
