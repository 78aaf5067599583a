// What goes wrong on real machines and with real indexes: the code, words that help, and nothing left half-written.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import { findUv } from '../../src/python/uv.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { layoutStore } from '../../src/store/layout.ts';
import type { CliOptions, CliRun } from '../cli/run-cli.ts';
import { runCli } from '../cli/run-cli.ts';
import { makeWheel } from '../python/make-wheel.ts';
import { serve } from '../python/programs.ts';
import { baseImage } from './ground/bases.ts';
import { certificates } from './ground/environment.ts';
import { GROUND, run } from './ground/folder.ts';

const CACHE = join(GROUND, 'imagespec-cache');

const WHEEL = makeWheel([{ name: 'demo/__init__.py', content: 'x = 1\n' }]);

let folder: string;
let uv: string;
const mounts: string[] = [];

const spec = (fields: Readonly<Record<string, unknown>>): Promise<void> =>
  // JSON is YAML.
  writeFile(join(folder, 'imagespec.yaml'), JSON.stringify({ name: 'refused', base_image: 'oci:base', ...fields }));

const build = (args: readonly string[] = [], options: Partial<CliOptions> = {}): Promise<CliRun> =>
  runCli(['build', '-o', 'oci:out', ...args], {
    cwd: folder,
    cache: CACHE,
    ...options,
    env: { ...certificates(), IMAGESPEC_UV: uv, UV_HTTP_RETRIES: '0', ...options.env },
  });

/** A file system of its own; undone after the test. */
async function mount(size: string): Promise<string> {
  const place = await mkdtemp(join(folder, 'mount-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place]);
  mounts.push(place);
  return place;
}

/** Files that a finished or a cleaned-up build does not have. */
const leftovers = async (place: string): Promise<string[]> =>
  (await readdir(place, { recursive: true })).filter((path) => /(?:^|\/)(?:scratch|tmp)\/.|\.imagespec-/.test(path));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-refusals-'));
  const base = layoutStore(join(folder, 'base'), { random: randomUUID });
  await copy(createContext(), await baseImage('bookworm-amd64'), base, ['latest']);
  const cache = createLocalCache(CACHE, { now: Date.now, random: randomUUID });
  uv = await findUv(createContext(), { cache, env: { ...certificates(), PATH: process.env['PATH'] }, offline: false });
});

