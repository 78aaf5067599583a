import { describe, expect, it } from 'vitest';
import { findUser, requireIds } from '../../src/run/user.ts';
import type { BaseFacts } from '../../src/filesystem/facts.ts';
import { EMPTY_FACTS } from '../../src/filesystem/facts.ts';
import { expectCode } from '../expect-code.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
app:x:1000:1000::/srv/app:/bin/sh
1001:x:7:8::/odd:/bin/sh
homeless:x:1002:1002::
`;
const GROUP = `root:x:0:
daemon:x:1:
app:x:1000:
staff:x:50:app,other
video:x:44:other,app
50:x:51:
`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const facts: BaseFacts = {
  entries: new Map(),
  captured: new Map([
    ['etc/passwd', bytes(PASSWD)],
    ['etc/group', bytes(GROUP)],
  ]),
};

describe('findUser', () => {
  it.each([
    ['', { uid: 0, gid: 0, groups: [], home: '/root' }],
    ['root', { uid: 0, gid: 0, groups: [], home: '/root' }],
    ['app', { uid: 1000, gid: 1000, groups: [50, 44], home: '/srv/app' }],
    ['1000', { uid: 1000, gid: 1000, groups: [50, 44], home: '/srv/app' }],
    ['app:staff', { uid: 1000, gid: 50, groups: [], home: '/srv/app' }],
    ['app:7', { uid: 1000, gid: 7, groups: [], home: '/srv/app' }],
    [':daemon', { uid: 0, gid: 1, groups: [], home: '/root' }],
    ['5000', { uid: 5000, gid: 0, groups: [], home: '/' }],
    ['5000:6000', { uid: 5000, gid: 6000, groups: [], home: '/' }],
    // A name of digits comes before the number, whichever line is first.
    ['1001', { uid: 7, gid: 8, groups: [], home: '/odd' }],
    ['app:50', { uid: 1000, gid: 50, groups: [], home: '/srv/app' }],
    ['homeless', { uid: 1002, gid: 1002, groups: [], home: '/' }],
  ])('reads "%s"', (text, user) => {
    expect(findUser(facts, text, 'option')).toEqual(user);
  });

  it('knows numbers without any accounts', () => {
    expect(findUser(EMPTY_FACTS, '', 'config')).toEqual({ uid: 0, gid: 0, groups: [], home: '/' });
    expect(findUser(EMPTY_FACTS, '12:13', 'config')).toEqual({ uid: 12, gid: 13, groups: [], home: '/' });
  });

  it.each(['nobody', 'app:nogroup', 'app:staff:more', '4294967296', '-1'])('refuses "%s"', async (text) => {
    const { hint } = await expectCode(() => findUser(facts, text, 'option'), 'USAGE');
    expect(hint).toContain('--user');
    const error = await expectCode(() => findUser(facts, text, 'config'), 'MANIFEST_INVALID');
    expect(error.message).toMatch(/^The config names a user/);
  });
});

describe('requireIds', () => {
  const range = { kind: 'range', uids: [[0, 1000, 1] as const, [1, 100_000, 65_536] as const] } as const;
  const ids = { ...range, gids: range.uids };
  const user = { uid: 65_536, gid: 0, groups: [1], home: '/' };

  it('takes what the host lends', () => {
    expect(() => requireIds(user, ids)).not.toThrow();
    expect(() => requireIds({ ...user, uid: 65_537 }, { ...ids, kind: 'single' })).not.toThrow();
  });

  it.each([{ uid: 65_537 }, { gid: 65_537 }, { groups: [65_537] }])('refuses $uid $gid $groups', async (more) => {
    const error = await expectCode(() => requireIds({ ...user, ...more }, ids), 'SANDBOX_UNAVAILABLE');
    expect(error.facts).toEqual({ id: 65_537 });
  });
});
