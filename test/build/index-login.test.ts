import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LoginSources } from '../../src/build/index-login.ts';
import { openKeyring, takeAuthorization, uvLogins, withLogins } from '../../src/build/index-login.ts';
import type { ResolverOptions } from '../../src/python/wants.ts';
import { EMPTY_NETRC, parseNetrc } from '../../src/python/netrc.ts';
import { program } from '../python/programs.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

const INDEX = 'https://me@index.example/team/simple';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  // Knows the host alone, not the URL of the index.
  await program(
    join(folder, 'keyring'),
    `echo "$@" >>"${folder}/asked"; [ "$2 $3" = 'index.example me' ] && echo 'p w' || exit 1`,
  );
});

const keyringFor = (variables: Readonly<Record<string, string>>, keyring = false) =>
  openKeyring(
    { variables: { PATH: `${folder}:${process.env['PATH']}`, ...variables }, workingDirectory: folder },
    { wants: { packages: [], pipExtraIndexUrls: [], options: { keyring } as ResolverOptions } },
  );
const told = { UV_KEYRING_PROVIDER: 'subprocess' };
const asked = async (): Promise<string> => readFile(join(folder, 'asked'), 'utf8').catch(() => '');

async function login(more: Partial<LoginSources> = {}, url = 'https://index.example/files/x.whl'): Promise<string> {
  const place = new URL(url);
  const sources = { known: [INDEX], access: { indexUrls: [], netrc: EMPTY_NETRC }, keyring: keyringFor(told), ...more };
  const { authorization = '' } = await takeAuthorization(testContext(), place, sources);
  expect(place.username).toBe('');
  return Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
}

describe('the login of an index', () => {
  it('is asked of the keyring by its URL, then by its host, once', async () => {
    const keyring = keyringFor(told);
    expect([await login({ keyring }), await login({ keyring })]).toEqual(['me:p w', 'me:p w']);
    expect(await asked()).toBe('get https://index.example/team/simple me\nget index.example me\n');
  });

  it('is its own where it is whole, and netrc comes before the keyring', async () => {
    expect(await login({ known: ['https://me:own@index.example/simple'] })).toBe('me:own');
    expect(await login({}, 'https://file:pw@index.example/x.whl')).toBe('file:pw');
    const netrc = parseNetrc('machine index.example login me password of-netrc');
    expect(await login({ access: { indexUrls: [], netrc } })).toBe('me:of-netrc');
    expect(await asked()).toBe('');
    const other = parseNetrc('machine index.example login other password of-netrc');
    expect(await login({ access: { indexUrls: [], netrc: other } })).toBe('me:p w');
  });

  it('is for its host alone, and the user alone where nobody knows more', async () => {
    expect(await login({}, 'https://other.example/x.whl')).toBe('');
    expect(await login({ known: ['https://other%20user@index.example/simple'] })).toBe('other user:');
    expect(await login({ keyring: undefined })).toBe('me:');
    expect(await login({ known: [] })).toBe('');
  });
});

describe('the keyring is asked', () => {
  it.each<[Readonly<Record<string, string>>, boolean, boolean]>([
    [{}, false, false],
    [{}, true, true],
    [{ UV_KEYRING_PROVIDER: 'subprocess' }, false, true],
    [{ PIP_KEYRING_PROVIDER: 'subprocess' }, false, true],
    [{ PIP_KEYRING_PROVIDER: 'import' }, false, false],
    [{ UV_KEYRING_PROVIDER: 'disabled', PIP_KEYRING_PROVIDER: 'subprocess' }, false, false],
    [{ UV_KEYRING_PROVIDER: 'disabled' }, true, false],
  ])('only when someone was told to: %j %j', (variables, option, isAsked) => {
    expect(keyringFor(variables, option) !== undefined).toBe(isAsked);
  });

  it('may not be there', async () => {
    expect(await login({ keyring: keyringFor({ ...told, PATH: '/nonexistent' }) })).toBe('me:');
  });
});

describe('indexes of projects and locks', () => {
  const indexes = [
    { name: 'our-corp', url: 'https://index.example/simple' },
    { name: 'other', url: 'https://other.example/' },
    { name: '', url: 'https://nameless.example/' },
  ];

  it('have their logins in variables of their names', () => {
    const uv = { UV_INDEX_OUR_CORP_USERNAME: 'me', UV_INDEX_OUR_CORP_PASSWORD: 'p w' };
    expect(withLogins(indexes, uv)).toEqual([
      'https://me:p%20w@index.example/simple',
      'https://other.example/',
      'https://nameless.example/',
    ]);
    const poetry = { POETRY_HTTP_BASIC_OTHER_PASSWORD: 'token' };
    expect(withLogins(indexes, poetry)[1]).toBe('https://:token@other.example/');
    expect(uvLogins(indexes, { ...poetry, UV_INDEX__USERNAME: 'x' })).toEqual({ UV_INDEX_OTHER_PASSWORD: 'token' });
    expect(uvLogins(indexes, uv)).toEqual(uv);
  });
});
