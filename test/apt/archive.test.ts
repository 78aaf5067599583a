import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AptSource } from '../../src/apt/apt-source.ts';
import { readAptSources } from '../../src/apt/apt-sources.ts';
import type { ArchiveServices } from '../../src/apt/archive-services.ts';
import { openArchive } from '../../src/apt/archive.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { LocalCache } from '../../src/store/cache.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { expectCode } from '../expect-code.ts';
import { testContext, testHttp } from '../registry/setup.ts';
import { createNames, temporaryFolder } from '../store/temporary-folder.ts';
import { aptFiles } from './apt-files.ts';
import type { ArchiveKey, ArchiveOptions, ArchivePackage, FakeMirror, MirrorOptions } from './fake-mirror.ts';
import { ARCHIVE_DATE, makeArchive, makeArchiveKey, testMirror, writeArchive } from './fake-mirror.ts';

let key: ArchiveKey;
let cache: LocalCache;
let moved: number;

beforeAll(async () => {
  key = await makeArchiveKey();
});

beforeEach(async () => {
  cache = createLocalCache(await temporaryFolder(), { now: () => 0, random: createNames() });
  moved = 0;
});

const services = (more: Partial<ArchiveServices> = {}): ArchiveServices => ({
  cache,
  http: testHttp(),
  now: () => ARCHIVE_DATE + 60_000,
  offline: false,
  meter: { add: (bytes) => void (moved += bytes) },
  ...more,
});

const HELLO: ArchivePackage = {
  control: {
    Package: 'hello',
    Version: '1:2.10-3+b1',
    Architecture: 'amd64',
    Depends: 'libc6 (>= 2.34)',
    Provides: 'greeter (= 2)',
    Filename: 'pool/main/h/hello/hello_2.10-3+b1~x%3a_amd64.deb',
  },
  deb: Buffer.from('a package'),
};
const DATA: ArchivePackage = { control: { Package: 'data', Version: '1', Provides: 'greeter' } };
const PACKAGES = [HELLO, DATA];

const archive = (options: ArchiveOptions = {}) => makeArchive({ packages: PACKAGES, keys: [key], ...options });
const mirrorOf = async (options: ArchiveOptions = {}, more?: MirrorOptions) => testMirror(await archive(options), more);

/** Lines of a list; `URI` stands for the mirror's. */
function sourcesAt(uri: string, lines = 'deb [signed-by=/key.asc] URI bookworm main'): readonly AptSource[] {
  return readAptSources(
    aptFiles({ '/etc/apt/sources.list': lines.replaceAll('URI', uri), '/key.asc': key.public }),
    'host',
  );
}

const open = (
  mirror: Pick<FakeMirror, 'uri'>,
  lines?: string,
  more?: Partial<ArchiveServices>,
  architecture = 'amd64',
) => openArchive(testContext(), sourcesAt(mirror.uri, lines), architecture, services(more));

const hexIn = (path: string): string => `dists/bookworm/main/${path}/by-hash/SHA256`;

