import { gzipSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressIndex } from '../../src/apt/decompress-index.ts';
import { openPackagesRecord } from '../../src/apt/packages-index.ts';
import { makePackagesRecord } from '../../src/apt/packages-record.ts';
import { storeXz } from '../deb/store-xz.ts';
import { drain, expectCode } from '../expect-code.ts';

async function* inPieces(text: string | Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function open(text: string, size?: number) {
  const index = openPackagesRecord(await makePackagesRecord(inPieces(text, size), 'Packages of x'));
  if (!index) throw new Error('the record does not open');
  return index;
}

const PACKAGES = `Package: exim4
Version: 4.96
Description: mail
 more words
Depends: libc6,
 adduser
Provides: mail-transport-agent (= 1), smtp:any, exim4, smtp

Package: bash
Version: 5.2
Tag: x
package: ignored-second
Filename: pool/bash.deb

# a comment
package: exim4
version: 4.97
provides: mail-transport-agent
`;

describe('a kept index', () => {
  it('finds packages by name, in the order of the file, with the fields that matter', async () => {
    const index = await open(PACKAGES);
    expect(index.named('exim4')).toEqual([
      'Package: exim4\nVersion: 4.96\nDepends: libc6,\n adduser\nProvides: mail-transport-agent (= 1), smtp:any, exim4, smtp\n',
      'package: exim4\nversion: 4.97\nprovides: mail-transport-agent\n',
    ]);
    expect(index.named('bash')).toEqual([
      'Package: bash\nVersion: 5.2\npackage: ignored-second\nFilename: pool/bash.deb\n',
    ]);
    expect(index.named('bas')).toEqual([]);
    expect(index.named('mail-transport-agent')).toEqual([]);
    expect([...index.names()]).toEqual(['bash', 'exim4']);
  });

  it('finds other packages that provide a name', async () => {
    const index = await open(PACKAGES);
    expect(index.providing('mail-transport-agent')).toHaveLength(2);
    expect(index.providing('smtp')).toHaveLength(1);
    expect(index.providing('exim4')).toEqual([]);
    expect(index.providing('nothing')).toEqual([]);
  });

  it('may be empty, end without a line feed, and have line ends of other systems', async () => {
    expect([...(await open('')).names()]).toEqual([]);
    expect((await open('')).named('x')).toEqual([]);
    expect([...(await open('\n\nPackage: a\nVersion: 1')).names()]).toEqual(['a']);
    expect((await open('Package: a\r\nVersion: 1\r\n\r\nPackage: b\r\n')).named('a')).toEqual([
      'Package: a\nVersion: 1\n',
    ]);
  });

  it('keeps every byte of UTF-8', async () => {
    const stanza = 'Package: é\nDepends: ☃ | \u{1f600}\n';
    expect((await open(stanza, 1)).named('é')).toEqual([stanza]);
  });

  it.each([
    ['no field', 'Package: a\nnonsense\n', 'Packages of x cannot be used: "nonsense" is not "Field: value"'],
    ['no name', 'Version: 1\n', 'names no package'],
    ['a stanza without end', `Package: ${'x'.repeat(5 << 20)}`, 'a stanza is longer than'],
  ])('is not made of %s', async (_name, text, words) => {
    const error = await expectCode(
      () => makePackagesRecord(inPieces(text, 1 << 20), 'Packages of x'),
      'RELEASE_INVALID',
    );
    expect(error.message).toContain(words);
  });

  it('finds each of many names, and their ranks in the order in which they are mentioned', async () => {
    const names = Array.from({ length: 9000 }, (_, at) => `name-${(at * 7919) % 9000}`);
    const index = await open(names.map((name) => `Package: ${name}\nRecommends: other-${name}\n`).join('\n'), 4000);
    expect(index.size).toBe(names.length);
    expect(names.map((name) => index.rank(name))).toEqual(names.map((_, at) => 2 * at));
    expect(names.filter((name) => index.named(name).length !== 1)).toEqual([]);
  });

  it('ranks names as apt meets them: field by field, not those of any architecture', async () => {
    const index = await open(
      'Package: a\nProvides: p, q (= 1)\nDepends: b:any,\n c | d [amd64]\nPre-Depends: e\n\nPackage: b\n\nPackage: c\n\nPackage: d\n\nPackage: e\n',
    );
    const ranks = ['a', 'e', 'c', 'd', 'p', 'q', 'b'].map((name) => index.rank(name));
    expect(ranks).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('that is cut, or none, does not open', async () => {
    const record = await makePackagesRecord(inPieces(PACKAGES), 'x');
    for (const bytes of [
      record.subarray(0, -1),
      record.subarray(0, 40),
      record.subarray(0, 3),
      Buffer.alloc(12, 255),
    ]) {
      expect(openPackagesRecord(bytes)).toBeUndefined();
    }
  });

  it('finds whatever was put in, from wherever in memory it is opened', async () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,8}$/);
    const stanzas = fc.array(fc.record({ name, version: fc.nat(), provides: fc.array(name, { maxLength: 3 }) }), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(stanzas, fc.integer({ min: 1, max: 64 }), fc.nat(9), async (made, size, offset) => {
        const texts = made.map(
          ({ name, version, provides }) =>
            `Package: ${name}\nVersion: ${version}\n${provides.length > 0 ? `Provides: ${provides.join(', ')}\n` : ''}`,
        );
        const record = await makePackagesRecord(inPieces(texts.join('\n'), size), 'x');
        const moved = Buffer.concat([Buffer.alloc(offset), record]).subarray(offset);
        const index = openPackagesRecord(moved)!;
        const names = new Set(made.flatMap(({ name, provides }) => [name, ...provides]));
        for (const wanted of names) {
          expect(index.named(wanted)).toEqual(texts.filter((_, at) => made[at]!.name === wanted));
          const providers = texts.filter((_, at) => made[at]!.name !== wanted && made[at]!.provides.includes(wanted));
          expect([...index.providing(wanted)].sort()).toEqual(providers.sort());
        }
        expect([...index.names()]).toEqual([...new Set(made.map(({ name }) => name))].sort());
      }),
      { numRuns: 60 },
    );
  });
});

