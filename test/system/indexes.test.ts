// Several package indexes and their credentials, with the real uv: a name belongs to the first index that has it, whatever version another one
// offers, and a keyring is asked by who resolves and by who downloads.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LockFile } from '../../src/build/lock-file.ts';
import { digestOf } from '../../src/core/digest.ts';
import { createContext } from '../../src/core/context.ts';
import { contentHashes } from '../../src/python/poetry-project.ts';
import { findUv } from '../../src/python/uv.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { addBase, pythonBase } from '../cli/python-base.ts';
import type { Project } from '../cli/project.ts';
import { createProject } from '../cli/project.ts';
import { makeWheel } from '../python/make-wheel.ts';
import { program } from '../python/programs.ts';
import { certificates } from './ground/environment.ts';
import { GROUND } from './ground/folder.ts';

interface Index {
  /** `http://127.0.0.1:…/…/simple`; with a user, when one is given. */
  readonly url: (user?: string) => string;
  readonly close: () => void;
}

let uv: string;
let project: Project;
const open: Index[] = [];

beforeAll(async () => {
  const cache = createLocalCache(join(GROUND, 'imagespec-cache'), { now: Date.now, random: randomUUID });
  uv = await findUv(createContext(), { cache, env: { ...certificates(), PATH: process.env['PATH'] }, offline: false });
});
beforeEach(async () => {
  project = await createProject();
  await addBase(project, await pythonBase());
});
afterEach(async () => {
  for (const index of open.splice(0)) index.close();
  await project.remove();
});

interface Wheel {
  readonly filename: string;
  readonly bytes: Uint8Array;
}

function wheelOf(name: string, version: string): Wheel {
  const bytes = makeWheel([{ name: `${name}/__init__.py`, content: `x = '${version}'\n` }], { name, version });
  return { filename: `${name}-${version}-py3-none-any.whl`, bytes };
}

/** An index with these wheels, which answers only this login if one is given. */
async function serve(wheels: readonly Wheel[], login?: string): Promise<Index> {
  // Another one each time, so that it is in no cache.
  const root = `/${randomUUID()}`;
  const pages = new Map<string, string | Uint8Array>();
  for (const { filename, bytes } of wheels) {
    const page = `${root}/simple/${filename.split('-')[0]}/`;
    const link = `<a href="../../files/${filename}#${digestOf(bytes).replace(':', '=')}">${filename}</a>\n`;
    pages.set(page, `${(pages.get(page) as string | undefined) ?? ''}${link}`);
    pages.set(`${root}/files/${filename}`, bytes);
  }
  const expected = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const server = createServer((request, response) => {
    const page = pages.get(request.url ?? '');
    const type = request.url?.endsWith('/') ? 'text/html' : 'application/octet-stream';
    if (expected !== undefined && request.headers.authorization !== expected)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else response.writeHead(page ? 200 : 404, { 'content-type': type }).end(page);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const index: Index = {
    url: (user) => `http://${user === undefined ? '' : `${user}@`}${host}${root}/simple`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  open.push(index);
  return index;
}

async function build(fields: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}) {
  await project.spec({ base_image: 'oci:base', ...fields });
  const own = { IMAGESPEC_UV: uv, PATH: process.env['PATH'] ?? '', ...env };
  return project.run(['build', '-o', 'oci:out'], { env: own });
}

async function chosen(): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(project.folder, 'imagespec.lock'), 'utf8')) as LockFile;
  return lock.platforms['linux/amd64']!.wheels!.map(({ url }) => new URL(url).pathname.split('/').at(-1)!);
}

it('a name that the first index has is taken from there, though another one has a higher version', async () => {
  const own = await serve([wheelOf('ours', '1.0')]);
  const everyones = await serve([wheelOf('ours', '9.0'), wheelOf('theirs', '2.0')]);
  const fields = { packages: ['ours', 'theirs'], pip_index: everyones.url(), pip_extra_index_url: [own.url()] };
  const { status, stderr } = await build(fields);
  expect(status, stderr).toBe(0);
  expect(await chosen()).toEqual(['ours-1.0-py3-none-any.whl', 'theirs-2.0-py3-none-any.whl']);
});