describe('an archive', () => {
  it('is asked for its Release file and its index, and answers by name', async () => {
    const mirror = await mirrorOf();
    const { index, releases } = await open(mirror);
    expect(index.versions('hello')).toEqual([
      {
        name: 'hello',
        version: '1:2.10-3+b1',
        architecture: 'amd64',
        multiArch: 'no',
        essential: false,
        priority: 'optional',
        preDepends: [],
        depends: [[{ name: 'libc6', operator: '>=', version: '2.34' }]],
        provides: [{ name: 'greeter', operator: '=', version: '2' }],
        conflicts: [],
        breaks: [],
        replaces: [],
        url: `${mirror.uri}pool/main/h/hello/hello_2.10-3%2Bb1~x%253a_amd64.deb`,
        size: 9,
        digest: digestOf('a package'),
        suites: ['bookworm', 'oldstable'],
        pin: 500,
        snapshot: undefined,
      },
    ]);
    expect(
      index
        .providers('greeter')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['data', 'hello']);
    expect([...index.names()]).toEqual(['data', 'hello']);
    expect(index.versions('nothing')).toEqual([]);
    expect(index.versions('hello')).toBe(index.versions('hello'));
    expect(releases).toEqual([
      {
        uri: mirror.uri,
        asked: 'bookworm',
        suite: 'oldstable',
        codename: 'bookworm',
        date: ARCHIVE_DATE,
        digest: expect.stringMatching(/^sha256:/) as string,
        snapshot: undefined,
      },
    ]);
    expect(mirror.asked()).toEqual(['dists/bookworm/InRelease', expect.stringContaining(hexIn('binary-amd64'))]);
    expect(moved).toBeGreaterThan(0);
  });

  it('is downloaded and read once, ever', async () => {
    const mirror = await mirrorOf();
    await open(mirror);
    const again = await open(mirror);
    expect(again.index.versions('data')).toHaveLength(1);
    expect(mirror.asked().slice(2)).toEqual(['dists/bookworm/InRelease']);
  });

  it('shares an index that several suites or mirrors have', async () => {
    const mirror = await mirrorOf();
    const other = await mirrorOf();
    const line = 'deb [signed-by=/key.asc] URI bookworm main\n';
    const { index, releases } = await open(mirror, line + line.replace('URI', other.uri) + line);
    expect(index.versions('data')).toHaveLength(1);
    expect(index.versions('data')[0]?.url).toContain(mirror.uri);
    expect(releases.map(({ uri }) => uri)).toEqual([mirror.uri, other.uri]);
    const all = [...mirror.asked(), ...other.asked()].filter((path) => path.includes('binary-amd64'));
    expect(all).toHaveLength(1);
  });

  it.each(['.xz', '.zst', '.gz', ''] as const)('may have its index as Packages%s', async (ending) => {
    for (const listsContent of [true, false]) {
      const { index } = await open(await mirrorOf({ endings: [ending], listsContent }));
      expect(index.versions('hello')).toHaveLength(1);
    }
  });

  it('has packages for all architectures in an index of their own, or in each', async () => {
    const apart = await mirrorOf({ architectures: ['amd64', 'all'] });
    expect((await open(apart)).index.versions('data')).toHaveLength(1);
    expect(apart.asked().filter((path) => path.includes('binary-all'))).toHaveLength(1);
    const within = await mirrorOf({
      architectures: ['amd64', 'all'],
      release: { 'No-Support-for-Architecture-all': 'Packages' },
    });
    expect((await open(within)).index.versions('data')).toHaveLength(1);
    expect(within.asked().filter((path) => path.includes('binary-all'))).toEqual([]);
  });

  it('may be an exact path', async () => {
    for (const suite of ['./', 'some/where/']) {
      const mirror = await mirrorOf({ suite });
      const { index } = await open(mirror, `deb [signed-by=/key.asc] URI ${suite}`);
      expect(index.versions('hello')[0]?.suites).toEqual([]);
      expect(mirror.asked()[0]).toBe(`${suite.replace('./', '')}InRelease`);
    }
  });

  it('may have another name for its architecture in its paths', async () => {
    const mirror = await mirrorOf({ suite: 'amd64/' });
    expect((await open(mirror, 'deb [signed-by=/key.asc] URI $(ARCH)/')).index.versions('hello')).toHaveLength(1);
  });

  it('may lie in a folder of this host', async () => {
    const folder = await temporaryFolder();
    await writeArchive(join(folder, 'a b'), await archive({ detached: true }));
    const uri = pathToFileURL(join(folder, 'a b')).href;
    const { index } = await open({ uri }, undefined, { offline: false });
    expect(index.versions('data')[0]?.url).toBe(`${uri}/pool/data_1_all.deb`);
    expect(moved).toBe(0);
    const error = await expectCode(() => open({ uri: `${uri}/nowhere` }), 'NOT_FOUND');
    expect(error.message).toContain('bookworm');
  });

  it('gives suites that ask for it a lower or a higher rank', async () => {
    const pinOf = async (release: Record<string, string>, config = '') => {
      const mirror = await mirrorOf({ release });
      const files = {
        '/etc/apt/sources.list': `deb [signed-by=/key.asc] ${mirror.uri} bookworm main`,
        '/etc/apt/apt.conf': config,
        '/key.asc': key.public,
      };
      const { index } = await openArchive(testContext(), readAptSources(aptFiles(files), 'host'), 'amd64', services());
      return index.versions('hello')[0]?.pin;
    };
    expect(await pinOf({ NotAutomatic: 'yes' })).toBe(1);
    expect(await pinOf({ NotAutomatic: 'yes', ButAutomaticUpgrades: 'yes' })).toBe(100);
    expect(await pinOf({}, 'APT::Default-Release "oldstable";')).toBe(990);
    expect(await pinOf({}, 'APT::Default-Release "other";')).toBe(500);
  });
});