describe('a compressed index', () => {
  const CONTENT = Buffer.from(PACKAGES.repeat(50));
  const forms = [
    ['.xz', storeXz],
    ['.zst', (bytes: Buffer) => zstdCompressSync(bytes)],
    ['.gz', (bytes: Buffer) => gzipSync(bytes)],
    ['', (bytes: Buffer) => bytes],
  ] as const;

  it.each(forms)('%s is read', async (ending, compress) => {
    const bytes = inPieces(compress(CONTENT), 100);
    expect(await drain(decompressIndex(bytes, ending, CONTENT.length, 'it'))).toEqual(CONTENT);
  });

  it.each(forms)('%s is bounded in its content', async (ending, compress) => {
    const bytes = inPieces(compress(Buffer.alloc(1 << 20)), 1000);
    const error = await expectCode(() => drain(decompressIndex(bytes, ending, 1000, 'it')), 'TOO_LARGE');
    expect(error.message).toBe('it holds more than 1000 bytes');
    // The decoder is free again.
    expect(await drain(decompressIndex(inPieces(compress(CONTENT)), ending, 1e6, 'it'))).toEqual(CONTENT);
  });

  it.each(forms.slice(0, 3))('%s that is damaged or cut is refused', async (ending, compress) => {
    const whole = compress(CONTENT);
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 20, 40);
    for (const bytes of [damaged, whole.subarray(0, whole.length >> 1)]) {
      await expectCode(() => drain(decompressIndex(inPieces(bytes), ending, 1e6, 'it')), 'RELEASE_INVALID');
    }
  });
});
