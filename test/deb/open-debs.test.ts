import { rm } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { openDebs } from '../../src/deb/open-debs.ts';
import type { OpenedDeb } from '../../src/deb/opened-deb.ts';
import type { LocalCache } from '../../src/store/cache.ts';
import { expectCode } from '../expect-code.ts';
import { createRandom } from '../layer/layer-fixture.ts';
import { poolOf } from '../layer/work-pools.ts';
import { testContext } from '../registry/setup.ts';
import { lockedDeb, mirrorOf } from './lock-debs.ts';
import type { Compression } from './make-deb.ts';
import { makeDeb } from './make-deb.ts';
import { contentsOf, temporaryCache } from './open-bytes.ts';

const COMPRESSIONS: readonly Compression[] = ['xz', 'gz', 'zst', 'none'];

function packages(): Map<string, Buffer> {
  const random = createRandom(3);
  const names = Array.from({ length: 9 }, (_, index) => `demo${index}`);
  return new Map(
    names.map((name, index) => {
      const content = Buffer.from(Array.from({ length: random(200_000) }, () => 97 + random(5)));
      const entries = [
        { path: `usr/share/${name}/long`, content: index === 0 ? Buffer.concat(Array(12).fill(content)) : content },
        { path: `usr/share/${name}/short`, content: name },
      ];
      return [name, makeDeb({ name, entries, compression: COMPRESSIONS[index % 4]! })];
    }),
  );
}

const FILES = packages();
const LOCKED = [...FILES].map(([name, bytes]) => lockedDeb(bytes, name));
let cache: LocalCache;

beforeEach(async () => {
  cache = await temporaryCache();
});

const digestsOf = (opened: ReadonlyMap<string, OpenedDeb>): (string | undefined)[] =>
  LOCKED.map(({ digest }) => opened.get(digest)?.content?.digest);

describe('openDebs', () => {
  it('gives the same with any number of workers', async () => {
    const here = await openDebs(testContext(), LOCKED, { ...mirrorOf(cache, FILES), pool: poolOf(0) });
    expect(new Set(digestsOf(here)).size).toBe(LOCKED.length);
    for (const workers of [1, 2]) {
      const there = await openDebs(testContext(), LOCKED, {
        ...mirrorOf(await temporaryCache(), FILES),
        pool: poolOf(workers),
      });
      expect(digestsOf(there)).toEqual(digestsOf(here));
      const { name, digest } = LOCKED[3]!;
      expect(contentsOf(there.get(digest)!)).toEqual(contentsOf(here.get(digest)!));
      expect(there.get(digest)!.name).toBe(name);
    }
  });

  it('needs no threads, no mirror and no work for what the cache knows', async () => {
    const first = await openDebs(testContext(), LOCKED, { ...mirrorOf(cache, FILES), pool: poolOf(1) });
    const ctx = testContext();
    const again = await openDebs(ctx, LOCKED, { ...mirrorOf(cache, new Map(), true), pool: poolOf(1) });
    expect(again).toEqual(first);
    expect(ctx.events).toEqual([]);
  });

  it('fetches no package whose content it has, though the cache has lost the package itself', async () => {
    const first = await openDebs(testContext(), LOCKED, { ...mirrorOf(cache, FILES), pool: poolOf(0) });
    for (const { digest } of LOCKED) await rm((await cache.find(digest))!);
    const mirror = mirrorOf(cache, FILES);
    expect(await openDebs(testContext(), LOCKED, { ...mirror, pool: poolOf(0) })).toEqual(first);
    expect(mirror.opened).toEqual([]);
    const { digest, url } = LOCKED[4]!;
    await rm(first.get(digest)!.content!.file);
    expect(await openDebs(testContext(), LOCKED, { ...mirror, pool: poolOf(0) })).toEqual(first);
    expect(mirror.opened).toEqual([url]);
  });

  it('tells what is fetched and unpacked', async () => {
    const ctx = testContext();
    await openDebs(ctx, LOCKED.slice(0, 1), { ...mirrorOf(cache, FILES), pool: poolOf(0) });
    const started = ctx.events.flatMap((event) => (event.type === 'start' ? `${event.step} ${event.subject}` : []));
    expect(started).toEqual(['download demo0_1.0_amd64', 'unpack demo0 1.0']);
  });

  it.each([0, 1])('hands on the first error, and stops the others (%i workers)', async (workers) => {
    const files = new Map(FILES).set('demo0', makeDeb({ name: 'other' }));
    const locked = [lockedDeb(files.get('demo0')!, 'demo0'), ...LOCKED.slice(1)];
    const work = openDebs(testContext(), locked, { ...mirrorOf(cache, files), pool: poolOf(workers) });
    const error = await expectCode(() => work, 'DEB_INVALID');
    expect(error.message).toContain('demo0 1.0 cannot be unpacked: it says that its name is other instead of demo0');
  });

  it.each([0, 1])('stops when it is aborted (%i workers)', async (workers) => {
    const controller = new AbortController();
    const ctx = { ...testContext(), signal: controller.signal };
    const work = openDebs(ctx, LOCKED, { ...mirrorOf(cache, FILES), pool: poolOf(workers) });
    setImmediate(() => controller.abort());
    await expectCode(() => work, 'ABORTED');
  });
});
