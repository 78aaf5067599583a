import { describe, expect, it } from 'vitest';
import type { IndexFile } from '../../src/python/simple-index.ts';
import { findInIndex } from '../../src/python/simple-index.ts';
import { expectCode } from '../expect-code.ts';
import type { Handler } from '../registry/fake-server.ts';
import { testContext, testHttp } from '../registry/setup.ts';
import type { TestServer } from './programs.ts';
import { serve } from './programs.ts';

const FILE = 'demo-1.0-py3-none-any.whl';

const find = ({ host }: TestServer, index = '/simple', user = ''): Promise<IndexFile> =>
  findInIndex(testContext(), testHttp(), `http://${user}${host}${index}`, 'demo', FILE);

const page =
  (body: string): Handler =>
  () => ({ status: 200, body });

describe('a file of an index', () => {
  it.each([
    ['HTML', `<!DOCTYPE html><a href="../../files/${FILE}#sha256=00">x</a>`, `/files/${FILE}#sha256=00`],
    ['HTML in capitals', `<A HREF = '${FILE}?a=1&amp;b=2'>`, `/simple/demo/${FILE}?a=1&b=2`],
    ['JSON', `{"files":[{"url":"/other.whl"},{"filename":"x","url": "\\/files\\/${FILE}"}]}`, `/files/${FILE}`],
  ])('is found in %s', async (_name, body, path) => {
    const server = await serve(page(body));
    expect(await find(server)).toEqual({ url: `http://${server.host}${path}`, headers: {} });
    expect(server.requests[0]?.path).toBe('/simple/demo/');
    expect(server.requests[0]?.headers.accept).toContain('application/vnd.pypi.simple.v1+json');
  });

  it('is found behind a redirect, and below any number of slashes', async () => {
    const server = await serve(({ path }) =>
      path === '/root/demo/'
        ? { status: 301, headers: { location: '/moved/demo/' } }
        : { status: 200, body: `<a href="${FILE}">` },
    );
    expect((await find(server, '/root///')).url).toBe(`http://${server.host}/moved/demo/${FILE}`);
  });

  it('gets the credentials of the index on its own host only', async () => {
    const own = await serve(page(`<a href="/${FILE}">`));
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    const found = await find(own, '/simple', 'me:secret@');
    expect(found).toEqual({ url: `http://${own.host}/${FILE}`, headers: { authorization } });
    expect(own.requests[0]?.headers.authorization).toBe(authorization);
    const elsewhere = await serve(page(`<a href="http://files.example/${FILE}">`));
    expect((await find(elsewhere, '/simple', 'me:secret@')).headers).toEqual({});
  });

  it('is missing by name, without credentials', async () => {
    const server = await serve(
      page(`<a href="demo-1.1-py3-none-any.whl"><a href="${FILE}.metadata"><a href="http://[">`),
    );
    const error = await expectCode(() => find(server, '/simple', 'me:secret@'), 'NOT_FOUND');
    expect(error.message).toBe(`The index http://${server.host}/simple/demo/ has no ${FILE}`);
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [503, 'SERVER_ERROR'],
  ] as const)('is refused as the index answers: %d', async (status, code) => {
    const server = await serve(() => ({ status, body: 'no' }));
    const error = await expectCode(() => find(server, '/simple', 'me:secret@'), code);
    expect(error.message).toContain(`read the index page http://${server.host}/simple/demo/`);
    expect(error.message).not.toContain('secret');
  });
});
