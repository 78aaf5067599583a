import { describe, expect, it } from 'vitest';
import { findReferences, replaceReferences } from '../../src/spec/manifest-references.ts';
import { expectCode } from '../expect-code.ts';

const replaced = (text: string): string =>
  replaceReferences(text, findReferences(text, 'f.yaml'), (wanted) => `r.io/${wanted}@sha256:1`);

describe('references in manifests', () => {
  it('are replaced where they stand, and all else stays', () => {
    const text = [
      '# imagespec://comment stays',
      'apiVersion: v1 # why',
      'a: &img imagespec://x # here',
      'b: "imagespec://y/z"   # "there"',
      'c: *img',
      "d: ['imagespec://./q#r',   !!str imagespec://t]",
      '---',
      'k: {image: imagespec://a, "l": imagespec://b}',
      '...',
      '',
    ].join('\r\n');
    expect(replaced(text)).toBe(
      text
        .replace('imagespec://x', 'r.io/x@sha256:1')
        .replace('imagespec://y/z', 'r.io/y/z@sha256:1')
        .replace('imagespec://./q#r', 'r.io/./q#r@sha256:1')
        .replace('imagespec://t', 'r.io/t@sha256:1')
        .replace('imagespec://a,', 'r.io/a@sha256:1,')
        .replace('imagespec://b', 'r.io/b@sha256:1'),
    );
  });

  it('are found in JSON, and nowhere in texts without them', () => {
    expect(replaced('{"image":"imagespec://x"}')).toBe('{"image":"r.io/x@sha256:1"}');
    const template = 'image: {{ .Values.image }}\n  broken: [\n';
    expect(replaced(template)).toBe(template);
    expect(replaced('')).toBe('');
  });

  it.each([
    ['args: ["--image=imagespec://x"]', /^f\.yaml:1:8: imagespec:\/\/ stands within other text/],
    ['a: imagespec://x imagespec://y', /^f\.yaml:1:4: .* within other text/],
    ['a: imagespec://', /or before none/],
    ['a: |\n  imagespec://x\n', /^f\.yaml:1:4: imagespec:\/\/x stands in a block of text/],
    ['imagespec://x: 1\nb: [', /^f\.yaml:2:5 is not valid YAML/],
  ])('are refused in %j', async (text, words) => {
    const error = await expectCode(() => replaced(text), 'SPEC_UNREADABLE');
    expect(error.message).toMatch(words);
    expect(error.hint).toMatch(/^[A-Z].*\.$/);
  });
});
