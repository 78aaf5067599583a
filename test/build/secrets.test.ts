import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/build/environment.ts';
import { loginFor, pipAccess, uvVariables, withPipIndexes } from '../../src/build/pip-access.ts';
import type { BuildSecrets } from '../../src/build/secrets.ts';
import { openSecrets, requireUncopied, requireUnseen, withSecretMounts } from '../../src/build/secrets.ts';
import type { Services } from '../../src/build/services.ts';
import { createContext } from '../../src/core/context.ts';
import type { Entry } from '../../src/filesystem/entry.ts';
import { parseNetrc } from '../../src/python/netrc.ts';
import type { ImageSpecFields } from '../../src/spec/spec.ts';
import { ImageSpec } from '../../src/spec/spec.ts';
import { expectCode } from '../expect-code.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder, 'token.txt'), 'hunter22\n');
});

const ctx = createContext();
const environmentOf = (variables: Readonly<Record<string, string>> = {}) => ({
  ...readEnvironment(),
  home: join(folder, 'home'),
  variables,
});
function open(fields: ImageSpecFields, variables: Readonly<Record<string, string>> = {}): Promise<BuildSecrets> {
  const services = { environment: environmentOf(variables) } as Services;
  const loaded = { spec: new ImageSpec(fields), directory: folder, file: undefined };
  return openSecrets(ctx, { loaded, services });
}

describe('opening', () => {
  it('reads files and variables', async () => {
    await mkdir(join(folder, 'sub'));
    await symlink('../token.txt', join(folder, 'sub', 'link'));
    const { files, env, pip, redact } = await open(
      {
        secrets: [
          { file: 'token.txt' },
          { file: join(folder, 'sub/link'), target: '/root/key' },
          { env: 'TOKEN' },
          { env: 'TOKEN', target: '/run/secrets/gh' },
        ],
        pipSecretMounts: [['token.txt', '/root/.netrc']],
      },
      { TOKEN: 'of mine' },
    );
    const source = join(folder, 'token.txt');
    const shown = files.map(({ target, bytes, ...file }) => [target, bytes.toString(), file.source]);
    expect(shown).toEqual([
      ['/run/secrets/token.txt', 'hunter22\n', source],
      ['/root/key', 'hunter22\n', source],
      ['/run/secrets/gh', 'of mine', undefined],
    ]);
    expect(env).toEqual([['TOKEN', 'of mine']]);
    expect(pip.map(({ name, target }) => [name, target])).toEqual([['token.txt', '/root/.netrc']]);
    expect(redact('hunter22, of mine')).toBe('***, ***');
  });

  it.each<[string, ImageSpecFields, RegExp]>([
    ['a file', { secrets: [{ file: 'absent' }] }, /^The secret absent does not exist: \/.*\/absent$/],
    ['a file for pip', { pipSecretMounts: [['.netrc', '/root/.netrc']] }, /^The secret \.netrc does not exist/],
    ['a folder', { secrets: [{ file: '.', target: '/x' }] }, /is not a regular file/],
    ['an empty file', { secrets: [{ file: 'empty' }] }, /^The secret empty is an empty file/],
    ['a variable', { secrets: [{ env: 'TOKEN' }] }, /^The secret TOKEN is not set/],
    ['an empty variable', { secrets: [{ env: 'EMPTY' }] }, /^The secret EMPTY is empty/],
  ])('misses %s', async (_name, fields, message) => {
    await writeFile(join(folder, 'empty'), '');
    const error = await expectCode(() => open(fields, { EMPTY: '' }), 'SECRET_MISSING');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/\.$/);
  });

  it('reads no file without end', async () => {
    await writeFile(join(folder, 'large'), Buffer.alloc((512 << 10) + 1));
    await expectCode(() => open({ secrets: [{ file: 'large' }] }), 'TOO_LARGE');
  });

  it.each<[string, ImageSpecFields]>([
    ['commands', { commands: ['curl -H hunter22'] }],
    ['env', { env: { TOKEN: 'is hunter22' } }],
    ['entrypoint', { entrypoint: ['run', 'hunter22'] }],
  ])('refuses a value under %s', async (field, fields) => {
    const work = () => open({ secrets: [{ file: 'token.txt' }], ...fields });
    const error = await expectCode(work, 'SECRET_EXPOSED');
    expect(error.message).toBe(`The secret token.txt stands in \`${field}\`, which the image keeps`);
  });

  it('changes neither tag nor id', async () => {
    const plain = new ImageSpec({ packages: ['x'] });
    const own = new ImageSpec({ packages: ['x'], secrets: [{ env: 'A' }], pipSecretMounts: [['a', '/root/b']] });
    expect([own.id, await own.tag()]).toEqual([plain.id, await plain.tag()]);
  });
});