describe('what is not trusted', () => {
  it('is an archive without signature', async () => {
    for (const detached of [false, true]) {
      const error = await expectCode(async () => open(await mirrorOf({ keys: [], detached })), 'SIGNATURE_MISSING');
      expect(error.message).toContain('bookworm');
      expect(error.facts['where']).toBe('/etc/apt/sources.list:1');
    }
  });

  it('is an archive signed by somebody else', async () => {
    const other = await makeArchiveKey();
    const error = await expectCode(async () => open(await mirrorOf({ keys: [other] })), 'SIGNATURE_INVALID');
    expect(error.message).toContain(`unknown key (${other.id})`);
    await expectCode(async () => open(await mirrorOf({ keys: [other], detached: true })), 'SIGNATURE_INVALID');
  });

  it('is an archive for which there is no keyring', async () => {
    const error = await expectCode(async () => open(await mirrorOf(), 'deb URI bookworm main'), 'SIGNATURE_INVALID');
    expect(error.message).toContain('no keyring is known');
    expect(error.hint).toContain('signed_by');
  });

  it('is a Release file that was changed, in either form', async () => {
    const change = (path: string, bytes: Buffer): Buffer =>
      path.endsWith('Release') ? Buffer.from(bytes.toString().replace('oldstable', 'old5table')) : bytes;
    for (const detached of [false, true]) {
      await expectCode(async () => open(await mirrorOf({ change, detached })), 'SIGNATURE_INVALID');
    }
  });

  it('becomes so by the user’s word', async () => {
    const line = 'deb [trusted=yes] URI bookworm main';
    const other = await makeArchiveKey();
    for (const keys of [[], [other]]) {
      for (const detached of [false, true]) {
        expect((await open(await mirrorOf({ keys, detached }), line)).index.versions('hello')).toHaveLength(1);
      }
    }
  });

  it('is an index that is not the one of the Release file', async () => {
    const flip = (path: string, bytes: Buffer): Buffer => {
      if (path.includes('binary-')) bytes[bytes.length - 1]! ^= 1;
      return bytes;
    };
    await expectCode(async () => open(await mirrorOf({ change: flip })), 'DIGEST_MISMATCH');
    const longer = (path: string, bytes: Buffer): Buffer =>
      path.includes('binary-') ? Buffer.concat([bytes, Buffer.from('x')]) : bytes;
    await expectCode(async () => open(await mirrorOf({ change: longer })), 'SIZE_MISMATCH');
    expect(await cache.find(digestOf('never'))).toBeUndefined();
  });

  it('is a Release file that is too old, or not yet', async () => {
    const release = { 'Valid-Until': new Date(ARCHIVE_DATE + 1000).toUTCString() };
    const error = await expectCode(async () => open(await mirrorOf({ release })), 'RELEASE_EXPIRED');
    expect(error.message).toContain('bookworm');
    await expectCode(
      async () => open(await mirrorOf(), undefined, { now: () => ARCHIVE_DATE - 60_000 }),
      'RELEASE_INVALID',
    );
  });

  it('is another suite than was asked for', async () => {
    const release = { Codename: 'trixie', Suite: 'stable' };
    const error = await expectCode(async () => open(await mirrorOf({ release })), 'RELEASE_INVALID');
    expect(error.message).toContain('trixie');
  });

  it('is an entry that leaves its archive or is damaged', async () => {
    const broken = async (control: Record<string, string>) => {
      const packages = [{ control: { ...HELLO.control, ...control } }];
      const { index } = await open(await mirrorOf({ packages }));
      return expectCode(() => index.versions('hello'), 'RELEASE_INVALID');
    };
    expect((await broken({ Filename: '../../x.deb' })).message).toContain('leaves the archive');
    expect((await broken({ Filename: 'http://evil.example/x.deb' })).message).toContain('leaves the archive');
    expect((await broken({ SHA256: 'abc' })).message).toContain('SHA256');
    expect((await broken({ Size: 'much' })).message).toContain('Size');
    expect((await broken({ Depends: '(((' })).message).toContain('The entry of hello in bookworm');
  });

  it('is a Release file without end', async () => {
    const change = (path: string, bytes: Buffer): Buffer =>
      path.endsWith('InRelease') ? Buffer.alloc(9 << 20, 'x') : bytes;
    const error = await expectCode(async () => open(await mirrorOf({ change })), 'TOO_LARGE');
    expect(error.message).toContain('/etc/apt/sources.list:1');
  });

  it('is an index that is announced larger than any is', async () => {
    const text = `Codename: bookworm\nSHA256:\n ${'a'.repeat(64)} ${'9'.repeat(12)} main/binary-amd64/Packages.xz\n`;
    const mirror = await testMirror(new Map([['dists/bookworm/Release', Buffer.from(text)]]));
    await expectCode(() => open(mirror, 'deb [trusted=yes] URI bookworm main'), 'TOO_LARGE');
  });
});

