import { describe, expect, it } from 'vitest';
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { pamAuthUpdate } from '../../src/maintscript/pam-auth-update.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeTree, recordCall } from './staged-tree.ts';

const template = (type: string): string => `# ${type} for all services
# here are the per-package modules (the "Primary" block)
$${type}_primary
# here's the fallback if no module succeeds
${type}\trequisite\t\t\tpam_deny.so
# and here are more per-package modules (the "Additional" block)
$${type}_additional
# end of pam-auth-update config
`;

const UNIX = `Name: Unix authentication
Default: yes
Priority: 256
Auth-Type: Primary
Auth:
	[success=end default=ignore]	pam_unix.so nullok try_first_pass
Auth-Initial:
	[success=end default=ignore]	pam_unix.so nullok
Account-Type: Primary
Account:
	[success=end new_authtok_reqd=done default=ignore]	pam_unix.so
Session-Type: Additional
Session:
	required	pam_unix.so
Password-Type: Primary
Password:
	[success=end default=ignore]	pam_unix.so obscure
`;
const HOMES =
  'Name: Homes\nDefault: no\nPriority: 0\nSession-Type: Additional\nSession:\n\toptional\tpam_mkhomedir.so\n';
const LATER = `Name: Later
Default: yes
Priority: 128
Auth-Type: Primary
Auth:
	[success=end default=ignore]	pam_later.so try_first_pass
Auth-Initial:
	[success=end default=ignore]	pam_later.so
Account-Type: Additional
Account-Final:
	required	pam_later.so a=1
	[success=1 default=ignore]	pam_more.so
Session-Type: Additional
Session-Interactive-Only: yes
Session:
	optional	pam_later.so
`;

const PROFILES = '/usr/share/pam-configs';

function fresh(more: Readonly<Record<string, string>> = {}): WritableTree {
  const types = ['auth', 'account', 'password', 'session', 'session-noninteractive'];
  const templates = types.map((type) => [`/usr/share/pam/common-${type}`, template(type.replace(/-.*/, ''))]);
  return makeTree({
    ...Object.fromEntries(templates),
    '/etc/pam.d': '/',
    '/var/lib/pam': '/',
    [`${PROFILES}/unix`]: UNIX,
    [`${PROFILES}/mkhomedir`]: HOMES,
    ...more,
  });
}

const update = (tree: WritableTree, ...words: string[]): unknown =>
  pamAuthUpdate(recordCall(tree, ['pam-auth-update', '--package', ...words]).call);

/** Lines that are no comments. */
const linesOf = (tree: WritableTree, type: string): string[] =>
  tree
    .readText(`/etc/pam.d/common-${type}`)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

const edit = (tree: WritableTree, path: string, from: string, to: string): void =>
  tree.write(path, tree.readText(path).replace(from, to));

// What pam-auth-update of libpam-runtime 1.5.2 makes of the same profiles.
describe('pam-auth-update', () => {
  it('fills the templates when libpam-runtime is installed', () => {
    const tree = fresh();
    expect(update(tree, '--root', '', '--force')).toBe(0);
    expect(tree.readText('/etc/pam.d/common-auth')).toBe(`# auth for all services
# here are the per-package modules (the "Primary" block)
auth\t[success=1 default=ignore]\tpam_unix.so nullok
# here's the fallback if no module succeeds
auth\trequisite\t\t\tpam_deny.so
# and here are more per-package modules (the "Additional" block)
# end of pam-auth-update config
`);
    expect(linesOf(tree, 'account')[0]).toBe('account\t[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so ');
    expect(linesOf(tree, 'session-noninteractive')).toEqual([
      'session\t[default=1]\t\t\tpam_permit.so',
      'session\trequisite\t\t\tpam_deny.so',
      'session\trequired\tpam_unix.so ',
    ]);
    expect(tree.readText('/var/lib/pam/seen')).toBe('unix\nmkhomedir\n');
    expect(tree.readText('/var/lib/pam/auth')).toBe('Module: unix\n[success=end default=ignore]\tpam_unix.so nullok\n');
    expect(tree.readText('/var/lib/pam/session')).toBe(
      'Module: null\n[default=1]\t\t\tpam_permit.so\nModule: unix\nrequired\tpam_unix.so\n',
    );
    expect(tree.list('/etc/pam.d').filter((name) => name.endsWith('.pam-old'))).toEqual([]);
  });

  it('adds a profile of a later package, and keeps options that somebody changed', () => {
    const tree = fresh();
    update(tree, '--force');
    edit(tree, '/etc/pam.d/common-auth', 'nullok', 'debug');
    tree.write(`${PROFILES}/later`, LATER);
    expect(update(tree)).toBe(0);
    expect(linesOf(tree, 'auth').slice(0, 2)).toEqual([
      'auth\t[success=2 default=ignore]\tpam_unix.so debug',
      'auth\t[success=1 default=ignore]\tpam_later.so try_first_pass',
    ]);
    expect(linesOf(tree, 'account').slice(-2)).toEqual([
      'account\trequired\tpam_later.so a=1',
      'account\t[success=1 default=ignore]\tpam_more.so ',
    ]);
    expect(linesOf(tree, 'session').at(-1)).toBe('session\toptional\tpam_later.so ');
    expect(linesOf(tree, 'session-noninteractive').at(-1)).toBe('session\trequired\tpam_unix.so ');
    expect(tree.readText('/var/lib/pam/seen')).toBe('unix\nlater\nmkhomedir\n');
    expect(tree.readText('/var/lib/pam/auth')).toContain('pam_unix.so nullok\nModule: later\n');
  });

  it('keeps what was there beside the new file when it is forced', () => {
    const tree = fresh();
    update(tree, '--force');
    const before = tree.readText('/etc/pam.d/common-auth');
    tree.write(`${PROFILES}/later`, LATER);
    update(tree, '--force');
    expect(tree.readText('/etc/pam.d/common-auth.pam-old')).toBe(before);
  });

  it('passes over a profile of a module that is gone', () => {
    const tree = fresh({ [`${PROFILES}/old`]: LATER.replaceAll('pam_later', 'pam_tally'), [`${PROFILES}/x~`]: 'x' });
    update(tree, '--force');
    expect(tree.readText('/var/lib/pam/seen')).toBe('unix\nmkhomedir\n');
  });

  it.each<[string, Readonly<Record<string, string>>, string[]]>([
    ['files that nobody made', {}, []],
    ['a file of its own text', { '/etc/pam.d/common-auth': `# mine\n${template('auth')}` }, ['--force']],
    ['a file without marks', { '/etc/pam.d/common-auth': 'auth required pam_x.so\n' }, ['--force']],
    ['profiles that exclude each other', { [`${PROFILES}/later`]: `${LATER}Conflicts: unix\n` }, ['--force']],
    ['a priority that is none', { [`${PROFILES}/later`]: 'Name: x\nDefault: yes\n' }, ['--force']],
    ['no profile at all', { [`${PROFILES}/unix`]: HOMES }, ['--force']],
    ['another root', {}, ['--force', '--root', '/mnt']],
    ['a removal', {}, ['--remove', 'unix']],
  ])('refuses %s', (_what, files, words) => {
    expect(() => update(fresh(files), ...words)).toThrow(NotInterpretable);
  });
});
