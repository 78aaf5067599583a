// Secrets of a build: programs see them, and no byte of them is in anything that is left.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import { findUv } from '../../src/python/uv.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { makeWheel, WHEEL_NAME } from '../python/make-wheel.ts';
import type { CommandGround, CommandOptions } from './ground/command-ground.ts';
import { callerOf, createCommandGround } from './ground/command-ground.ts';
import { certificates } from './ground/environment.ts';
import { GROUND, run } from './ground/folder.ts';

const PASSWORD = `index-${randomUUID()}`;
const TOKEN = `token-${randomUUID()}`;
const VARIABLE = `variable-${randomUUID()}`;
const PAIR = Buffer.from(`me:${PASSWORD}`).toString('base64');

let ground: CommandGround;
let given: string;
let uv: string;
let index: Index;

interface Index {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `known /simple/demo/`, or `stranger …` for whoever has not logged in. */
  readonly asked: string[];
  readonly close: () => void;
}

/** A package index that answers nobody who has not logged in. */
async function startIndex(): Promise<Index> {
  const asked: string[] = [];
  // Another one each time, so that it is in no cache.
  const wheel = makeWheel([{ name: 'demo/__init__.py', content: `x = '${randomUUID()}'\n` }]);
  const link = `<a href="/files/${WHEEL_NAME}#${digestOf(wheel).replace(':', '=')}">${WHEEL_NAME}</a>`;
  const pages = new Map<string, string | Buffer>([
    ['/simple/demo/', link],
    [`/files/${WHEEL_NAME}`, wheel],
  ]);
  const server = createServer((request, response) => {
    const isKnown = request.headers.authorization === `Basic ${PAIR}`;
    asked.push(`${isKnown ? 'known' : 'stranger'} ${request.url}`);
    const page = pages.get(request.url ?? '');
    const type = request.url?.endsWith('/') ? 'text/html' : 'application/octet-stream';
    if (!isKnown) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else response.writeHead(page ? 200 : 404, { 'content-type': type }).end(page);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

beforeAll(async () => {
  ground = await createCommandGround();
  given = join(ground.folder, 'given');
  await mkdir(given);
  await writeFile(join(given, 'token.txt'), `${TOKEN}\n`);
  const cache = createLocalCache(join(GROUND, 'imagespec-cache'), { now: Date.now, random: randomUUID });
  uv = await findUv(createContext(), { cache, env: { ...certificates(), PATH: process.env['PATH'] }, offline: false });
});
beforeEach(async () => {
  index = await startIndex();
  return () => index.close();
});
afterAll(() => ground.close());

const SECRETS = [PASSWORD, PAIR, TOKEN, VARIABLE].map((one) => Buffer.from(one));

function decompressed(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Files below a folder that have a secret in them, in their name, or when they are decompressed. */
async function leaksIn(folder: string): Promise<string[]> {
  const leaks: string[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    if (SECRETS.some((one) => Buffer.from(name).includes(one))) leaks.push(name);
    if (!(await stat(join(folder, name)).catch(() => undefined))?.isFile()) continue;
    const bytes = await readFile(join(folder, name));
    if (SECRETS.some((one) => bytes.includes(one) || decompressed(bytes).includes(one))) leaks.push(name);
  }
  return leaks;
}

const inText = (text: string): boolean => SECRETS.some((one) => Buffer.from(text).includes(one));

it('a leak would be seen', async () => {
  const folder = join(ground.folder, 'leak');
  await mkdir(folder);
  const { gzipSync } = await import('node:zlib');
  await writeFile(join(folder, 'a'), `x${TOKEN}`);
  await writeFile(join(folder, 'b'), gzipSync(`x${VARIABLE}`));
  await writeFile(join(folder, 'c'), 'x');
  expect((await leaksIn(folder)).toSorted()).toEqual(['a', 'b']);
});

/** Sees everything that it should, and prints it. */
const LOOK = [
  'cat /run/secrets/token.txt; cat /root/.token; echo "$VARIABLE"; cat /run/secrets/variable; echo',
  'stat -c "%a %u:%g" /run/secrets/token.txt',
  '[ "$(cat /run/secrets/variable)" = "$VARIABLE" ] && [ -n "$VARIABLE" ] && echo the same',
  'if echo x > /run/secrets/token.txt; then exit 9; fi; cat /root/.netrc; true',
  'mkdir -p /data && cat /run/secrets/token.txt | sha256sum > /data/sum',
];

async function fieldsFor(kind: 'netrc' | 'pip.conf' | 'uv.toml'): Promise<Readonly<Record<string, unknown>>> {
  const plain = `http://${index.host}/simple`;
  const url = `http://me:${PASSWORD}@${index.host}/simple`;
  const texts = {
    netrc: `machine 127.0.0.1\n  login me\n  password ${PASSWORD}\n`,
    'pip.conf': `[global]\nindex-url = ${url}\n`,
    'uv.toml': `[[index]]\nurl = "${url}"\ndefault = true\n`,
  };
  const targets = { netrc: '/root/.netrc', 'pip.conf': '/etc/pip.conf', 'uv.toml': '/root/.config/uv/uv.toml' };
  await writeFile(join(given, kind), texts[kind]);
  return {
    packages: ['demo'],
    pip_secret_mounts: [[join(given, kind), targets[kind]]],
    ...(kind === 'netrc' && { pip_index: plain }),
    secrets: [
      { file: join(given, 'token.txt') },
      { file: join(given, 'token.txt'), target: '/root/.token' },
      { env: 'VARIABLE' },
      { env: 'VARIABLE', target: '/run/secrets/variable' },
    ],
  };
}

const withEnv = (options: CommandOptions = {}): CommandOptions => ({
  ...options,
  env: { ...certificates(), IMAGESPEC_UV: uv, UV_HTTP_RETRIES: '0', VARIABLE },
});

const EXPECTED = ['***', '***', '***', '***', '400 0:0', 'the same'];

it.each(['root', 'range', 'single'] as const)('nothing is left of what programs saw, for %s', async (caller) => {
  const options = withEnv(await callerOf(ground, caller));
  const place = options.place!;
  for (const kind of ['netrc', 'pip.conf', 'uv.toml'] as const) {
    await rm(join(place, 'imagespec.lock'), { force: true });
    index.asked.length = 0;
    const fields = await fieldsFor(kind);
    await run('chmod', ['-R', 'a+rX', given]);
    const built = await ground.build([...LOOK, `: ${randomUUID()}`], { ...options, fields, tag: kind });
    expect(built.status, built.stderr).toBe(0);
    const lines = built.lines.filter((line) => !/Read-only|No such file|cannot create/.test(line));
    expect(lines, kind).toEqual(EXPECTED);
    expect(index.asked, kind).toContain('known /simple/demo/');
    expect(inText(built.stderr), kind).toBe(false);
    expect(inText(JSON.stringify(built.image)), kind).toBe(false);
    const paths = (await run('tar', ['-tf', built.layer])).split('\n').filter((path) => path !== '');
    expect(paths.map((path) => path.replace(/\/$/, ''))).toEqual(['data', 'data/sum']);
    expect(await readFile(join(place, 'imagespec.lock'), 'utf8')).toContain(WHEEL_NAME);
  }
  expect(await readdir(join(options.cache!, 'v1', 'scratch'))).toEqual([]);
  expect(await leaksIn(place)).toEqual([]);
});

it('a wheel is fetched with the credentials of each file, from a lock without any', async () => {
  for (const kind of ['netrc', 'pip.conf', 'uv.toml'] as const) {
    await rm(join(ground.own, 'imagespec.lock'), { force: true });
    const fields = await fieldsFor(kind);
    expect((await ground.build([], { ...withEnv(), fields })).status).toBe(0);
    index.asked.length = 0;
    const cache = join(ground.folder, `empty-${kind}`);
    const { status, stderr } = await ground.build([], { ...withEnv(), cache, fields });
    expect(status, stderr).toBe(0);
    expect(index.asked).toEqual([`known /files/${WHEEL_NAME}`]);
  }
});

it('another value makes no other layer, another place does', async () => {
  const command = [`cat /run/secrets/* > /dev/null; : ${randomUUID()}`];
  const secrets = (target: string) => ({ secrets: [{ env: 'VARIABLE', target }] });
  const first = await ground.build(command, { ...withEnv(), fields: secrets('/run/secrets/a') });
  const env = { VARIABLE: `other-${randomUUID()}` };
  const second = await ground.build(command, { fields: secrets('/run/secrets/a'), env });
  const third = await ground.build(command, { fields: secrets('/run/secrets/b'), env });
  const origins = [first, second, third].map(
    ({ image }) => image?.layers.find(({ kind }) => kind === 'commands')?.origin,
  );
  expect(origins).toEqual(['built', 'reused', 'built']);
});

it.each([
  ['a file', 'mkdir /d; cp /run/secrets/token.txt /d/copy', /leave the secret \S*token\.txt in \/d\/copy/],
  [
    'a variable in a large file',
    'head -c 3000000 /dev/zero > /z; printf %s "$VARIABLE" >> /z',
    /secret VARIABLE in \/z/,
  ],
  ['a name', 'touch "/etc/$VARIABLE"', /secret VARIABLE in the name of a file/],
  ['a link', 'ln -s "$(cat /run/secrets/token.txt)" /etc/link', /in the name of a file, or in a link/],
])('a secret in %s of the image is refused', async (_name, command, words) => {
  const secrets = [{ file: join(given, 'token.txt') }, { env: 'VARIABLE' }];
  const { status, stderr } = await ground.build([command], { ...withEnv(), fields: { secrets } });
  expect(status).toBe(1);
  expect(stderr).toMatch(words);
  expect(stderr).toContain('[SECRET_EXPOSED]');
  expect(inText(stderr)).toBe(false);
  expect([...(await leaksIn(ground.cache)), ...(await leaksIn(ground.own))]).toEqual([]);
});

it('a command that fails does not tell', async () => {
  const fields = { secrets: [{ env: 'VARIABLE' }] };
  const command = 'printf "%s" "$VARIABLE" | head -c 9; sleep 0.2; printf "%s" "$VARIABLE" | tail -c +10; echo; exit 3';
  const { status, stderr } = await ground.build([command], { ...withEnv(), fields });
  expect(status).toBe(1);
  expect(stderr).toMatch(/\[COMMAND_FAILED\]/);
  expect(stderr).toContain('last words: ***');
  expect(inText(stderr)).toBe(false);
});

it('an index that does not know the password', async () => {
  await writeFile(join(given, 'netrc'), 'machine 127.0.0.1 login me password wrong-secret-word\n');
  const fields = {
    packages: ['demo'],
    pip_index: `http://${index.host}/simple`,
    pip_secret_mounts: [[join(given, 'netrc'), '/root/.netrc']],
  };
  const { status, stderr } = await ground.build([], { ...withEnv(), fields });
  expect(status).toBe(1);
  expect(stderr).toContain('[UNAUTHORIZED]');
  expect(stderr).not.toContain('wrong-secret-word');
});