describe('a mirror', () => {
  it('without by-hash folders, or with old ones, is asked by name', async () => {
    const change = (path: string, bytes: Buffer): Buffer | undefined => (path.includes('by-hash') ? undefined : bytes);
    const mirror = await mirrorOf({ change });
    expect((await open(mirror)).index.versions('hello')).toHaveLength(1);
    expect(mirror.asked().slice(1)).toEqual([
      expect.stringContaining('by-hash/SHA256/') as string,
      'dists/bookworm/main/binary-amd64/Packages.xz',
    ]);
  });

  it('is asked by hash only if it says so, unless that is forced or forbidden', async () => {
    const paths = async (option: string, byHash: string | undefined) => {
      const mirror = await mirrorOf({ release: { 'Acquire-By-Hash': byHash, 'X-For': `${option} ${byHash}` } });
      cache = createLocalCache(await temporaryFolder(), { now: () => 0, random: createNames() });
      await open(mirror, `deb [signed-by=/key.asc by-hash=${option}] URI bookworm main`);
      return mirror.asked()[1]?.includes('by-hash');
    };
    expect(await paths('yes', 'yes')).toBe(true);
    expect(await paths('yes', undefined)).toBe(false);
    expect(await paths('no', 'yes')).toBe(false);
    expect(await paths('force', undefined)).toBe(true);
  });

  it('that has only one of the listed forms is asked for the others first', async () => {
    const change = (path: string, bytes: Buffer): Buffer | undefined =>
      path.includes('binary-') && !path.endsWith('.xz') ? undefined : bytes;
    const mirror = await mirrorOf({ change, endings: ['.xz', '.gz', '.zst'] });
    expect((await open(mirror)).index.versions('hello')).toHaveLength(1);
    expect(mirror.asked().filter((path) => path.includes('/Packages.'))).toEqual([
      'dists/bookworm/main/binary-amd64/Packages.zst',
      'dists/bookworm/main/binary-amd64/Packages.gz',
      'dists/bookworm/main/binary-amd64/Packages.xz',
    ]);
  });

  it('that has none of them is named', async () => {
    const change = (path: string, bytes: Buffer): Buffer | undefined => (path.includes('binary-') ? undefined : bytes);
    const error = await expectCode(async () => open(await mirrorOf({ change })), 'NOT_FOUND');
    expect(error.message).toContain('main/binary-amd64/Packages of bookworm');
    expect(error.facts['where']).toBe('/etc/apt/sources.list:1');
  });

  it('that breaks off midway is asked for the rest', async () => {
    const mirror = await mirrorOf({}, { faults: [{ path: /by-hash/, go: { cutAfter: 50 } }] });
    expect((await open(mirror)).index.versions('hello')).toHaveLength(1);
    expect(mirror.requests.at(-1)?.headers.range).toBe('bytes=50-');
  });

  it('that has no such suite is named with what asks for it', async () => {
    const error = await expectCode(
      async () => open(await mirrorOf(), 'deb [signed-by=/key.asc] URI sid main'),
      'NOT_FOUND',
    );
    expect(error.message).toContain('no suite sid at http://127.0.0.1');
    expect(error.message).toContain('/etc/apt/sources.list:1');
  });

  it('that is not there is named too', async () => {
    const mirror = await mirrorOf();
    await mirror.close();
    const error = await expectCode(() => open(mirror), 'NETWORK');
    expect(error.message).toContain('suite bookworm, package source at /etc/apt/sources.list:1');
  });

  it('may want user and password, which nobody else gets to see', async () => {
    const ctx = testContext();
    const login = 'me:se/cret';
    const mirror = await mirrorOf({}, { login });
    const uri = mirror.uri.replace('//', '//me:se%2Fcret@');
    const { index, releases, headersFor } = await openArchive(ctx, sourcesAt(uri), 'amd64', services());
    const found = index.versions('hello')[0]!;
    expect(headersFor(new URL(found.url))['authorization']).toBe(`Basic ${Buffer.from(login).toString('base64')}`);
    expect(headersFor(new URL('http://mirror.example/x'))).toEqual({});
    expect(JSON.stringify([found, releases, ctx.events, sourcesAt(uri)])).not.toMatch(/cret/);
    const error = await expectCode(() => open(mirror), 'UNAUTHORIZED');
    expect(error.hint).toContain('auth.conf');
    const wrong = mirror.uri.replace('//', '//me:wr0ng@');
    const refused = await expectCode(() => open({ uri: wrong }), 'UNAUTHORIZED');
    expect(JSON.stringify([refused.message, refused.hint, refused.facts, String(refused.cause)])).not.toContain(
      'wr0ng',
    );
  });
});

