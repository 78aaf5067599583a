// Packages whose scripts our shell cannot carry out, configured by the image's own dpkg: handmade ones, each for one thing that may go wrong.
// Real ones are compared with apt in debian-trees.test.ts.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildResult, PlatformResult } from '../../src/build/result.ts';
import type { FakeMirror } from '../apt/fake-mirror.ts';
import { makeArchive, makeArchiveKey, startFakeMirror } from '../apt/fake-mirror.ts';
import { archivePackage } from '../cli/debian-archive.ts';
import type { CliOptions, CliRun } from '../cli/run-cli.ts';
import { runCli } from '../cli/run-cli.ts';
import type { DebOptions } from '../deb/make-deb.ts';
import type { Caller, CommandGround, CommandOptions } from './ground/command-ground.ts';
import { callerOf, createCommandGround } from './ground/command-ground.ts';

const SCRIPT = '#!/bin/sh\nset -e\n';
/** What our shell does not run. */
const PERL = '#!/usr/bin/perl\nuse strict;\n';
const note = (name: string): string => `${SCRIPT}echo "${name} $*" >> /var/lib/told\n`;
const perlNote = (name: string): string =>
  `${PERL}open(my $file, ">>", "/var/lib/told") or die; print $file "${name} @ARGV\\n";\n`;

