import { describe, expect, it } from 'vitest';
import { userEntries } from '../../src/build/user.ts';
import type { BaseFacts } from '../../src/filesystem/facts.ts';
import { EMPTY_FACTS } from '../../src/filesystem/facts.ts';
import { expectCode } from '../expect-code.ts';

function base(files: Readonly<Record<string, string>>): BaseFacts {
  const attributes = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 } as const;
  return {
    entries: new Map(Object.keys(files).map((path) => [path, attributes])),
    captured: new Map(Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)])),
  };
}

function fileText(result: ReturnType<typeof userEntries>, path: string): string | undefined {
  const entry = result.entries.find((one) => one.path === path);
  return entry?.type === 'file' && entry.content.kind === 'inline'
    ? new TextDecoder().decode(entry.content.bytes)
    : undefined;
}

describe('userEntries', () => {
  it('adds flytekit with uid 1000 to passwd and group of the base', () => {
    const result = userEntries(
      base({ 'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n', 'etc/group': 'root:x:0:\n' }),
      undefined,
      0,
    );
    expect(result.user).toEqual({ name: 'flytekit', uid: 1000, gid: 1000 });
    expect(fileText(result, 'etc/passwd')).toBe(
      'root:x:0:0:root:/root:/bin/bash\nflytekit:x:1000:1000::/home/flytekit:/bin/sh\n',
    );
    expect(fileText(result, 'etc/group')).toBe('root:x:0:\nflytekit:x:1000:\n');
  });

  it('takes the next free uid where 1000 is taken', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/app:/bin/sh\n';
    expect(userEntries(base({ 'etc/passwd': passwd, 'etc/group': 'app:x:1000:\n' }), undefined, 0).user.uid).toBe(1001);
  });

  it('leaves the accounts alone where the user exists', () => {
    const result = userEntries(
      base({ 'etc/passwd': 'flytekit:x:1234:99::/home/flytekit:/bin/sh\n', 'etc/group': '' }),
      undefined,
      0,
    );
    expect(result.user).toEqual({ name: 'flytekit', uid: 1234, gid: 99 });
    expect(result.entries.map(({ path }) => path)).toEqual(['root', 'home/flytekit']);
  });

  it.each([
    ['app', { name: 'app', uid: 1001, gid: 1001 }, ['etc/passwd', 'etc/group', 'root', 'home/app']],
    ['www-data', { name: 'www-data', uid: 33, gid: 34 }, ['root']],
    ['1000', { name: '1000', uid: 1000, gid: 1 }, ['root']],
    ['5:7', { name: '5:7', uid: 5, gid: 7 }, ['root']],
    ['77', { name: '77', uid: 77, gid: 0 }, ['root']],
    ['root', { name: 'root', uid: 0, gid: 0 }, []],
    ['0:0', { name: '0:0', uid: 0, gid: 0 }, []],
  ])('is %s where the spec says so', (asked, user, paths) => {
    const passwd = 'root:x:0:0::/root:/bin/sh\nwww-data:x:33:34::/:/bin/sh\nme:x:1000:1::/:/bin/sh\n';
    const result = userEntries(base({ 'etc/passwd': passwd, 'etc/group': 'g:x:1000:\n' }), asked, 0);
    expect(result.user).toEqual(user);
    expect(result.entries.map(({ path }) => path)).toEqual(paths);
  });

  it('repairs a missing line end instead of joining two accounts', () => {
    const result = userEntries(
      base({ 'etc/passwd': 'root:x:0:0::/root:/bin/sh', 'etc/group': 'root:x:0:' }),
      undefined,
      0,
    );
    expect(fileText(result, 'etc/passwd')?.split('\n')).toHaveLength(3);
  });

  it('makes the accounts of an empty base', () => {
    const result = userEntries(EMPTY_FACTS, undefined, 0);
    expect(fileText(result, 'etc/passwd')).toMatch(/^root:x:0:0:.*\nflytekit:x:1000:1000:/);
  });

  it('owns its homes', () => {
    const owners = userEntries(EMPTY_FACTS, undefined, 0).entries.filter(({ type }) => type === 'directory');
    expect(owners).toMatchObject([
      { path: 'root', uid: 1000 },
      { path: 'home/flytekit', uid: 1000, gid: 1000 },
    ]);
  });

  it('refuses a base whose passwd cannot be read', async () => {
    const facts = { entries: base({ 'etc/passwd': '' }).entries, captured: new Map() };
    await expectCode(() => userEntries(facts, undefined, 0), 'LAYER_INVALID');
  });
});