describe('components and architectures', () => {
  it('that do not exist are refused with those that do', async () => {
    const error = await expectCode(
      async () => open(await mirrorOf(), 'deb [signed-by=/key.asc] URI bookworm contrib'),
      'APT_SOURCES_INVALID',
    );
    expect(error.message).toContain('bookworm has no component contrib');
    expect(error.hint).toContain('main');
  });

  it('are named without the folder that some archives put before them', async () => {
    const mirror = await mirrorOf({ components: ['updates/main'] });
    expect((await open(mirror)).index.versions('hello')).toHaveLength(1);
  });

  it('that a source does not have leave it out, with a word', async () => {
    const ctx = testContext();
    const [one, two] = [await mirrorOf(), await mirrorOf({ architectures: ['amd64', 'arm64'] })];
    const lines = `deb [signed-by=/key.asc] ${one.uri} bookworm main\ndeb [signed-by=/key.asc] ${two.uri} bookworm main`;
    const { index, releases } = await openArchive(ctx, sourcesAt('', lines), 'arm64', services());
    expect(releases.map(({ uri }) => uri)).toEqual([two.uri]);
    expect(index.versions('data')).toHaveLength(1);
    expect(index.versions('hello')).toEqual([]);
    expect(ctx.events).toContainEqual({
      type: 'log',
      level: 'info',
      message: `bookworm at ${one.uri} (/etc/apt/sources.list:1) has no packages for arm64 and is left out`,
    });
  });

  it('that no source has are refused', async () => {
    const mirror = await mirrorOf();
    await expectCode(() => open(mirror, undefined, {}, 'riscv64'), 'APT_SOURCES_INVALID');
    const asked = 'deb [signed-by=/key.asc arch=riscv64] URI bookworm main';
    const error = await expectCode(() => open(mirror, asked, {}, 'riscv64'), 'APT_SOURCES_INVALID');
    expect(error.message).toContain('it asks for riscv64, but bookworm has only amd64');
    const before = mirror.requests.length;
    const elsewhere = 'deb [signed-by=/key.asc arch=amd64] URI bookworm main';
    await expectCode(() => open(mirror, elsewhere, {}, 'riscv64'), 'APT_SOURCES_INVALID');
    expect(mirror.requests).toHaveLength(before);
  });

  it('whose index is not listed, or only in a form that is not read, are refused', async () => {
    const release = async (path: string) => {
      const text = `Codename: bookworm\nComponents: main\nSHA256:\n ${'a'.repeat(64)} 1 ${path}\n`;
      const mirror = await testMirror(new Map([['dists/bookworm/Release', Buffer.from(text)]]));
      return open(mirror, 'deb [trusted=yes] URI bookworm main');
    };
    await expectCode(() => release('main/binary-arm64/Packages'), 'RELEASE_INVALID');
    const error = await expectCode(() => release('main/binary-amd64/Packages.bz2'), 'NOT_SUPPORTED');
    expect(error.message).toContain('.bz2');
  });

  it('need sources at all', async () => {
    await expectCode(() => openArchive(testContext(), [], 'amd64', services()), 'APT_SOURCES_MISSING');
  });
});