describe('what is left', () => {
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0 };
  const copyOf = (file: string): Entry => {
    const content = { kind: 'range', file, encoding: 'identity', offset: 0, length: 9, size: 9 } as const;
    return { ...attributes, type: 'file', path: 'root/app/t', content };
  };

  it('is no copy of a secret', async () => {
    await symlink(folder, join(folder, 'same'));
    const secrets = await open({ secrets: [{ file: 'token.txt' }] });
    const error = await expectCode(
      () => requireUncopied(secrets, [copyOf(join(folder, 'same', 'token.txt'))]),
      'SECRET_EXPOSED',
    );
    expect(error.message).toBe('The secret token.txt would be copied into the image: /root/app/t');
    await mkdir(join(folder, 'other'));
    await writeFile(join(folder, 'other', 'token.txt'), '');
    await requireUncopied(secrets, [copyOf(join(folder, 'other', 'token.txt'))]);
  });

  it('has no secret in files, names and links', async () => {
    const secrets = await open({ secrets: [{ file: 'token.txt' }] });
    const entry = copyOf('/x');
    for (const [at, said] of [
      [3, /leave the secret token\.txt in \/root\/app\/t$/],
      [20, /leave the secret token\.txt in the name of a file/],
    ] as const) {
      const scan = secrets.scan();
      scan.watch(Buffer.from(`${'x'.repeat(at)}hunter22`));
      const error = await expectCode(() => requireUnseen(scan, [entry]), 'SECRET_EXPOSED');
      expect(error.message).toMatch(said);
    }
    requireUnseen(secrets.scan(), [entry]);
  });
});

it('mounts private copies, and removes them', async () => {
  const { files } = await open({ secrets: [{ file: 'token.txt' }] });
  const place = join(folder, 'mounts');
  const source = join(place, '0');
  const work = withSecretMounts(files, place, async (mounts) => {
    expect(mounts).toEqual([{ source, kind: 'file', target: '/run/secrets/token.txt', isReadOnly: true }]);
    expect([(await stat(place)).mode & 0o777, (await stat(source)).mode & 0o777]).toEqual([0o700, 0o400]);
    expect(await readFile(source, 'utf8')).toBe('hunter22\n');
    throw new Error('the end');
  });
  await expect(work).rejects.toThrow('the end');
  await expect(stat(place)).rejects.toThrow('ENOENT');
  expect(await withSecretMounts([], place, (mounts) => Promise.resolve(mounts))).toEqual([]);
});

