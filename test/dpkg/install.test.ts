import { describe, expect, it } from 'vitest';
import type { Deferred } from '../../src/dpkg/deferral.ts';
import type { Otherwise } from '../../src/dpkg/install.ts';
import { installDebs, requireDebian } from '../../src/dpkg/install.ts';
import type { OpenedDeb } from '../../src/deb/opened-deb.ts';
import { readRangeBytes } from '../../src/deb/read-range-bytes.ts';
import { seedRoot } from '../../src/dpkg/seed-root.ts';
import type { BaseFacts } from '../../src/filesystem/facts.ts';
import { EMPTY_FACTS } from '../../src/filesystem/facts.ts';
import { factsOf } from '../../src/filesystem/tree-entries.ts';
import { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { expectCode } from '../expect-code.ts';
import type { DebOptions } from '../deb/make-deb.ts';
import { makeDeb } from '../deb/make-deb.ts';
import { openBytes } from '../deb/open-bytes.ts';

function treeOver(facts: BaseFacts = EMPTY_FACTS): WritableTree {
  const tree = new WritableTree({ facts, readRange: readRangeBytes, now: 0 });
  if (facts === EMPTY_FACTS) seedRoot(tree, 'amd64');
  return tree;
}

async function open(...packages: readonly DebOptions[]): Promise<OpenedDeb[]> {
  return Promise.all(packages.map((one) => openBytes(makeDeb(one))));
}

interface Installed {
  readonly tree: WritableTree;
  readonly deferred: Deferred | undefined;
  readonly warnings: readonly string[];
  /** As a base of what comes next. */
  readonly facts: BaseFacts;
}

async function install(
  packages: readonly DebOptions[],
  { over = EMPTY_FACTS, otherwise = 'refuse' }: { over?: BaseFacts; otherwise?: Otherwise } = {},
): Promise<Installed> {
  const tree = treeOver(over);
  const debs = (await open(...packages)).map((deb, i) => ({ deb, requested: i === packages.length - 1 }));
  const { warnings, deferred } = installDebs({ tree, architecture: 'amd64', debs, otherwise });
  return { tree, deferred, warnings, facts: factsOf(tree, over, () => 1 << 20) };
}

const status = (tree: WritableTree): string => tree.readText('var/lib/dpkg/status');
const SCRIPT = '#!/bin/sh\nset -e\n';

describe('installDebs', () => {
  it('puts files and database where dpkg puts them', async () => {
    const { tree } = await install([
      {
        name: 'tool',
        entries: [
          { path: 'bin/tool', content: 'x', mode: 0o755 },
          { path: 'etc/tool.conf', content: 'a=1\n' },
        ],
        members: { conffiles: '/etc/tool.conf\n', postinst: SCRIPT },
      },
    ]);
    expect(tree.resolve('/bin/tool')).toBe('usr/bin/tool');
    expect(tree.list('var/lib/dpkg/info')).toEqual([
      'format',
      'tool.conffiles',
      'tool.list',
      'tool.md5sums',
      'tool.postinst',
    ]);
    expect(tree.readText('var/lib/dpkg/info/tool.list')).toBe('/.\n/bin\n/bin/tool\n/etc\n/etc/tool.conf\n');
    expect(tree.readText('var/lib/dpkg/info/tool.md5sums')).toBe('9dd4e461268c8034f5c8564e155c67a6  bin/tool\n');
    expect(status(tree)).toContain('Status: install ok installed\n');
    expect(status(tree)).toMatch(/^Conffiles:\n \/etc\/tool\.conf [0-9a-f]{32}$/m);
    expect(tree.get('var/lib/dpkg/info/tool.postinst')?.mode).toBe(0o755);
  });

  it('leaves a base as it is where there is nothing to install', async () => {
    const { facts } = await install([{ name: 'one', entries: [{ path: 'var/x', content: '' }] }]);
    const { tree } = await install([], {
      over: { ...facts, entries: new Map(facts.entries), captured: facts.captured },
    });
    expect([...tree.changes()]).toEqual([]);
    const bare = treeOver({ entries: new Map(), captured: new Map() });
    installDebs({ tree: bare, architecture: 'amd64', debs: [], otherwise: 'refuse' });
    expect([...bare.changes()]).toEqual([]);
  });

  it('runs preinst, postinst and config in dpkg’s order with its words', async () => {
    const say = (name: string): string => `${SCRIPT}echo "${name} $*" >> /var/said\n`;
    const { tree } = await install([
      { name: 'base', entries: [{ path: 'var/x', content: '' }] },
      { name: 'one', members: { preinst: say('preinst'), postinst: say('postinst') } },
    ]);
    expect(tree.readText('/var/said')).toBe('preinst install\npostinst configure \n');
  });

  it('has all that is essential configured before it unpacks anything else, which may use it unsaid', async () => {
    const say = (name: string) => `${SCRIPT}echo "${name} $(cat /etc/tools 2>&- || echo none)" >> /log\n`;
    const { tree } = await install([
      { name: 'early', members: { preinst: say('early') } },
      { name: 'tools', entries: [{ path: 'etc/tools', content: 'here\n' }], members: { postinst: say('tools') } },
      { name: 'late', fields: { 'Pre-Depends': 'early' }, members: { postinst: say('late') } },
      { name: 'maker', fields: { Provides: 'virtual' }, members: { postinst: say('maker') } },
      {
        name: 'core',
        fields: { Essential: 'yes', Depends: 'gone | tools, virtual' },
        members: { postinst: say('core') },
      },
    ]);
    expect(tree.readText('/log')).toBe('tools here\nmaker here\ncore here\nearly here\nlate here\n');
    expect(status(tree).match(/^Package: .*/gm)).toHaveLength(5);
  });

  it('names files of Multi-Arch: same packages by architecture', async () => {
    const { tree } = await install([{ name: 'lib', fields: { 'Multi-Arch': 'same' } }]);
    expect(tree.get('var/lib/dpkg/info/lib:amd64.list')).toBeDefined();
  });

  it('processes triggers of files and names once, after everything is configured', async () => {
    const postinst = `${SCRIPT}echo "$1 $2" >> /log\n`;
    const { tree } = await install([
      { name: 'watcher', members: { postinst, triggers: 'interest-noawait /usr/share/data\ninterest named\n' } },
      {
        name: 'a',
        entries: [{ path: 'usr/share/data/a', content: '' }],
        members: { triggers: 'activate-noawait named\n' },
      },
      { name: 'b', entries: [{ path: 'usr/share/data/b', content: '' }] },
    ]);
    expect(tree.readText('/log')).toBe('configure \n');
    const { facts } = await install([
      { name: 'watcher', members: { postinst, triggers: 'interest-noawait /usr/share/data\ninterest named\n' } },
    ]);
    const later = await install(
      [
        {
          name: 'a',
          entries: [{ path: 'usr/share/data/a', content: '' }],
          members: { triggers: 'activate-noawait named\n' },
        },
        { name: 'b', entries: [{ path: 'usr/share/data/b', content: '' }] },
      ],
      { over: facts },
    );
    expect(later.tree.readText('/log')).toBe('configure \ntriggered named /usr/share/data\n');
    expect(later.tree.readText('var/lib/dpkg/triggers/File')).toBe('/usr/share/data watcher/noawait\n');
    expect(later.tree.readText('var/lib/dpkg/triggers/named')).toBe('watcher\n');
  });

  it('refuses a file of another package, unless it is replaced', async () => {
    const file = [{ path: 'usr/bin/x', content: '1' }];
    const first = { name: 'first', entries: file };
    const error = await expectCode(() => install([first, { name: 'second', entries: file }]), 'PACKAGES_CONFLICT');
    expect(error.message).toBe('second 1.0 wants to overwrite /usr/bin/x, which is in first 1.0');
    const taker = {
      name: 'second',
      entries: [{ path: 'usr/bin/x', content: '2' }],
      fields: { Replaces: 'first (<< 2)' },
    };
    const { tree } = await install([first, taker]);
    expect(tree.readText('/usr/bin/x')).toBe('2');
    expect(tree.readText('var/lib/dpkg/info/first.list')).toBe('/.\n/usr\n/usr/bin\n');
  });

  it('refuses a folder where a file must be', async () => {
    const folder = { name: 'folder', entries: [{ path: 'usr/x/y', content: '' }] };
    await expectCode(
      () => install([folder, { name: 'file', entries: [{ path: 'usr/x', content: '' }] }]),
      'PACKAGES_CONFLICT',
    );
  });

  it('says where a diversion and an override lead', async () => {
    const divert = `${SCRIPT}dpkg-divert --package diverter --add --rename --divert /usr/bin/x.real /usr/bin/x\n`;
    const { tree } = await install([
      { name: 'diverter', members: { preinst: divert }, entries: [{ path: 'usr/bin/x', content: 'mine' }] },
      { name: 'other', entries: [{ path: 'usr/bin/x', content: 'theirs' }] },
    ]);
    expect([tree.readText('/usr/bin/x'), tree.readText('/usr/bin/x.real')]).toEqual(['mine', 'theirs']);
    expect(tree.readText('var/lib/dpkg/diversions')).toBe('/usr/bin/x\n/usr/bin/x.real\ndiverter\n');
  });
});

describe('an upgrade of a package of the base', () => {
  const old: DebOptions = {
    name: 'tool',
    version: '1',
    entries: [
      { path: 'usr/bin/gone', content: 'x' },
      { path: 'usr/lib/gone/deep', content: 'x' },
      { path: 'etc/kept', content: 'old\n' },
      { path: 'etc/taken', content: 'old\n' },
    ],
    members: { conffiles: '/etc/kept\n/etc/taken\n', prerm: `${SCRIPT}echo "prerm $*" >> /log\n` },
  };
  const next: DebOptions = {
    ...old,
    version: '2',
    entries: [
      { path: 'usr/bin/new', content: 'x' },
      { path: 'etc/kept', content: 'new\n' },
      { path: 'etc/taken', content: 'new\n' },
    ],
    members: { conffiles: '/etc/kept\n/etc/taken\n', preinst: `${SCRIPT}echo "preinst $*" >> /log\n` },
  };

  it('replaces its files, keeps what the user changed, and says so', async () => {
    const base = await install([old]);
    const changed = treeOver(base.facts);
    changed.write('/etc/kept', 'mine\n');
    const facts = factsOf(changed, base.facts, () => 1 << 20);
    const { tree, warnings } = await install([next], { over: facts });
    expect(tree.readText('/log')).toBe('prerm upgrade 2\npreinst upgrade 1 2\n');
    expect(tree.list('/var/lib/dpkg/info')).toEqual([
      'format',
      'tool.conffiles',
      'tool.list',
      'tool.md5sums',
      'tool.preinst',
    ]);
    expect([tree.list('/usr/bin'), tree.get('/usr/lib/gone')]).toEqual([['new'], undefined]);
    expect([tree.readText('/etc/kept'), tree.readText('/etc/kept.dpkg-dist'), tree.readText('/etc/taken')]).toEqual([
      'mine\n',
      'new\n',
      'new\n',
    ]);
    expect(warnings).toEqual([
      'tool 1 of the base image is replaced by 2',
      '/etc/kept of the base image is kept; what tool brings is beside it as /etc/kept.dpkg-dist',
    ]);
    expect(status(tree).match(/^Version: .*/gm)).toEqual(['Version: 2']);
  });
});

describe('a script that cannot be carried out', () => {
  const needy: DebOptions = {
    name: 'needy',
    members: { postinst: `${SCRIPT}echo before > /half\nupdate-mime-database /usr/share/mime\n` },
    entries: [{ path: 'usr/bin/update-mime-database', content: '\x7fELF', mode: 0o755 }],
  };

  it('refuses its package by name, with the reason', async () => {
    const error = await expectCode(() => install([needy]), 'CONFIGURE_UNSUPPORTED');
    expect(error.message).toMatch(/^The postinst script of needy 1\.0 cannot be carried out: update-mime-database/);
    expect(error.hint).toContain('`apt_configure: never`');
    expect(error.facts).toMatchObject({ package: 'needy', script: 'postinst' });
  });

  it('leaves it unpacked on request, as if the script had never begun, and what depends on it too', async () => {
    const dependent = { name: 'dependent', fields: { Depends: 'needy' } };
    const { tree, warnings } = await install([needy, dependent, { name: 'free' }], { otherwise: 'leave' });
    expect(tree.get('/half')).toBeUndefined();
    expect(status(tree).match(/^(?:Package|Status): .*/gm)).toEqual([
      'Package: dependent',
      'Status: install ok unpacked',
      'Package: free',
      'Status: install ok installed',
      'Package: needy',
      'Status: install ok unpacked',
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(/^needy is left unpacked, not configured: /),
      'dependent is left unpacked, not configured, since needy is',
    ]);
  });

  it('leaves no package in a circle of dependencies', async () => {
    const packages = [
      { name: 'one', fields: { Depends: 'two' } },
      { name: 'two', fields: { Depends: 'one' } },
      { name: 'three', fields: { 'Pre-Depends': 'one' } },
    ];
    const { tree, warnings } = await install(packages, { otherwise: 'leave' });
    expect(warnings).toEqual([]);
    expect(status(tree).match(/^Status: .*/gm)).toEqual(
      Array.from({ length: 3 }, () => 'Status: install ok installed'),
    );
  });

  it('configures nothing that its preinst did not prepare, and says which triggers wait', async () => {
    const unprepared = {
      name: 'unprepared',
      members: { preinst: `${SCRIPT}perl -e 1\n`, postinst: `${SCRIPT}touch /made\n` },
    };
    const perl = { name: 'perl', entries: [{ path: 'usr/bin/perl', content: '\x7fELF', mode: 0o755 }] };
    const watcher = {
      name: 'watcher',
      members: {
        postinst: `${SCRIPT}if [ "$1" = triggered ]; then perl -e 1; fi\n`,
        triggers: 'interest-noawait /usr/share/data\n',
      },
    };
    const { facts } = await install([perl, watcher]);
    const data = { name: 'data', entries: [{ path: 'usr/share/data/x', content: '' }] };
    const { tree, warnings } = await install([unprepared, data], { over: facts, otherwise: 'leave' });
    expect(tree.get('/made')).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/^unprepared is left unpacked, not configured: The preinst script/),
      expect.stringMatching(/^watcher has triggers that are not processed: /),
    ]);
    expect(status(tree)).toMatch(/^Package: watcher\nStatus: install ok triggers-pending\n/m);
    expect(status(tree)).toMatch(/^Triggers-Pending: \/usr\/share\/data$/m);
  });

  it('is told of the cache of libraries too, which needs all packages', async () => {
    const loader = { name: 'loader', architecture: 's390x', members: { postinst: `${SCRIPT}ldconfig\n` } };
    const debs = (await open({ ...loader, entries: [{ path: 'etc/ld.so.conf', content: '' }] })).map((deb) => ({
      deb,
      requested: true,
    }));
    const request = { architecture: 's390x', debs, otherwise: 'refuse' } as const;
    const error = await expectCode(() => installDebs({ ...request, tree: treeOver() }), 'CONFIGURE_UNSUPPORTED');
    expect(error.message).toMatch(/^The cache of shared libraries cannot be written: /);
    const { warnings } = installDebs({ ...request, tree: treeOver(), otherwise: 'leave' });
    expect(warnings).toEqual([error.message]);
  });

  it('says so of one that fails, and of one that is no shell script', async () => {
    const failing = { name: 'failing', members: { postinst: `${SCRIPT}echo why >&2\nexit 3\n` } };
    const error = await expectCode(() => install([failing]), 'CONFIGURE_UNSUPPORTED');
    expect([error.message, error.issues]).toEqual([
      'The postinst script of failing 1.0 cannot be carried out: it ends with status 3',
      ['why'],
    ]);
    const perl = { name: 'perl', members: { postinst: '#!/usr/bin/perl\n1;\n' } };
    expect((await expectCode(() => install([perl]), 'CONFIGURE_UNSUPPORTED')).message).toContain('#!/usr/bin/perl');
  });
});

