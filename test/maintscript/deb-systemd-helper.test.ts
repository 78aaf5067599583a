import { describe, expect, it } from 'vitest';
import { debSystemdHelper } from '../../src/maintscript/deb-systemd-helper.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { linksOf, makeTree, runProgram } from './staged-tree.ts';

const UNITS = {
  '/lib/systemd/system/a.service':
    '[Install]\nWantedBy=multi-user.target "x.target"\nRequiredBy=r.target\nAlias=other.service\nAlso=b.socket\n',
  '/lib/systemd/system/b.socket': '[Install]\nWantedBy=sockets.target\nAlso=a.service\n',
  '/lib/systemd/system/g@.service': '[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n',
  '/lib/systemd/system/n.service': '[Unit]\n',
  '/lib/systemd/user/u.service': '[Install]\nWantedBy=default.target\n',
};
const STATE = '/var/lib/systemd/deb-systemd-helper';
const SYSTEM = '/etc/systemd/system';
const LINK = '-> /lib/systemd/system';

function setUp(more: Readonly<Record<string, string>> = {}) {
  const tree = makeTree({ ...UNITS, ...more });
  const run = (words: string) =>
    runProgram(tree, debSystemdHelper, `deb-systemd-helper ${words}`, { DPKG_MAINTSCRIPT_PACKAGE: 'tool' });
  return { tree, run };
}

// What deb-systemd-helper of init-system-helpers 1.65.2 answers and leaves where no systemd is.
describe('deb-systemd-helper', () => {
  it('enables by links, and remembers them', () => {
    const { tree, run } = setUp();
    expect(run('was-enabled a.service')).toMatchObject({ status: 0, error: 'enabled\n' });
    expect(run('--quiet was-enabled a.service')).toEqual({ status: 0, out: '', error: '' });
    expect(run('debian-installed a.service').status).toBe(1);
    expect(run('enable a.service')).toEqual({ status: 0, out: '', error: '' });
    expect(run('debian-installed a.service').status).toBe(0);
    expect(linksOf(tree, SYSTEM)).toEqual([`other.service ${LINK}/a.service`]);
    // A quoted word gets no suffix.
    const folders = ['multi-user.target.wants', 'x.target', 'r.target.requires', 'sockets.target.wants'];
    expect(folders.map((folder) => linksOf(tree, `${SYSTEM}/${folder}`))).toEqual([
      [`a.service ${LINK}/a.service`],
      [`a.service ${LINK}/a.service`],
      [`a.service ${LINK}/a.service`],
      [`b.socket ${LINK}/b.socket`],
    ]);
    expect(tree.readText(`${STATE}-enabled/a.service.dsh-also`)).toBe(`${SYSTEM}/other.service
${SYSTEM}/multi-user.target.wants/a.service
${SYSTEM}/x.target/a.service
${SYSTEM}/r.target.requires/a.service
${SYSTEM}/sockets.target.wants/b.socket
`);
    expect(tree.readText(`${STATE}-enabled/r.target.requires/a.service`)).toBe('');
  });

  it('knows instances, units without [Install] and units of users', () => {
    const { tree, run } = setUp();
    expect(run('enable g@.service n.service').status).toBe(0);
    expect(run('--user enable u.service').status).toBe(0);
    expect(linksOf(tree, `${SYSTEM}/getty.target.wants`)).toEqual([`g@tty1.service ${LINK}/g@.service`]);
    expect(linksOf(tree, '/etc/systemd/user/default.target.wants')).toEqual([
      'u.service -> /lib/systemd/user/u.service',
    ]);
    expect(tree.list('/var/lib/systemd/deb-systemd-user-helper-enabled')).toEqual([
      'default.target.wants',
      'u.service.dsh-also',
    ]);
    expect(tree.get(`${STATE}-enabled/n.service.dsh-also`)).toBeUndefined();
    expect(run('was-enabled n.service').error).toBe('enabled\n');
  });

  it('disables, and forgets when it purges', () => {
    const { tree, run } = setUp();
    run('enable g@.service');
    expect(run('disable g@.service').status).toBe(0);
    expect(tree.get(`${SYSTEM}/getty.target.wants`)).toBeUndefined();
    expect(tree.list(`${STATE}-enabled`)).toEqual(['g@.service.dsh-also']);
    expect(run('was-enabled g@.service')).toMatchObject({ status: 1, error: 'disabled\n' });
    expect(run('purge g@.service').status).toBe(0);
    expect(tree.get(`${STATE}-enabled`)).toBeUndefined();
  });

  it('masks, and takes back only what it masked', () => {
    const { tree, run } = setUp();
    run('mask n.service');
    expect(linksOf(tree, SYSTEM)).toEqual(['n.service -> /dev/null']);
    expect(tree.readText(`${STATE}-masked/n.service`)).toBe('');
    run('mask n.service');
    run('unmask n.service');
    expect([tree.list(SYSTEM), tree.get(`${STATE}-masked`)]).toEqual([[], undefined]);
    tree.symlink(`${SYSTEM}/n.service`, '/dev/null');
    run('unmask n.service');
    expect(linksOf(tree, SYSTEM)).toEqual(['n.service -> /dev/null']);
  });

  it('works for dpkg only', () => {
    const { tree } = setUp();
    expect(runProgram(tree, debSystemdHelper, 'deb-systemd-helper enable a.service')).toEqual({
      status: 1,
      out: '',
      error: 'deb-systemd-helper was not called from dpkg. Exiting.\n',
    });
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['a unit that is not there', {}, 'enable nosuch.service'],
    ['an action that nobody knows', {}, 'frob a.service'],
    [
      'several aliases',
      { '/lib/systemd/system/z.service': '[Install]\nAlias=x.service y.service\n' },
      'enable z.service',
    ],
    ['a quoted alias', { '/lib/systemd/system/z.service': '[Install]\nAlias="x.service"\n' }, 'enable z.service'],
    ['others that are to be disabled', {}, 'disable /lib/systemd/system/b.socket'],
  ])('refuses %s', (_what, files, words) => {
    expect(() => setUp(files).run(words)).toThrow(NotInterpretable);
  });

  it("refuses to follow systemd's presets", () => {
    const { tree, run } = setUp({ '/usr/bin/systemctl': 'x' });
    tree.setAttributes('/usr/bin/systemctl', { mode: 0o755 });
    expect(() => run('enable a.service')).toThrow(NotInterpretable);
  });
});
