import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/core/digest.ts';
import { isTag, parseReference, printReference, printRepository } from '../../src/oci/reference.ts';
import { expectCode } from '../expect-code.ts';

const digest = digestOf('x');

describe('parseReference', () => {
  it.each([
    // Docker Hub is meant without a registry, and its official images live in library/.
    ['python', 'docker.io', 'library/python', 'latest', undefined],
    ['python:3.12-slim', 'docker.io', 'library/python', '3.12-slim', undefined],
    ['acme/app', 'docker.io', 'acme/app', 'latest', undefined],
    ['acme/team/app:1', 'docker.io', 'acme/team/app', '1', undefined],
    ['docker.io/python', 'docker.io', 'library/python', 'latest', undefined],
    ['index.docker.io/python', 'docker.io', 'library/python', 'latest', undefined],
    ['registry-1.docker.io/library/python', 'docker.io', 'library/python', 'latest', undefined],
    ['docker.io/acme/app:1', 'docker.io', 'acme/app', '1', undefined],
    ['docker://busybox:1', 'docker.io', 'library/busybox', '1', undefined],
    // A first part with dot, colon or capital, or localhost, is a registry.
    ['ghcr.io/acme/app', 'ghcr.io', 'acme/app', 'latest', undefined],
    ['gcr.io/app', 'gcr.io', 'app', 'latest', undefined],
    ['localhost/app', 'localhost', 'app', 'latest', undefined],
    ['localhost:5000/app:1', 'localhost:5000', 'app', '1', undefined],
    ['host:5000/app', 'host:5000', 'app', 'latest', undefined],
    ['GHCR.io/acme/app', 'ghcr.io', 'acme/app', 'latest', undefined],
    ['127.0.0.1:5000/a/b/c:x', '127.0.0.1:5000', 'a/b/c', 'x', undefined],
    ['[::1]:5000/app:1', '[::1]:5000', 'app', '1', undefined],
    ['[2001:db8::1]/app', '[2001:db8::1]', 'app', 'latest', undefined],
    // A digest stands for itself; with a tag, both are kept.
    [`python@${digest}`, 'docker.io', 'library/python', undefined, digest],
    [`ghcr.io/acme/app:1@${digest}`, 'ghcr.io', 'acme/app', '1', digest],
    [`host:5000/app@${digest}`, 'host:5000', 'app', undefined, digest],
    // Separators and lengths.
    ['a.b/c__d/e-f---g', 'a.b', 'c__d/e-f---g', 'latest', undefined],
    ['app:_under', 'docker.io', 'library/app', '_under', undefined],
    [`app:${'t'.repeat(128)}`, 'docker.io', 'library/app', 't'.repeat(128), undefined],
    ['  python:3  ', 'docker.io', 'library/python', '3', undefined],
  ])('%s', (text, registry, repository, tag, expectedDigest) => {
    expect(parseReference(text)).toEqual({ registry, repository, tag, digest: expectedDigest });
  });

  it.each([
    '',
    'acme/App',
    'Python',
    'app:',
    'app:-x',
    'app:a b',
    `app:${'t'.repeat(129)}`,
    'app@sha256:123',
    'app@',
    `app@sha512:${'0'.repeat(128)}`,
    'a//b',
    '/app',
    'app/',
    'ghcr.io/',
    'a___b',
    'a..b',
    '-app',
    'app-',
    'a_-b',
    'ho_st:5000/app',
    'host:port/app',
    '[::1/app',
    'https://ghcr.io/acme/app',
    'http://localhost:5000/app',
    `ghcr.io/${'a'.repeat(250)}`,
    'ghcr.io/acme/app:1:2',
  ])('refuses %j', async (text) => {
    const error = await expectCode(() => parseReference(text), 'REFERENCE_INVALID');
    expect(error.hint).toContain('python:3.12-slim');
  });

  it('keeps credentials out of its message', async () => {
    for (const text of ['https://user:secret@host/app', 'user:secret@host/app', 'docker://user:secret@host/app']) {
      const error = await expectCode(() => parseReference(text), 'REFERENCE_INVALID');
      expect(error.message).not.toContain('secret');
    }
  });
});

describe('printReference', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const name = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('/'));
  const registry = fc.constantFrom(
    'docker.io',
    'ghcr.io',
    'localhost',
    '127.0.0.1:5000',
    '[::1]:443',
    'a-b.example:80',
  );
  const tag = fc.option(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/), { nil: undefined });
  const someDigest = fc.option(fc.string().map(digestOf), { nil: undefined });

  it('is what parseReference reads back', () => {
    fc.assert(
      fc.property(registry, name, tag, someDigest, (registry, name, tag, digest) => {
        const repository = registry === 'docker.io' && !name.includes('/') ? `library/${name}` : name;
        const reference = { registry, repository, tag: tag ?? (digest ? undefined : 'latest'), digest };
        expect(parseReference(printReference(reference))).toEqual(reference);
        expect(parseReference(printRepository(reference))).toMatchObject({ registry, repository });
      }),
    );
  });

  it('is fully qualified', () => {
    expect(printReference(parseReference('python'))).toBe('docker.io/library/python:latest');
  });
});

describe('isTag', () => {
  it('follows the grammar of the distribution specification', () => {
    expect(['1.0', '_a', 'A-b.c', 'x'.repeat(128)].every(isTag)).toBe(true);
    expect(['', '.a', '-a', 'a/b', 'a:b', 'a+b', 'x'.repeat(129), 'a\n'].some(isTag)).toBe(false);
  });
});