describe('indexes', () => {
  const MOUNTS = {
    pipSecretMounts: [
      ['netrc', '/root/.netrc'],
      ['pip.conf', '/etc/pip.conf'],
      ['uv.toml', '/root/.config/uv/uv.toml'],
      ['other', '/run/other'],
    ] as [string, string][],
  };
  beforeEach(async () => {
    await writeFile(join(folder, 'netrc'), 'machine a.example login me password hunter22\n');
    await writeFile(
      join(folder, 'pip.conf'),
      '[global]\nindex-url = https://me:x@b.example/simple\nextra-index-url = https://c.example/\n',
    );
    await writeFile(join(folder, 'uv.toml'), 'extra-index-url = ["https://me:y@d.example/"]\n');
    await writeFile(join(folder, 'other'), 'hunter22');
  });

  it('of pip.conf are those of uv, unless the spec has its own', async () => {
    const secrets = await open(MOUNTS);
    expect(await withPipIndexes({ packages: ['x'], pipExtraIndexUrls: ['https://e.example/'] }, secrets)).toEqual({
      packages: ['x'],
      pipIndex: 'https://me:x@b.example/simple',
      pipExtraIndexUrls: ['https://e.example/', 'https://c.example/'],
    });
    const own = { packages: [], pipIndex: 'https://own.example/', pipExtraIndexUrls: [] };
    expect((await withPipIndexes(own, secrets)).pipIndex).toBe('https://own.example/');
    expect(await withPipIndexes(own, await open({}))).toEqual(own);
  });

  it('are reached by uv from a home of its own', async () => {
    const warnings: string[] = [];
    const listening = createContext({ on: (event) => event.type === 'log' && warnings.push(event.message) });
    const home = join(folder, 'own');
    await mkdir(home);
    await chmod(home, 0o755);
    const host = { PATH: '/bin', HOME: '/h', XDG_CONFIG_HOME: '/h/config', UV_NO_CONFIG: '1', NETRC: '/h/netrc' };
    const env = await uvVariables(listening, await open(MOUNTS), environmentOf(host), home);
    expect(env).toEqual({
      PATH: '/bin',
      HOME: home,
      XDG_CONFIG_HOME: '/h/config',
      XDG_DATA_HOME: join(folder, 'home', '.local', 'share'),
      NETRC: join(home, '.netrc'),
      UV_CONFIG_FILE: join(home, '.config', 'uv', 'uv.toml'),
      UV_NO_CONFIG: undefined,
    });
    for (const file of [env['NETRC']!, env['UV_CONFIG_FILE']!]) expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(env['NETRC']!, 'utf8')).toContain('hunter22');
    expect(warnings).toEqual([expect.stringMatching(/^\/run\/other \(pip_secret_mounts\) is none of \.netrc/)]);
  });

  it('are reached as ever when there are no secrets', async () => {
    const environment = environmentOf({ A: 'b' });
    expect(await uvVariables(ctx, await open({}), environment, '/nowhere')).toBe(environment.variables);
  });

  it('give their credentials to downloads', async () => {
    const { indexUrls, netrc } = await pipAccess(await open(MOUNTS), environmentOf());
    expect(indexUrls).toEqual(['https://me:x@b.example/simple', 'https://c.example/', 'https://me:y@d.example/']);
    expect([...netrc.machines.keys()]).toEqual(['a.example']);
  });

  it('have the netrc of the host where the spec has none', async () => {
    const none = await open({});
    expect((await pipAccess(none, environmentOf())).netrc.machines.size).toBe(0);
    const named = environmentOf({ NETRC: join(folder, 'netrc') });
    expect((await pipAccess(none, named)).netrc.machines.size).toBe(1);
    await mkdir(join(folder, 'home'));
    await writeFile(join(folder, 'home', '.netrc'), 'default login me password x');
    expect((await pipAccess(none, environmentOf())).netrc.fallback).toEqual({ login: 'me', password: 'x' });
  });

  it('are the hosts that the entry for all others holds for', () => {
    const netrc = parseNetrc('machine a.example login me password x\ndefault login you password y');
    const indexes = [new URL('https://b.example/simple')];
    const logins = ['a.example:8443', 'b.example', 'c.example'].map(
      (host) => loginFor(new URL(`https://${host}/x.whl`), netrc, indexes)?.login,
    );
    expect(logins).toEqual(['me', 'you', undefined]);
  });
});