describe('what is left to dpkg', () => {
  const perl = (name: string, script: string): DebOptions => ({ name, members: { [script]: '#!/usr/bin/perl\n1;\n' } });
  const told = ({ deferred }: Installed) =>
    deferred?.steps.map((step) =>
      step.kind === 'unpack'
        ? `unpack ${step.deb.name}`
        : [step.kind, ...(step.kind === 'configure' ? step.names : [])].join(' '),
    );
  const states = (tree: WritableTree): string[] =>
    [...status(tree).matchAll(/^Package: (.*)\nStatus: install ok (.*)$/gm)].map(
      ([, name, state]) => `${name} ${state}`,
    );

  it('is nothing where our shell carries out all, and then nothing is done otherwise', async () => {
    const packages = [{ name: 'one', members: { postinst: `${SCRIPT}touch /made\n` } }];
    const [refusing, deferring] = await Promise.all([install(packages), install(packages, { otherwise: 'defer' })]);
    expect(deferring.deferred).toBeUndefined();
    expect([...deferring.tree.changes()]).toEqual([...refusing.tree.changes()]);
  });

  it('is a package and all that needs it, by its name or by what it provides', async () => {
    const installed = await install(
      [
        { ...perl('needy', 'postinst'), fields: { Provides: 'virtual' } },
        { name: 'by-name', architecture: 'all', fields: { Depends: 'other | needy' } },
        { name: 'by-virtue', fields: { Depends: 'virtual' } },
        { name: 'further', fields: { Depends: 'by-virtue' } },
        { name: 'free' },
      ],
      { otherwise: 'defer' },
    );
    expect(told(installed)).toEqual(['configure needy:amd64 by-name by-virtue:amd64 further:amd64']);
    expect(installed.deferred!.packages).toEqual(['needy', 'by-name', 'by-virtue', 'further']);
    expect(installed.deferred!.reason.message).toMatch(/^The postinst script of needy 1\.0 cannot be carried out: /);
    expect(states(installed.tree)).toEqual([
      'by-name unpacked',
      'by-virtue unpacked',
      'free installed',
      'further unpacked',
      'needy unpacked',
    ]);
    expect(installed.warnings).toEqual([]);
  });

  it('is the unpacking too where a script comes before it, after what it must wait for', async () => {
    const early: DebOptions = {
      name: 'early',
      entries: [{ path: 'usr/share/early', content: 'x' }],
      members: { preinst: '#!/usr/bin/perl\n1;\n' },
    };
    const late: DebOptions = {
      name: 'late',
      fields: { 'Pre-Depends': 'early' },
      members: { preinst: `${SCRIPT}touch /made\n` },
    };
    const installed = await install([early, late, perl('last', 'postinst')], { otherwise: 'defer' });
    expect(told(installed)).toEqual([
      'unpack early',
      'configure early:amd64',
      'unpack late',
      'configure late:amd64 last:amd64',
    ]);
    expect(states(installed.tree)).toEqual(['last unpacked']);
    expect(installed.tree.get('/usr/share/early')).toBeUndefined();
    expect(installed.tree.get('/made')).toBeUndefined();
  });

  it('is a whole upgrade where the scripts of the older package stop it, as if none had begun', async () => {
    const older: DebOptions = {
      name: 'tool',
      version: '1',
      entries: [{ path: 'usr/share/old', content: 'old' }],
      members: { prerm: `${SCRIPT}touch /left\n` },
    };
    const { facts } = await install([older]);
    const newer: DebOptions = { name: 'tool', version: '2', members: { preinst: '#!/usr/bin/perl\n1;\n' } };
    const installed = await install([newer], { over: facts, otherwise: 'defer' });
    expect(told(installed)).toEqual(['unpack tool', 'configure tool:amd64']);
    expect(status(installed.tree)).toMatch(/^Version: 1$/m);
    expect(installed.tree.get('/left')).toBeUndefined();
    const stubborn = await install([{ ...older, members: { prerm: '#!/usr/bin/perl\n1;\n' } }]);
    expect(told(await install([newer], { over: stubborn.facts, otherwise: 'defer' }))).toEqual([
      'unpack tool',
      'configure tool:amd64',
    ]);
    const last = await install([{ ...older, members: { postrm: '#!/usr/bin/perl\n1;\n' } }]);
    await expectCode(
      () => install([{ name: 'tool', version: '2' }], { over: last.facts, otherwise: 'defer' }),
      'CONFIGURE_UNSUPPORTED',
    );
  });

  it('undoes what a script told the package database before it stopped', async () => {
    const diverts = `${SCRIPT}dpkg-divert --package needy --add --rename --divert /etc/other /etc/file
dpkg-statoverride --add root root 0600 /etc/file; dpkg-trigger named; perl -e 1\n`;
    const watcher = {
      name: 'watcher',
      members: { postinst: `${SCRIPT}echo "$*" >> /log\n`, triggers: 'interest-noawait named\n' },
    };
    const { tree } = await install(
      [
        { name: 'perl', entries: [{ path: 'usr/bin/perl', content: '\x7fELF', mode: 0o755 }] },
        { name: 'owner', entries: [{ path: 'etc/file', content: '' }] },
        watcher,
        { name: 'needy', members: { postinst: diverts } },
      ],
      { otherwise: 'defer' },
    );
    expect(tree.get('/etc/file')).toBeDefined();
    expect(tree.get('var/lib/dpkg/diversions')).toBeUndefined();
    expect(tree.get('var/lib/dpkg/statoverride')).toBeUndefined();
    expect(tree.readText('/log')).toBe('configure \n');
  });

  it('is the processing of triggers, all that wait, and the cache of libraries', async () => {
    const postinst = `${SCRIPT}[ "$1" != triggered ] || perl -e 1\n`;
    const perlProgram = { name: 'perl', entries: [{ path: 'usr/bin/perl', content: '\x7fELF', mode: 0o755 }] };
    const { facts } = await install([
      perlProgram,
      { name: 'watcher', members: { postinst, triggers: 'interest-noawait one\ninterest-noawait two\n' } },
      {
        name: 'chain',
        members: {
          postinst: `${SCRIPT}[ "$1" != triggered ] || dpkg-trigger two\n`,
          triggers: 'interest-noawait three\n',
        },
      },
    ]);
    const activates = { name: 'activates', members: { postinst: `${SCRIPT}dpkg-trigger one; dpkg-trigger three\n` } };
    const installed = await install([activates], { over: facts, otherwise: 'defer' });
    expect(told(installed)).toEqual(['triggers']);
    expect(states(installed.tree)).toContain('watcher triggers-pending');
    expect(status(installed.tree)).toMatch(/^Triggers-Pending: one two$/m);

    const loader = { name: 'loader', architecture: 's390x', members: { postinst: `${SCRIPT}ldconfig\n` } };
    const debs = (await open({ ...loader, entries: [{ path: 'etc/ld.so.conf', content: '' }] })).map((deb) => ({
      deb,
      requested: true,
    }));
    const { deferred } = installDebs({ architecture: 's390x', debs, tree: treeOver(), otherwise: 'defer' });
    expect(deferred).toMatchObject({ steps: [{ kind: 'ldconfig' }], packages: ['libc-bin'] });
  });
});

