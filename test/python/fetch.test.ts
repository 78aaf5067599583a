import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/core/digest.ts';
import type { FetchOptions } from '../../src/python/fetch.ts';
import { fetchWheels } from '../../src/python/fetch.ts';
import type { LockedWheel } from '../../src/python/lock.ts';
import type { LocalCache } from '../../src/store/cache.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { createNames, temporaryFolder } from '../store/temporary-folder.ts';
import { makeWheel, WHEEL_NAME } from './make-wheel.ts';

let folder: string;
let cache: LocalCache;
/** URLs that were opened. */
let opened: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  cache = createLocalCache(join(folder, 'cache'), { now: () => 0, random: createNames() });
  opened = [];
});

const CODE = { name: 'demo/__init__.py', content: 'x = 1\n' };
const WHEEL = makeWheel([CODE]);

const locked = (bytes: Buffer, more: Partial<LockedWheel> = {}): LockedWheel => ({
  name: 'demo',
  version: '1.0',
  filename: WHEEL_NAME,
  url: 'https://index.example/demo',
  digest: digestOf(bytes),
  size: bytes.length,
  requested: true,
  ...more,
});

/** An index that gives these bytes for every wheel. */
const from = (bytes: Buffer, offline = false): FetchOptions => ({
  cache,
  offline,
  open: async function* (_ctx, { url }) {
    opened.push(url);
    yield bytes.subarray(0, 10);
    yield bytes.subarray(10);
  },
});

describe('wheels', () => {
  it('are fetched once and kept by their digest', async () => {
    const ctx = testContext();
    const files = await fetchWheels(ctx, [locked(WHEEL)], from(WHEEL));
    expect((await readFile(files.get(digestOf(WHEEL))!)).equals(WHEEL)).toBe(true);
    expect(ctx.events.map(({ type }) => type)).toEqual(['start', 'progress', 'end']);
    expect(ctx.events[0]).toMatchObject({ step: 'download', subject: WHEEL_NAME, total: WHEEL.length });
    expect(await fetchWheels(ctx, [locked(WHEEL)], from(WHEEL, true))).toEqual(files);
    expect(opened).toEqual(['https://index.example/demo']);
  });

  it('may be of unknown size', async () => {
    expect((await fetchWheels(testContext(), [locked(WHEEL, { size: undefined })], from(WHEEL))).size).toBe(1);
  });

  it('are taken from this machine, even offline', async () => {
    await writeFile(join(folder, 'demo 1.whl'), WHEEL);
    const wheel = locked(WHEEL, { url: pathToFileURL(join(folder, 'demo 1.whl')).href });
    expect((await fetchWheels(testContext(), [wheel], from(WHEEL, true))).size).toBe(1);
    expect(opened).toEqual([]);
  });

  it('of this machine that are not there are told by the lock that names them', async () => {
    const file = join(folder, 'absent.whl');
    const wheel = locked(WHEEL, { url: pathToFileURL(file).href });
    const error = await expectCode(() => fetchWheels(testContext(), [wheel], from(WHEEL)), 'NOT_FOUND');
    expect(error.message).toBe(`The lock names a wheel ${WHEEL_NAME} on this machine, but there is no ${file}`);
    expect(error.hint).toContain('relative to its own folder');
  });

  it('are refused offline when they are not here', async () => {
    const error = await expectCode(() => fetchWheels(testContext(), [locked(WHEEL)], from(WHEEL, true)), 'OFFLINE');
    expect(error.message).toContain(WHEEL_NAME);
    expect(opened).toEqual([]);
  });

  it('that are other bytes than were locked are refused and not kept', async () => {
    const other = makeWheel([{ ...CODE, content: 'x = 2\n' }]);
    const work = (wheel: LockedWheel) => () => fetchWheels(testContext(), [wheel], from(other));
    const changed = await expectCode(work(locked(WHEEL, { size: undefined })), 'DIGEST_MISMATCH');
    expect(changed.message).toContain(`wheel ${WHEEL_NAME} has digest ${digestOf(other)}`);
    await expectCode(work(locked(WHEEL, { size: 7 })), 'SIZE_MISMATCH');
    expect(await cache.find(digestOf(WHEEL))).toBeUndefined();
    expect(await cache.find(digestOf(other))).toBeUndefined();
  });

  it('that contradict their own RECORD are refused, each time', async () => {
    const bad = makeWheel([{ ...CODE, crc: 7 }]);
    for (let time = 0; time < 2; time++) {
      const error = await expectCode(() => fetchWheels(testContext(), [locked(bad)], from(bad)), 'WHEEL_INVALID');
      expect(error.message).toBe(
        `wheel ${WHEEL_NAME} has a damaged file, demo/__init__.py: its CRC-32 is not the announced one`,
      );
    }
    expect(opened).toHaveLength(1);
  });

  it('of unknown size are not taken without end', async () => {
    const endless: FetchOptions = {
      ...from(WHEEL),
      // As if a terabyte came.
      open: async function* () {
        yield Object.defineProperty(new Uint8Array(1), 'length', { value: 1e12 });
      },
    };
    const work = fetchWheels(testContext(), [locked(WHEEL, { size: undefined })], endless);
    const error = await expectCode(() => work, 'TOO_LARGE');
    expect(error.message).toContain(WHEEL_NAME);
    expect(error.hint).toContain('URL in the lock');
  });

  it('come several at a time, but not all at once', async () => {
    const wheels = Array.from({ length: 20 }, (_, i) => makeWheel([{ ...CODE, content: `x = ${i}\n` }]));
    let running = 0;
    let most = 0;
    const options: FetchOptions = {
      ...from(WHEEL),
      open: async function* (_ctx, { digest }) {
        most = Math.max(most, ++running);
        // All that may start have started by then.
        await new Promise((resolve) => setImmediate(resolve));
        yield wheels.find((bytes) => digestOf(bytes) === digest) ?? Buffer.alloc(0);
        running--;
      },
    };
    const files = await fetchWheels(
      testContext(),
      wheels.map((bytes) => locked(bytes)),
      options,
    );
    expect(files.size).toBe(20);
    expect(most).toBeLessThanOrEqual(8);
    expect(most).toBeGreaterThan(1);
  });
});
