import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { ImageSpecError } from '../../src/core/error.ts';
import { fetchDebs } from '../../src/deb/fetch-debs.ts';
import type { LocalCache } from '../../src/store/cache.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { lockedDeb, mirrorOf } from './lock-debs.ts';
import { makeDeb } from './make-deb.ts';
import { debFile, temporaryCache } from './open-bytes.ts';

const DEB = makeDeb({ entries: [{ path: 'etc/demo', content: 'x' }] });
const FILES = new Map([['demo', DEB]]);
let cache: LocalCache;

beforeEach(async () => {
  cache = await temporaryCache();
});

describe('packages', () => {
  it('are fetched once and kept by their digest', async () => {
    const ctx = testContext();
    const mirror = mirrorOf(cache, FILES);
    const deb = lockedDeb(DEB);
    const files = await fetchDebs(ctx, [deb], mirror);
    expect((await readFile(files.get(deb.digest)!)).equals(DEB)).toBe(true);
    expect(ctx.events[0]).toMatchObject({ step: 'download', subject: 'demo_1.0_amd64', total: DEB.length });
    expect(await fetchDebs(ctx, [deb], mirrorOf(cache, new Map(), true))).toEqual(files);
    expect(mirror.opened).toEqual(['http://mirror.example/pool/demo.deb']);
  });

  it('are taken from this machine, even offline', async () => {
    const deb = lockedDeb(DEB, 'demo', { url: pathToFileURL(await debFile(DEB)).href });
    expect((await fetchDebs(testContext(), [deb], mirrorOf(cache, new Map(), true))).size).toBe(1);
    const gone = lockedDeb(DEB.subarray(1), 'demo', { url: 'file:///nowhere/demo.deb' });
    const error = await expectCode(() => fetchDebs(testContext(), [gone], mirrorOf(cache, FILES)), 'NOT_FOUND');
    expect(error.message).toContain('The lock names a package demo_1.0_amd64');
  });

  it('are refused offline when they are not here', async () => {
    const mirror = mirrorOf(cache, FILES, true);
    const error = await expectCode(() => fetchDebs(testContext(), [lockedDeb(DEB)], mirror), 'OFFLINE');
    expect(error.message).toContain('demo_1.0_amd64');
    expect(mirror.opened).toEqual([]);
  });

  it('that are other bytes than were locked are refused and not kept', async () => {
    const mirror = mirrorOf(cache, FILES);
    const other = lockedDeb(makeDeb({ version: '2.0' }), 'demo', { size: DEB.length });
    await expectCode(() => fetchDebs(testContext(), [other], mirror), 'DIGEST_MISMATCH');
    const longer = lockedDeb(DEB, 'demo', { size: DEB.length + 1 });
    await expectCode(() => fetchDebs(testContext(), [longer], mirror), 'SIZE_MISMATCH');
    const shorter = lockedDeb(DEB, 'demo', { size: DEB.length - 1 });
    await expectCode(() => fetchDebs(testContext(), [shorter], mirror), 'SIZE_MISMATCH');
    for (const { digest } of [other, longer]) expect(await cache.find(digest)).toBeUndefined();
  });

  it('of a mirror that breaks off are not kept, and are fetched whole the next time', async () => {
    const dying = {
      ...mirrorOf(cache, FILES),
      open: async function* (): AsyncGenerator<Uint8Array> {
        yield DEB.subarray(0, 100);
        throw new ImageSpecError('NETWORK', 'mirror.example broke off');
      },
    };
    const deb = lockedDeb(DEB);
    await expectCode(() => fetchDebs(testContext(), [deb], dying), 'NETWORK');
    expect(await cache.find(deb.digest)).toBeUndefined();
    const files = await fetchDebs(testContext(), [deb], mirrorOf(cache, FILES));
    expect((await readFile(files.get(deb.digest)!)).equals(DEB)).toBe(true);
  });
});