it('only who asks for it by name gets the highest version of all', async () => {
  const own = await serve([wheelOf('ours', '1.0')]);
  const everyones = await serve([wheelOf('ours', '9.0')]);
  const args = `--index-strategy unsafe-best-match --extra-index-url ${own.url()}`;
  const { status, stderr } = await build({ packages: ['ours'], pip_index: everyones.url(), pip_extra_args: args });
  expect(status, stderr).toBe(0);
  expect(await chosen()).toEqual(['ours-9.0-py3-none-any.whl']);
});

it('the keyring is asked when told to, and its password is nowhere', async () => {
  const password = `secret-${randomUUID()}`;
  const index = await serve([wheelOf('ours', '1.0')], `me:${password}`);
  const bin = join(project.folder, '..', 'bin');
  await program(join(bin, 'keyring'), `[ "$1 $3" = 'get me' ] && echo '${password}'`);
  const PATH = `${bin}:${process.env['PATH']}`;
  const fields = { packages: ['ours'], pip_index: index.url('me') };
  const untold = await build(fields, { PATH });
  expect(untold.status).toBe(1);
  expect(untold.stderr).toContain('[UNAUTHORIZED]');
  const told = await build(fields, { PATH, UV_KEYRING_PROVIDER: 'subprocess' });
  expect(told.status, told.stderr).toBe(0);
  expect(await readFile(join(project.folder, 'imagespec.lock'), 'utf8')).not.toMatch(/secret|me@/);
  expect(untold.stderr + told.stderr).not.toContain(password);
});

it('a project and a poetry.lock name their own indexes, whose logins stand in variables of their names', async () => {
  const wheel = wheelOf('ours', '1.0');
  const index = await serve([wheel], 'me:secret');
  const everyones = await serve([wheelOf('ours', '9.0')]);
  const env = { UV_DEFAULT_INDEX: everyones.url() };
  const own = '[project]\nname = "x"\nversion = "1"\ndependencies = ["ours"]\n';
  const settings = `[[tool.uv.index]]\nname = "our-corp"\nurl = "${index.url()}"\n`;
  await writeFile(join(project.folder, 'pyproject.toml'), own + settings);
  const uvLogin = { UV_INDEX_OUR_CORP_USERNAME: 'me', UV_INDEX_OUR_CORP_PASSWORD: 'secret' };
  const ofUv = await build({ requirements: 'pyproject.toml' }, { ...env, ...uvLogin });
  expect(ofUv.status, ofUv.stderr).toBe(0);
  expect(await chosen()).toEqual(['ours-1.0-py3-none-any.whl']);

  const lock = `[[package]]
name = "ours"
version = "1.0"
optional = false
python-versions = "*"
groups = ["main"]
files = [{file = "${wheel.filename}", hash = "${digestOf(wheel.bytes)}"}]
[package.source]
type = "legacy"
url = "${index.url()}"
reference = "our-corp"
[metadata]
lock-version = "2.1"
content-hash = "${contentHashes(own)[0]}"
`;
  await writeFile(join(project.folder, 'pyproject.toml'), own);
  await writeFile(join(project.folder, 'poetry.lock'), lock);
  const poetryLogin = { POETRY_HTTP_BASIC_OUR_CORP_USERNAME: 'me', POETRY_HTTP_BASIC_OUR_CORP_PASSWORD: 'secret' };
  const ofPoetry = await build({ requirements: 'poetry.lock' }, { ...env, ...poetryLogin });
  expect(ofPoetry.status, ofPoetry.stderr).toBe(0);
  expect(await chosen()).toEqual(['ours-1.0-py3-none-any.whl']);
  expect(await readFile(join(project.folder, 'imagespec.lock'), 'utf8')).not.toContain('secret');
});
