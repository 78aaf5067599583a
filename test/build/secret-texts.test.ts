import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, createSecretScan, entryAt, redactError } from '../../src/build/secret-texts.ts';
import { createOutput } from '../../src/build/commands.ts';
import { createContext } from '../../src/core/context.ts';
import { ImageSpecError } from '../../src/core/error.ts';
import type { Entry } from '../../src/filesystem/entry.ts';

const value = (text: string, name = 'it') => ({ name, bytes: Buffer.from(text) });

describe('words', () => {
  it('have no secret in them, the longest hidden first', () => {
    const { redact, reach } = createRedactor([value('token'), value('token-of-mine\n'), value('abc')]);
    expect(redact('token token-of-mine abc')).toBe('*** *** abc');
    expect(reach).toBe(13);
  });

  it('have no line of a secret in them, and no password', () => {
    const { redact } = createRedactor([
      value('a first line\nshort\r\na third line\r\n'),
      value('machine a.example login me password s3cr'),
      value('[global]\nindex-url=https://me:pa55@a.example/simple'),
    ]);
    expect(redact('a first line, short, a third line, s3cr, pa55')).toBe('***, short, ***, ***, ***');
  });

  it('keep errors as they are when there is nothing to hide', () => {
    const redactor = createRedactor([value('hunter22')]);
    const clean = new ImageSpecError('USAGE', 'clean');
    expect(redactError(clean, redactor)).toBe(clean);
    const other = new Error('hunter22');
    expect(redactError(other, redactor)).toBe(other);
    const details = { hint: 'not hunter22', facts: { a: 'hunter22', b: 1 }, issues: ['hunter22'], cause: other };
    const shown = redactError(new ImageSpecError('USAGE', 'is hunter22', details), redactor);
    expect(shown).toMatchObject({ code: 'USAGE', message: 'is ***', hint: 'not ***', issues: ['***'] });
    expect(shown).toMatchObject({ facts: { a: '***', b: 1 } });
    expect((shown as Error).cause).toBeUndefined();
  });
});

describe('output', () => {
  function printed(secret: string, chunks: readonly string[]) {
    const lines: string[] = [];
    const ctx = createContext({ on: (event) => event.type === 'log' && lines.push(event.message) });
    const output = createOutput(ctx, 'x', createRedactor([value(secret)]));
    for (const chunk of chunks) output.add(chunk);
    output.end();
    return { lines, tail: output.tail() };
  }

  it('hides what arrives in pieces, in lines and in the tail', () => {
    const { lines, tail } = printed('hunter2!', ['it is hunt', 'er', '2! ', 'really\nhunter2!']);
    expect(lines).toEqual(['x: it is *** really', 'x: ***']);
    expect(tail).toEqual(['it is *** really', '***']);
  });

  it('hides it wherever a line without an end is cut', () => {
    const secret = 'a-secret-of-some-length';
    fc.assert(
      fc.property(fc.integer({ min: 4000, max: 4200 }), fc.array(fc.nat(9000), { maxLength: 8 }), (before, cuts) => {
        const text = `${'x'.repeat(before)}${secret}${'y'.repeat(4200)}`;
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const { lines } = printed(
          secret,
          at.slice(1).map((end, i) => text.slice(at[i], end)),
        );
        const all = lines.map((line) => line.slice(3)).join('');
        expect(all).toBe(text.replace(secret, '***'));
      }),
    );
  });
});

describe('a scan', () => {
  it('finds a secret however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(12)), (before, cuts) => {
        const bytes = Buffer.concat([before, Buffer.from('hunter2!'), Buffer.from('more')]);
        const scan = createSecretScan([value('other-secret', 'other'), value('hunter2!\n', 'mine')]);
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        // Whoever reads may use the memory again.
        const memory = Buffer.alloc(80);
        for (const [i, end] of at.slice(1).entries()) {
          const size = bytes.copy(memory, 0, at[i], end);
          scan.watch(memory.subarray(0, size));
        }
        expect(scan.found()).toEqual({ name: 'mine', offset: bytes.indexOf('hunter2!') });
      }),
    );
  });

  it('looks for no short values, and for nothing where there are none', () => {
    for (const values of [[], [value('short')], [value(' \n')]]) {
      const scan = createSecretScan(values);
      scan.watch(Buffer.from('a short one'));
      expect(scan.found()).toBeUndefined();
    }
  });

  it('names the file', () => {
    const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0 };
    const range = { kind: 'range', file: '/x', encoding: 'identity' } as const;
    const entries: Entry[] = [
      { ...attributes, type: 'directory', path: 'a' },
      { ...attributes, type: 'file', path: 'a/b', content: { ...range, offset: 512, length: 10, size: 10 } },
      { ...attributes, type: 'file', path: 'a/c', content: { ...range, offset: 1536, length: 9, size: 9 } },
    ];
    expect([511, 512, 521, 522, 1540].map((offset) => entryAt(entries, offset))).toEqual([
      undefined,
      'a/b',
      'a/b',
      undefined,
      'a/c',
    ]);
  });
});
