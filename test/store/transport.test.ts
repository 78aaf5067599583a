import { describe, expect, it } from 'vitest';
import { parseTransport, printTransport } from '../../src/store/transport.ts';
import { digestOf } from '../../src/core/digest.ts';
import { expectCode } from '../expect-code.ts';

const digest = digestOf('x');

describe('parseTransport', () => {
  it.each([
    ['oci:out', { kind: 'oci', folder: 'out' }],
    ['oci:./out:1.0', { kind: 'oci', folder: './out', name: '1.0' }],
    ['oci:/a:b/out', { kind: 'oci', folder: '/a:b/out' }],
    ['oci:a:b:c', { kind: 'oci', folder: 'a:b', name: 'c' }],
    ['oci:C:\\out', { kind: 'oci', folder: 'C:\\out' }],
    ['oci:C:\\out:latest', { kind: 'oci', folder: 'C:\\out', name: 'latest' }],
    [`oci:out@${digest}`, { kind: 'oci', folder: 'out', name: digest }],
    ['oci:me@home/out', { kind: 'oci', folder: 'me@home/out' }],
    ['oci-archive:a.tar', { kind: 'oci-archive', file: 'a.tar' }],
    ['oci-archive:../a.tar:v1', { kind: 'oci-archive', file: '../a.tar', name: 'v1' }],
    ['docker-archive:/a.tar', { kind: 'docker-archive', file: '/a.tar' }],
    ['docker-archive:a.tar:app', { kind: 'docker-archive', file: 'a.tar', name: 'docker.io/library/app:latest' }],
    [
      'docker-archive:C:\\a.tar:ghcr.io/me/app:1',
      { kind: 'docker-archive', file: 'C:\\a.tar', name: 'ghcr.io/me/app:1' },
    ],
    ['scratch', { kind: 'scratch' }],
    ['docker://busybox', { kind: 'registry', reference: { registry: 'docker.io', repository: 'library/busybox', tag: 'latest' } }], // prettier-ignore
    ['python:3.12-slim', { kind: 'registry', reference: { registry: 'docker.io', repository: 'library/python', tag: '3.12-slim' } }], // prettier-ignore
    ['docker:dind', { kind: 'registry', reference: { registry: 'docker.io', repository: 'library/docker', tag: 'dind' } }], // prettier-ignore
    ['localhost:5000/app', { kind: 'registry', reference: { registry: 'localhost:5000', repository: 'app', tag: 'latest' } }], // prettier-ignore
  ])('%s', (text, expected) => {
    expect(parseTransport(text)).toEqual(expected);
  });

  it.each([
    'dir:/tmp/x',
    'docker-daemon:app:1',
    'containers-storage:x',
    'ftp://host/x',
    'oci2:./x',
    'oci:',
    'oci-archive:',
    'docker-archive::app',
    'oci::tag',
  ])('refuses %s, listing the transports', async (text) => {
    const error = await expectCode(() => parseTransport(text), 'USAGE');
    expect(error.hint).toContain('oci-archive:FILE');
  });

  it.each([
    'oci:out:',
    'oci:out:not a tag',
    'docker-archive:a.tar:UPPER',
    'docker-archive:a.tar:',
    'https://host/x',
    'UPPER',
  ])('refuses the name in %s', async (text) => {
    await expectCode(() => parseTransport(text), 'REFERENCE_INVALID');
  });

  it('refuses a digest that is none', async () => {
    await expectCode(() => parseTransport('oci:out@sha256:123'), 'DIGEST_INVALID');
  });

  it.each([
    'oci:out',
    'oci:C:\\out:1',
    `oci:./out@${digest}`,
    'oci-archive:a.tar:1',
    'docker-archive:a.tar:ghcr.io/a/b:1',
    'scratch',
    'ghcr.io/a/b:1',
  ])('prints %s as it was written', (text) => {
    expect(printTransport(parseTransport(text))).toBe(text);
  });
});
