import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/registry/answer.ts';
import { answerError, safeText } from '../../src/registry/answer.ts';
import { hintFor } from '../../src/registry/hint.ts';

const answer = (status: number, document: unknown): Answer => ({
  status,
  headers: {},
  url: new URL('https://registry.example/v2/?sig=secret'),
  bytes: Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)),
});

const error = (code: string) => ({ errors: [{ code, message: 'why' }] });
const ecr = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';

describe('hintFor', () => {
  it.each([
    [ecr, 404, 'NAME_UNKNOWN', 'aws ecr create-repository --region eu-central-1 --repository-name acme/app'],
    ['harbor.example', 404, 'NAME_UNKNOWN', '"acme/app" or its project'],
    ['quay.example', 415, 'MANIFEST_INVALID', 'allow OCI images'],
    ['ghcr.io', 404, 'MANIFEST_BLOB_UNKNOWN', 'push it again'],
    ['docker.io', 429, 'TOOMANYREQUESTS', 'logged in'],
    ['ghcr.io', 403, 'DENIED', 'ghcr.io/acme/app'],
  ])('at %s for %i %s', (registry, status, code, hint) => {
    const place = { registry, repository: 'acme/app', origin: `https://${registry}` };
    expect(hintFor(place, answer(status, error(code)), undefined)).toContain(hint);
  });

  it('leaves the rest to the general hints', () => {
    const place = { registry: 'ghcr.io', repository: 'acme/app', origin: 'https://ghcr.io' };
    expect(hintFor(place, answer(404, error('MANIFEST_UNKNOWN')), undefined)).toBeUndefined();
  });
});

describe('answerError', () => {
  it.each([
    [error('DENIED'), 'Could not push: registry.example answered 403 (DENIED: why)'],
    [{ details: 'x', message: 'why' }, 'Could not push: registry.example answered 403 (why)'],
    ['plain words', 'Could not push: registry.example answered 403 (plain words)'],
    ['<html>page</html>', 'Could not push: registry.example answered 403'],
    ['{"errors":{}}', 'Could not push: registry.example answered 403'],
    ['null', 'Could not push: registry.example answered 403 (null)'],
  ])('quotes of %j what is a message', (document, message) => {
    const found = answerError(answer(403, document), 'push');
    expect(found.message).toBe(message);
    expect(found.facts['url']).not.toContain('secret');
  });

  it('quotes little and nothing that a terminal would obey', () => {
    expect(safeText(`a\u001b[2J\r\nb https://me:pw@host/${'x'.repeat(999)}`)).toMatch(
      /^a \[2J b https:\/\/\*\*\*@host\/x{200,300}$/,
    );
  });
});