describe('requireDebian', () => {
  it('takes nothing, and what has a package database', async () => {
    const empty = new WritableTree({ facts: EMPTY_FACTS, readRange: readRangeBytes, now: 0 });
    requireDebian(empty, 'scratch');
    const { facts } = await install([{ name: 'x' }]);
    requireDebian(treeOver(facts), 'debian');
    const other = treeOver({
      entries: new Map([['etc', { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 }]]),
      captured: new Map(),
    });
    const error = await expectCode(() => requireDebian(other, 'docker.io/library/alpine:3'), 'PACKAGES_CONFLICT');
    expect(error.message).toContain('docker.io/library/alpine:3: it has no dpkg database');
  });
});

describe('a distroless base', () => {
  it('gets a file per package, as it has them', async () => {
    const tree = new WritableTree({ facts: EMPTY_FACTS, readRange: readRangeBytes, now: 0 });
    tree.makeDirectories('var/lib/dpkg/status.d');
    tree.write('var/lib/dpkg/status.d/base', 'Package: base\nVersion: 1\nArchitecture: all\n');
    const over = factsOf(tree, EMPTY_FACTS, () => 1 << 20);
    const { tree: after } = await install([{ name: 'tool', entries: [{ path: 'usr/x', content: 'x' }] }], { over });
    expect(after.list('var/lib/dpkg')).toEqual(['status.d']);
    expect(after.readText('var/lib/dpkg/status.d/tool')).toMatch(/^Package: tool\nVersion: 1\.0\n/);
    expect(after.readText('var/lib/dpkg/status.d/tool.md5sums')).toBe('9dd4e461268c8034f5c8564e155c67a6  usr/x\n');
  });
});