describe('without network', () => {
  it('the last state that was seen is used, verified anew, as old as it may be', async () => {
    const release = { 'Valid-Until': new Date(ARCHIVE_DATE + 3_600_000).toUTCString() };
    for (const detached of [false, true]) {
      const mirror = await mirrorOf({ release, detached });
      await open(mirror);
      await mirror.close();
      const offline = { offline: true, now: () => ARCHIVE_DATE + 1e10 };
      const { index } = await open(mirror, undefined, offline);
      expect(index.versions('hello')).toHaveLength(1);
      await expectCode(() => open(mirror, 'deb URI bookworm main', offline), 'SIGNATURE_INVALID');
    }
  });

  it('what was never seen is missing', async () => {
    const mirror = await mirrorOf();
    const error = await expectCode(() => open(mirror, undefined, { offline: true }), 'OFFLINE');
    expect(error.message).toContain('bookworm');
    await open(mirror);
    const files = await archive({ change: (path, bytes) => (path.includes('binary-') ? undefined : bytes) });
    const bare = await testMirror(files);
    cache = createLocalCache(await temporaryFolder(), { now: () => 0, random: createNames() });
    await expectCode(() => open(bare), 'NOT_FOUND');
    const index = await expectCode(() => open(bare, undefined, { offline: true }), 'OFFLINE');
    expect(index.message).toContain('main/binary-amd64/Packages of bookworm');
    expect(mirror.asked()).toHaveLength(2);
  });
});

describe('snapshots', () => {
  const TIME = '20260115T000000Z';
  const old = { 'Valid-Until': new Date(ARCHIVE_DATE + 1000).toUTCString() };

  it('have their time in the URI, and may be as old as they like', async () => {
    const files = new Map([...(await archive({ release: old }))].map(([path, bytes]) => [`${TIME}/${path}`, bytes]));
    const mirror = await testMirror(files);
    const line = `deb [signed-by=/key.asc snapshot=${TIME}] URI{snapshot} bookworm main`;
    const { index, releases } = await open(mirror, line, { now: () => ARCHIVE_DATE + 1e12 });
    expect(index.versions('hello')[0]).toMatchObject({ snapshot: TIME });
    expect(index.versions('hello')[0]?.url).toContain(`${mirror.uri}${TIME}/pool/`);
    expect(releases[0]?.snapshot).toBe(TIME);
  });

  it('may be signed by keys that have expired since', async () => {
    key = await makeArchiveKey(30);
    const files = new Map([...(await archive())].map(([path, bytes]) => [`${TIME}/${path}`, bytes]));
    const mirror = await testMirror(files);
    const later = { now: () => ARCHIVE_DATE + 1e12 };
    const line = `deb [signed-by=/key.asc snapshot=${TIME}] URI{snapshot} bookworm main`;
    expect((await open(mirror, line, later)).index.versions('hello')).toHaveLength(1);
    const error = await expectCode(
      () => open(mirror, `deb [signed-by=/key.asc] URI${TIME} bookworm main`, later),
      'SIGNATURE_INVALID',
    );
    expect(error.message).toContain('expired');
    key = await makeArchiveKey();
  });

  it('are where the Release file of today says', async () => {
    const files = new Map(
      [...(await archive({ release: old, packages: [HELLO] }))].map(([path, bytes]) => [`${TIME}/${path}`, bytes]),
    );
    const snapshots = await testMirror(files);
    const today = await mirrorOf({ release: { Snapshots: `${snapshots.uri}@SNAPSHOTID@/` } });
    const { index, releases } = await open(today, `deb [signed-by=/key.asc snapshot=${TIME}] URI bookworm main`);
    expect(index.versions('hello')[0]?.url).toContain(`${snapshots.uri}${TIME}/pool/`);
    expect(index.versions('data')).toEqual([]);
    expect(releases[0]).toMatchObject({ uri: `${snapshots.uri}${TIME}/`, snapshot: TIME });
  });

  it('of which nothing is said are refused', async () => {
    for (const Snapshots of [undefined, 'no']) {
      const mirror = await mirrorOf({ release: { Snapshots } });
      const error = await expectCode(
        () => open(mirror, `deb [signed-by=/key.asc snapshot=${TIME}] URI bookworm main`),
        'RELEASE_INVALID',
      );
      expect(error.hint).toContain('{snapshot}');
    }
  });
});

it('the digest of a Release file is that of its verified text', async () => {
  const files = await archive({ detached: true });
  const { releases } = await open(await testMirror(files));
  const text = files.get('dists/bookworm/Release')!;
  expect(releases[0]?.digest).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
});