afterEach(async () => {
  for (const place of mounts.splice(0)) await run('umount', [place]);
  await rm(join(folder, 'out'), { recursive: true, force: true });
  await rm(join(folder, 'imagespec.lock'), { force: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('requirements', () => {
  const ZEROS = '0'.repeat(64);
  it.each([
    [
      'without a common solution',
      ['requests==2.32.3', 'urllib3>=3'],
      'UNRESOLVABLE',
      /requests==2\.32\.3 depends on urllib3/,
    ],
    ['without such a version', ['idna==99'], 'UNRESOLVABLE', /no version of idna==99/],
    ['without a wheel for the target', ['tensorflow-cpu==2.1.0'], 'NO_WHEEL', /tensorflow-cpu==2\.1\.0 has no wheels/],
  ])('%s are refused with the reason', async (_name, packages, code, reason) => {
    await spec({ packages });
    const { status, stderr } = await build();
    expect(status, stderr).toBe(1);
    expect(stderr).toContain(code);
    expect(stderr.replace(/\s+/g, ' ')).toMatch(reason);
    expect(await readdir(folder)).not.toContain('imagespec.lock');
  });

  it('with a hash that no wheel has are refused', async () => {
    await writeFile(join(folder, 'hashed.txt'), `idna==3.10 --hash=sha256:${ZEROS}\n`);
    await spec({ requirements: 'hashed.txt' });
    const { status, stderr } = await build();
    expect(status, stderr).toBe(1);
    expect(stderr).toMatch(/idna 3\.10 .*\[DIGEST_MISMATCH\]/);
  });

  it('of an index that is not there are refused, without its password', async () => {
    await spec({ packages: ['idna'], pip_index: 'http://me:hush-hush@127.0.0.1:9/simple' });
    const { status, stderr } = await build();
    expect(status, stderr).toBe(1);
    expect(stderr).toContain('INDEX_UNREACHABLE');
    expect(stderr).not.toContain('hush-hush');
  });

  it('that changed are refused with --frozen, and built without', async () => {
    await spec({ packages: ['idna==3.10'] });
    expect((await build()).status).toBe(0);
    expect((await build(['--frozen'])).status).toBe(0);
    await spec({ packages: ['idna==3.11'] });
    const { status, stderr } = await build(['--frozen']);
    expect(status, stderr).toBe(1);
    expect(stderr).toContain('LOCK_CHANGED');
    expect((await build()).status).toBe(0);
  });

  it('that are not in the cache are refused with --offline', async () => {
    await spec({ packages: ['idna==3.10'] });
    const { status, stderr } = await build(['--offline'], { cache: join(folder, 'empty-cache') });
    expect(status, stderr).toBe(1);
    expect(stderr).toContain('OFFLINE');
  });
});

describe('an index', () => {
  const FILE = 'demo-1.0-py3-none-any.whl';
  const page = (bytes: Buffer, name = FILE): string =>
    `<a href="/${name}#sha256=${digestOf(bytes).slice(7)}">${name}</a>`;
  /** Has `demo` with this page and these bytes. */
  const indexOf = (bytes: Buffer, html = page(bytes)) =>
    serve(({ path }) =>
      path === '/demo/' ? { status: 200, headers: HTML, body: html } : { status: 200, body: bytes },
    );
  const HTML = { 'content-type': 'text/html' };

  const fails = async (host: string, code: string, words: readonly RegExp[]): Promise<void> => {
    await spec({ packages: ['demo'], pip_index: `http://me:hush-hush@${host}/` });
    const { status, stderr } = await build([], { cache: join(folder, 'index-cache') });
    expect(status, stderr).toBe(1);
    for (const one of [new RegExp(`\\[${code}\\]`), /^hint: \S/m, ...words]) expect(stderr).toMatch(one);
    expect(stderr).not.toContain('hush-hush');
    expect(await readdir(folder)).not.toContain('imagespec.lock');
    expect(await readdir(join(folder, 'out')).catch(() => [])).not.toContain('index.json');
    expect(await leftovers(join(folder, 'index-cache'))).toEqual([]);
  };

  it.each<[number, string, RegExp]>([
    [401, 'UNAUTHORIZED', /401 Unauthorized/],
    [403, 'FORBIDDEN', /403 Forbidden/],
    [404, 'UNRESOLVABLE', /demo was not found[^]*spelling of the name/],
    [500, 'SERVER_ERROR', /500 Internal Server Error/],
  ])('that answers %d is told with its reason', async (answer, code, words) => {
    const { host } = await serve(() => ({ status: answer, body: 'no' }));
    await fails(host, code, [words]);
  });

  it('that has no wheel for the target is told with what it has', async () => {
    const { host } = await indexOf(WHEEL, page(WHEEL, 'demo-1.0-py3-none-win_amd64.whl'));
    await fails(host, 'NO_WHEEL', [/no wheels with a matching/, /win_amd64/]);
  });

  it('that has other bytes than it announces is not believed', async () => {
    const { host } = await indexOf(makeWheel([{ name: 'demo/other.py', content: 'x = 1\n' }]), page(WHEEL));
    await fails(host, 'DIGEST_MISMATCH|SIZE_MISMATCH', [/demo-1\.0-py3-none-any\.whl/]);
  });

  it('that has a damaged wheel, which uv does not notice, is told what is wrong', async () => {
    const { host } = await indexOf(makeWheel([{ name: 'demo/__init__.py', content: 'x = 1\n', crc: 7 }]));
    await fails(host, 'WHEEL_INVALID', [
      /wheel demo-1\.0-py3-none-any\.whl has a damaged file, demo\/__init__\.py: its CRC-32/,
    ]);
  });
});

describe('the machine', () => {
  it('has no space for the cache', async () => {
    await spec({ packages: ['numpy==2.2.6'] });
    const cache = await mount('8m');
    const { status, stderr } = await build([], { cache });
    expect(status, stderr).toBe(1);
    expect(stderr).toContain('DISK_FULL');
    expect(await leftovers(cache)).toEqual([]);
    expect(await readdir(folder)).not.toContain('out');
  });

  it('has no space for the output', async () => {
    await spec({ packages: ['idna==3.10'] });
    const place = await mount('8m');
    const { status, stderr } = await runCli(['build', '-o', `oci:${place}/out`], {
      cwd: folder,
      cache: CACHE,
      env: { ...certificates(), IMAGESPEC_UV: uv },
    });
    expect(status, stderr).toBe(1);
    expect(stderr).toContain('DISK_FULL');
    expect(await leftovers(place)).toEqual([]);
    expect(await readdir(place, { recursive: true })).not.toContain('out/index.json');
  });

  it('has a cache that cannot be written', async () => {
    await spec({ packages: ['idna==3.10'] });
    const cache = await mount('8m');
    await run('mount', ['-o', 'remount,ro', cache]);
    const { status, stderr } = await build([], { cache });
    expect(status, stderr).toBe(1);
    expect(stderr).toMatch(/CACHE_UNWRITABLE[\s\S]*IMAGESPEC_CACHE/);
  });
});

describe('an interrupted build', () => {
  it.each(['resolve', 'download', 'pack', 'upload'])('at %s ends with 130 and can be done again', async (step) => {
    await spec({ packages: ['pandas==2.3.3'] });
    const cache = join(folder, `cache-${step}`);
    const { status, stderr } = await build(['--progress', 'json'], {
      cache,
      interruptAt: new RegExp(`"step":"${step}"`),
    });
    expect(status, stderr).toBe(130);
    expect(stderr).toContain('ABORTED');
    expect(await leftovers(cache)).toEqual([]);
    expect(await readdir(join(folder, 'out')).catch(() => [])).not.toContain('index.json');
    const again = await build(['--json'], { cache });
    expect(again.status, again.stderr).toBe(0);
  });
});
