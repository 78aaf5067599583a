import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/registry/answer.ts';
import { createAuthorizer } from '../../src/registry/authorizer.ts';
import type { Credential } from '../../src/registry/credential-file.ts';
import type { Question } from '../../src/registry/token.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from './setup.ts';

const place = { registry: 'registry.example', repository: 'acme/app', origin: 'https://registry.example' };
const url = new URL(place.origin);
const challenge = 'Bearer realm="https://auth.example/token",service="s"';
const refusal = (header = challenge) => ({ status: 401, headers: { 'www-authenticate': header }, url });

function setup(credential?: Credential) {
  const questions: Question[] = [];
  const clock = { now: 0 };
  const ask = (_ctx: unknown, question: Question): Promise<Answer> => {
    questions.push(question);
    if (question.url.host === url.host) return Promise.resolve({ ...refusal(), bytes: Buffer.alloc(0) });
    const bytes = Buffer.from(JSON.stringify({ token: `t${questions.length}`, expires_in: 100 }));
    return Promise.resolve({ status: 200, headers: {}, url: question.url, bytes });
  };
  const authorizer = createAuthorizer({ credentials: () => Promise.resolve(credential), ask, now: () => clock.now });
  return { authorizer, questions, clock };
}

const scopesOf = (question: Question | undefined): string[] => question?.url.searchParams.getAll('scope') ?? [];

describe('authorizer', () => {
  it('sends a stranger without a header first, without asking anything', async () => {
    const { authorizer, questions } = setup();
    expect(await authorizer.before(testContext(), place, ['pull'])).toBeUndefined();
    expect(questions).toEqual([]);
  });

  it('renews a token five seconds before it ends', async () => {
    const { authorizer, clock } = setup();
    expect(await authorizer.after(testContext(), place, ['pull'], refusal(), undefined)).toBe('Bearer t1');
    clock.now = 94_999;
    expect(await authorizer.before(testContext(), place, ['pull'])).toBe('Bearer t1');
    clock.now = 95_000;
    expect(await authorizer.before(testContext(), place, ['pull'])).toBe('Bearer t2');
  });

  it('keeps tokens apart by what they are for', async () => {
    const { authorizer } = setup();
    await authorizer.after(testContext(), place, ['pull'], refusal(), undefined);
    expect(await authorizer.before(testContext(), place, ['push'])).toBe('Bearer t2');
    expect(await authorizer.before(testContext(), place, ['pull'])).toBe('Bearer t1');
  });

  it('asks with its own scope, and with that of the server only when its own was insufficient', async () => {
    const { authorizer, questions } = setup();
    await authorizer.after(testContext(), place, ['ours'], refusal(`${challenge},scope="aws"`), undefined);
    const insufficient = refusal(`${challenge},scope="aws ours",error="insufficient_scope"`);
    await authorizer.after(testContext(), place, ['ours'], insufficient, 'Bearer t1');
    expect(questions.map(scopesOf)).toEqual([['ours'], ['ours', 'aws']]);
  });

  it('has nothing better when the refused header is all there is', async () => {
    const { authorizer } = setup({ kind: 'basic', username: 'me', password: 'pw', from: 'a file' });
    const sent = `Basic ${Buffer.from('me:pw').toString('base64')}`;
    expect(await authorizer.after(testContext(), place, [], refusal('Basic realm="x"'), undefined)).toBe(sent);
    expect(await authorizer.after(testContext(), place, [], refusal('Basic realm="x"'), sent)).toBeUndefined();
  });

  it('sends no secret to a token server without TLS', async () => {
    const { authorizer, questions } = setup({ kind: 'basic', username: 'me', password: 'pw', from: 'a file' });
    const odd = refusal('Bearer realm="http://auth.example/token"');
    await expectCode(() => authorizer.after(testContext(), place, [], odd, undefined), 'UNEXPECTED_ANSWER');
    expect(questions).toEqual([]);
  });
});