const PACKAGES: readonly DebOptions[] = [
  {
    name: 'settled',
    entries: [{ path: 'etc/settled.conf', content: 'a=1\n' }],
    members: {
      conffiles: '/etc/settled.conf\n',
      postinst: `${perlNote('settled')}system("sed", "-i", "s/^flytekit:x:1000:1000:/flytekit:x:1234:1234:/", "/etc/passwd") == 0 or die;
print "no rc\\n" if system("/usr/sbin/policy-rc.d") >> 8 == 101; open(my $log, ">>", "/tmp/left") or die; print $log $$;\n`,
    },
  },
  { name: 'dependent', fields: { Depends: 'settled-virtual' }, members: { postinst: note('dependent') } },
  {
    name: 'early',
    fields: { Depends: 'settled', Provides: 'settled-virtual' },
    entries: [{ path: 'etc/early.conf', content: 'b=2\n' }],
    members: { conffiles: '/etc/early.conf\n', preinst: perlNote('early-pre'), postinst: note('early') },
  },
  {
    name: 'late',
    fields: { 'Pre-Depends': 'early' },
    entries: [{ path: 'usr/share/watched/late', content: '' }],
    members: { preinst: note('late-pre'), postinst: note('late') },
  },
  { name: 'watcher', members: { postinst: perlNote('watcher'), triggers: 'interest-noawait /usr/share/watched\n' } },
  { name: 'free', members: { postinst: note('free') } },
  {
    name: 'failing',
    members: { postinst: `${PERL}print STDERR "there is no moon\\n"; exit 3;\n` },
  },
];
/** As root of a user namespace below which there may be no other. */
const NO_NAMESPACES = ['unshare', '-rm', 'sh', '-ec', 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', 'sh'];
const WANTED = ['dependent', 'late', 'watcher', 'free'];

let ground: CommandGround;
let mirror: FakeMirror;
let key: string;

beforeAll(async () => {
  ground = await createCommandGround();
  const made = await makeArchiveKey();
  key = made.public;
  mirror = await startFakeMirror(await makeArchive({ packages: PACKAGES.map(archivePackage), keys: [made] }));
});

afterAll(async () => {
  await mirror.close();
  await ground.close();
});

async function cli(
  args: readonly string[],
  fields: Readonly<Record<string, unknown>>,
  { place = ground.own, ...options }: CommandOptions = {},
): Promise<CliRun> {
  const apt_sources = [{ uris: [mirror.uri], suites: ['bookworm'], components: ['main'], signed_by: 'key.asc' }];
  const base_image = `oci:${ground.layout}:base`;
  const spec = { name: 'configured', base_image, platform: 'linux/amd64', apt_packages: WANTED, apt_sources };
  await writeFile(join(place, 'key.asc'), key);
  await writeFile(join(place, 'app.txt'), 'app\n');
  await writeFile(join(place, 'imagespec.yaml'), JSON.stringify({ ...spec, copy: ['app.txt'], ...fields }));
  const all: CliOptions = { cwd: place, cache: ground.cache, ...options };
  return runCli(args, all);
}

interface Built {
  readonly platform: PlatformResult;
  readonly stderr: string;
}

async function build(
  args: readonly string[],
  options: CommandOptions = {},
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Built> {
  const all = ['build', '--json', '--progress', 'plain', '-o', 'oci:out', ...args];
  const { status, stdout, stderr } = await cli(all, fields, options);
  expect(status, stderr).toBe(0);
  const [image] = (JSON.parse(stdout) as BuildResult).images;
  expect(image!.warnings).toEqual([]);
  return { platform: image!.platforms[0]!, stderr };
}

const configured = ({ platform }: Built) =>
  platform.layers.find(({ content }) => content?.startsWith('configured in the sandbox'));

const CALLERS: readonly Caller[] = ['root', 'range', 'single'];
let first: Built;

describe('what our shell leaves is configured by dpkg', () => {
  beforeAll(async () => {
    first = await build([]);
  });

  it('in one layer, named by its packages', () => {
    expect(configured(first)).toMatchObject({
      kind: 'debian',
      content: 'configured in the sandbox: early, settled, late, dependent, watcher',
      origin: 'built',
    });
    expect(first.stderr).toMatch(/^info: configured: Setting up settled \(1\.0\) \.\.\.$/m);
    expect(first.stderr).toMatch(/^info: configured: no rc$/m);
  });

  it('in the order that dpkg wants, with no trace of how', async () => {
    const script = `dpkg --audit; dpkg-query -W -f '\${Package} \${db:Status-Status}\\n' ${WANTED.join(' ')} early settled
cat /var/lib/told; cat /etc/early.conf /etc/settled.conf; stat -c '%n %u' app.txt; id -u
ls /usr/sbin/policy-rc.d /tmp/left /run/.imagespec-debs /var/log/dpkg.log /var/lib/dpkg/status-old 2>/dev/null || echo none`;
    const { status, stdout, stderr } = await runCli(['run', 'oci:out', '--', 'sh', '-euc', script], {
      cwd: ground.own,
      cache: ground.cache,
    });
    expect(status, stderr).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, 6)).toEqual([
      'dependent installed',
      'early installed',
      'free installed',
      'late installed',
      'settled installed',
      'watcher installed',
    ]);
    const told = lines.slice(6, lines.indexOf('b=2'));
    expect(told[0]).toBe('free configure ');
    const at = (line: string): number => told.indexOf(line);
    expect(at('early-pre install')).toBe(1);
    expect(at('settled configure ')).toBeGreaterThan(0);
    expect(at('early configure ')).toBeGreaterThan(at('settled configure '));
    expect(at('late-pre install')).toBeGreaterThan(at('early configure '));
    expect(at('late configure ')).toBeGreaterThan(at('late-pre install'));
    expect(at('dependent configure ')).toBeGreaterThan(at('early configure '));
    expect(told.filter((line) => line.startsWith('watcher'))).toEqual(['watcher configure ']);
    // The user is who it is after the scripts, and what is copied belongs to that user.
    expect(lines.slice(lines.indexOf('b=2'))).toEqual(['b=2', 'a=1', 'app.txt 1234', '1234', 'none']);
  });

  it('once: a known image runs nothing, and what is above it is known too', async () => {
    const again = await build([]);
    expect(again.stderr).not.toContain('Setting up');
    expect(again.platform.digest).toBe(first.platform.digest);
    expect(again.platform.layers.filter(({ origin }) => origin === 'built')).toEqual([]);
  });

  it('to the same bytes when it is done again', async () => {
    const again = await build(['--no-cache']);
    expect(again.stderr.match(/Setting up settled/g)).toHaveLength(1);
    expect(configured(again)).toMatchObject({ digest: configured(first)!.digest, origin: 'built' });
    expect(again.platform.digest).toBe(first.platform.digest);
  });

  it.each(CALLERS)('to the same bytes by a caller with ids of %s', async (caller) => {
    const own = await build([], await callerOf(ground, caller));
    expect(own.stderr).toContain('Setting up settled');
    expect(own.platform.digest).toBe(first.platform.digest);
  });

  it('and a plan tells of it without running anything', async () => {
    const known = await cli(['build', '--plan'], {});
    expect(known.stdout).toMatch(/^reuse +configured in the sandbox: early, settled/m);
    const fresh = join(ground.folder, 'fresh-cache');
    const unknown = await cli(['build', '--plan'], {}, { cache: fresh });
    expect(unknown.stdout).toMatch(/^pack +Debian package database and configuration \(by dpkg/m);
    // The interpreter can only be found in opened packages: now it is known what is left.
    const opened = await cli(['build', '--plan'], { compile: true }, { cache: fresh });
    expect(opened.stdout).toMatch(/^pack +configured in the sandbox: early, settled/m);
    expect(`${opened.stderr}${unknown.stderr}${known.stderr}`).not.toContain('Setting up');
    // And nothing of it was taken for the finished image.
    expect((await build([], { cache: fresh })).platform.digest).toBe(first.platform.digest);
  });
});

describe('it ends with an error', () => {
  it('that names the package and its words, where a script fails', async () => {
    const { status, stderr } = await cli(['build', '-o', 'oci:no'], { apt_packages: ['failing', 'free'] });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /error: dpkg of the image could not configure failing in the sandbox and ended with status 1; .*there is no moon.*\[COMMAND_FAILED\]/,
    );
    expect(stderr).toMatch(/^hint: .*apt_configure: never/m);
  });

  it('that names what the sandbox lacks, where there is none', async () => {
    const options = { cache: join(ground.folder, 'no-namespaces'), through: NO_NAMESPACES };
    const { status, stderr } = await cli(['build', '-o', 'oci:no'], {}, options);
    expect(status).toBe(1);
    expect(stderr).toMatch(/error: The \w+ script of \w+ 1\.0 cannot be carried out: .*\[CONFIGURE_UNSUPPORTED\]/);
    expect(stderr).toMatch(/^hint: The image's own dpkg would do it in the sandbox: .*apt_configure: never/m);
  });
});
