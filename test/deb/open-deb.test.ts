import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { array, assert, asyncProperty, constantFrom, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/core/digest.ts';
import { openDeb } from '../../src/deb/open-deb.ts';
import { unpackDeb } from '../../src/deb/unpack-deb.ts';
import type { FileEntry } from '../../src/filesystem/entry.ts';
import { directory } from '../../src/filesystem/entry.ts';
import { expectCode } from '../expect-code.ts';
import { createRandom, packBytes, readTar } from '../layer/layer-fixture.ts';
import { testContext } from '../registry/setup.ts';
import type { Compression, DebEntry } from './make-deb.ts';
import { debMembers, makeAr, makeDeb } from './make-deb.ts';
import { contentsOf, debFile, openBytes, temporaryCache } from './open-bytes.ts';

const POSTINST = '#!/bin/sh\nset -e\n';
const LONG_PATH = `usr/share/${'a'.repeat(90)}/${'b'.repeat(120)}`;
const COMPRESSIONS: readonly Compression[] = ['none', 'gz', 'xz', 'zst'];

/** Words that shrink, of any length. */
function text(length: number): Buffer {
  const random = createRandom(length);
  return Buffer.from(Array.from({ length }, () => 97 + random(7)));
}

const LONG = text(3_300_000);
const NOISE = randomBytes(20_000);
const ENTRIES: readonly DebEntry[] = [
  { path: 'usr/bin/tool', content: text(40_000), mode: 0o4755, gid: 42, group: 'shadow' },
  { path: 'usr/bin/alias', target: 'tool' },
  { path: 'usr/bin/second', type: 'hardlink', target: 'usr/bin/tool' },
  { path: 'usr/bin/third', type: 'hardlink', target: 'usr/bin/second' },
  { path: 'usr/share/empty' },
  { path: 'usr/share/short', content: 'short\n', mtime: 0 },
  { path: 'usr/share/noise', content: NOISE },
  { path: 'usr/share/long', content: LONG },
  { path: 'var/tmp/sticky', type: 'directory', mode: 0o1777 },
  { path: LONG_PATH, target: `../${'c'.repeat(150)}` },
  { path: 'usr/share/grüße', content: 'ü' },
];
const DEB = makeDeb({ entries: ENTRIES, members: { postinst: POSTINST, conffiles: '/etc/demo\n' } });

describe('an opened package', () => {
  it('has its control file, scripts and entries', async () => {
    const deb = await openBytes(DEB);
    expect(deb).toMatchObject({ name: 'demo', version: '1.0', architecture: 'amd64' });
    expect(deb.control.slice(0, 2)).toEqual([
      ['Package', 'demo'],
      ['Version', '1.0'],
    ]);
    expect([...deb.members].map(([name, { bytes, mode }]) => [name, Buffer.from(bytes).toString(), mode])).toEqual([
      ['postinst', POSTINST, 0o755],
      ['conffiles', '/etc/demo\n', 0o644],
    ]);
    const shown = deb.entries.map((entry) => `${entry.type} ${entry.path} ${entry.mode.toString(8)} ${entry.mtime}`);
    expect(shown.slice(0, 4)).toEqual([
      'directory usr 755 1700000000',
      'directory usr/bin 755 1700000000',
      'file usr/bin/tool 4755 1700000000',
      'symlink usr/bin/alias 777 1700000000',
    ]);
    expect(shown).toContain('directory var/tmp/sticky 1777 1700000000');
    expect(shown).toContain('file usr/share/short 644 0');
    const targets = deb.entries.map((entry) => ('target' in entry ? entry.target : undefined)).filter(Boolean);
    expect(targets).toEqual(['tool', 'usr/bin/tool', 'usr/bin/tool', `../${'c'.repeat(150)}`]);
    expect(deb.entries.map(({ path }) => path)).toContain(LONG_PATH);
    expect(deb.entries.find(({ path }) => path === 'usr/bin/tool')).toMatchObject({ uid: 0, gid: 42 });
    expect([...(deb.owners ?? [])]).toEqual([['usr/bin/tool', { user: 'root', group: 'shadow' }]]);
  });

  it('has the contents, and their md5', async () => {
    const deb = await openBytes(DEB);
    const found = contentsOf(deb);
    const wanted = ENTRIES.filter(({ type, target }) => type === undefined && target === undefined);
    expect([...found.keys()]).toEqual(wanted.map(({ path }) => path));
    for (const { path, content = '' } of wanted) {
      expect(Buffer.from(found.get(path)!).equals(Buffer.from(content)), path).toBe(true);
      expect(deb.md5.get(path)).toBe(createHash('md5').update(content).digest('hex'));
    }
    expect(digestOf(readFileSync(deb.content!.file))).toBe(deb.content!.digest);
  });

  it('keeps long contents compressed, and short ones and noise as they are', async () => {
    const deb = await openBytes(DEB);
    const formOf = (path: string): unknown => {
      const { content } = deb.entries.find((entry) => entry.path === path) as FileEntry;
      return content.kind === 'range' ? [content.encoding, content.crc32 !== undefined] : content.kind;
    };
    expect(formOf('usr/bin/tool')).toEqual(['deflate', true]);
    expect(formOf('usr/share/long')).toEqual(['deflate', true]);
    expect(formOf('usr/share/noise')).toEqual(['identity', true]);
    expect(formOf('usr/share/short')).toEqual(['identity', false]);
    expect(formOf('usr/share/empty')).toBe('inline');
  });

  it.each(COMPRESSIONS)('is the same from a package with compression %s', async (compression) => {
    const { content, entries } = await openBytes(makeDeb({ entries: ENTRIES, compression }));
    const wanted = await openBytes(makeDeb({ entries: ENTRIES }));
    expect(content?.digest).toBe(wanted.content?.digest);
    expect(entries.map(({ path }) => path)).toEqual(wanted.entries.map(({ path }) => path));
  });

  it('goes into a layer as it was', async () => {
    const deb = await openBytes(DEB);
    const { tar } = await packBytes([directory('opt'), ...deb.entries]);
    const read = new Map(
      (await readTar(tar)).map(({ header, body }) => [header.name.replace(/\/$/, ''), { header, body }]),
    );
    for (const [path, bytes] of contentsOf(deb)) {
      // Of hard links the first name gets the content.
      const place = path === 'usr/bin/tool' ? 'usr/bin/second' : path;
      expect(read.get(place)!.body.equals(bytes), path).toBe(true);
    }
    expect(read.get('usr/bin/tool')!.header).toMatchObject({ type: 'link', linkname: 'usr/bin/second', mode: 0o4755 });
  });

  it('without contents has no file for them', async () => {
    const cache = await temporaryCache();
    const bytes = makeDeb({ entries: [{ path: 'usr/share/empty' }], compression: 'none' });
    for (let time = 0; time < 2; time++) {
      const deb = await openBytes(bytes, undefined, cache);
      expect(deb.content).toBeUndefined();
      expect(contentsOf(deb)).toEqual(new Map([['usr/share/empty', new Uint8Array()]]));
    }
  });

  it('may have members that deb(5) has ignored, and a newer minor version', async () => {
    const [binary, control, data] = debMembers({ entries: [{ path: 'etc/demo', content: 'x' }] });
    const future = { name: '_future', bytes: Buffer.from('abc') };
    const archive = makeAr([
      { ...binary!, bytes: Buffer.from('2.7\nmore\n') },
      future,
      control!,
      future,
      { ...data!, name: `${data!.name}/` },
      { name: '_gpgorigin', bytes: Buffer.from('signature') },
    ]);
    expect((await openBytes(archive)).entries.map(({ path }) => path)).toEqual(['etc', 'etc/demo']);
    // The padding behind the last member may be missing.
    expect((await openBytes(archive.subarray(0, -1))).name).toBe('demo');
  });

  it('holds any content of any length', async () => {
    const contents = array(uint8Array({ maxLength: 30_000 }), { maxLength: 5 });
    await assert(
      asyncProperty(contents, constantFrom(...COMPRESSIONS), async (all, compression) => {
        const entries = all.map((content, index) => ({ path: `srv/${index}`, content }));
        const found = contentsOf(await openBytes(makeDeb({ entries, compression })));
        expect([...found.values()].map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
          all.map((bytes) => Buffer.from(bytes).toString('hex')),
        );
      }),
      { numRuns: 30 },
    );
  });
});

describe('openDeb', () => {
  const expected = { name: 'demo', version: '1.0', architecture: 'amd64' };

  it('unpacks once', async () => {
    const cache = await temporaryCache();
    const first = await openBytes(DEB, expected, cache);
    const unpack = (): never => {
      throw new Error('unpacked again');
    };
    const again = await openDeb(testContext(), '/nowhere', digestOf(DEB), expected, { cache, unpack });
    expect(again).toEqual(first);
  });

  it('unpacks again when the contents are gone', async () => {
    const cache = await temporaryCache();
    const first = await openBytes(DEB, expected, cache);
    rmSync(first.content!.file);
    expect(await openBytes(DEB, expected, cache)).toEqual(first);
    expect(digestOf(readFileSync(first.content!.file))).toBe(first.content!.digest);
  });

  it.each([
    ['name', 'other'],
    ['version', '1.1'],
    ['architecture', 'arm64'],
  ])('refuses a package of another %s, each time', async (field, value) => {
    const cache = await temporaryCache();
    for (let time = 0; time < 2; time++) {
      const error = await expectCode(() => openBytes(DEB, { ...expected, [field]: value }, cache), 'DEB_INVALID');
      expect(error.message).toContain(`says that its ${field} is `);
      expect(error.message).toContain(`instead of ${value}`);
    }
  });

  it('leaves nothing behind a failure', async () => {
    const cache = await temporaryCache();
    await expectCode(() => openBytes(DEB.subarray(0, -100), expected, cache), 'DEB_INVALID');
    const left = readdirSync(cache.root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(left).toEqual([]);
  });

  it('stops when it is aborted', async () => {
    const controller = new AbortController();
    const ctx = { ...testContext(), signal: controller.signal };
    const file = await debFile(DEB);
    const work = openDeb(ctx, file, digestOf(DEB), expected, { cache: await temporaryCache() });
    controller.abort();
    await expectCode(() => work, 'ABORTED');
  });

  it('says which file is not there', async () => {
    const services = { cache: await temporaryCache() };
    const error = await expectCode(
      () => openDeb(testContext(), '/nowhere/x.deb', digestOf('x'), expected, services),
      'NOT_FOUND',
    );
    expect(error.message).toContain('/nowhere/x.deb');
  });

  it('says when the contents cannot be written, by its own code', async () => {
    const request = { file: await debFile(DEB), subject: 'demo 1.0', contentFile: '/nowhere/content' };
    await expectCode(() => unpackDeb(testContext(), request), 'CACHE_UNWRITABLE');
  });

  it('says when the cache cannot be written', async () => {
    const cache = await temporaryCache();
    writeFileSync(cache.root, 'a file');
    await expectCode(() => openBytes(DEB, expected, cache), 'CACHE_UNWRITABLE');
  });
});
