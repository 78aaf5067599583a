import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, hexOf, isDigest, parseDigest, readAll, verified } from '../../src/core/digest.ts';
import { drain, expectCode } from '../expect-code.ts';

async function* stream(...chunks: readonly (string | Uint8Array)[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

describe('parseDigest', () => {
  const hex = 'a'.repeat(64);

  it('takes sha256 in lower-case hexadecimal digits', () => {
    expect(hexOf(parseDigest(`sha256:${hex}`))).toBe(hex);
  });

  it.each([
    '',
    hex,
    `sha256:${hex.toUpperCase()}`,
    `sha256:${hex}0`,
    `sha512:${hex}${hex}`,
    `sha256:${hex}\n`,
    ` sha256:${hex}`,
  ])('refuses %j', async (text) => {
    expect(isDigest(text)).toBe(false);
    await expectCode(() => parseDigest(text), 'DIGEST_INVALID');
  });
});

describe('verified', () => {
  it('passes bytes through however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), async (chunks) => {
        const whole = Buffer.concat(chunks);
        const expected = { digest: digestOf(whole), size: whole.length };
        expect(await drain(verified(stream(...chunks), expected, 'it'))).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('agrees with the hash of the platform', () => {
    expect(digestOf('abc')).toBe(`sha256:${createHash('sha256').update('abc').digest('hex')}`);
  });

  const expected = { digest: digestOf('abc'), size: 3 };

  it.each([
    ['other bytes', ['abd'], 'DIGEST_MISMATCH'],
    ['a byte too few', ['ab'], 'SIZE_MISMATCH'],
    ['nothing', [], 'SIZE_MISMATCH'],
    ['a byte too many', ['abc', 'd'], 'SIZE_MISMATCH'],
  ] as const)('refuses %s', async (_what, chunks, code) => {
    const error = await expectCode(() => drain(verified(stream(...chunks), expected, 'layer x')), code);
    expect(error.message).toContain('layer x');
  });

  it('refuses other bytes when the size is not known', async () => {
    await expectCode(() => drain(verified(stream('abcd'), { digest: expected.digest }, 'it')), 'DIGEST_MISMATCH');
  });

  it('stops at the first byte too many, and lets go of the source', async () => {
    let released = false;
    const endless = async function* () {
      try {
        for (;;) yield Buffer.from('ab');
      } finally {
        released = true;
      }
    };
    await expectCode(() => drain(verified(endless(), expected, 'it')), 'SIZE_MISMATCH');
    expect(released).toBe(true);
  });
});

describe('readAll', () => {
  it('reads up to its limit', async () => {
    expect(String(await readAll(stream('ab', 'c'), 3, 'it'))).toBe('abc');
    await expectCode(() => readAll(stream('ab', 'cd'), 3, 'it'), 'TOO_LARGE');
  });
});
