// The sandbox by chroot, as root of this host: the same images as by namespaces, nothing left, nothing reached by accident.
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/build/environment.ts';
import { groundOf } from '../../src/build/run-over.ts';
import type { LayerRecord } from '../../src/build/layer-record.ts';
import { openSandbox, withSandbox } from '../../src/build/sandbox.ts';
import { createContext } from '../../src/core/context.ts';
import type { Digest } from '../../src/core/digest.ts';
import { Once } from '../../src/core/once.ts';
import type { Mount } from '../../src/sandbox/mounts.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { runCli } from '../cli/run-cli.ts';
import type { SnippetName } from './command-snippets.ts';
import { commandOf, FIXTURE_PROGRAM, SNIPPETS, TAR_PROGRAM } from './command-snippets.ts';
import { baseImage } from './ground/bases.ts';
import type { CommandGround, CommandOptions } from './ground/command-ground.ts';
import { addBase, createCommandGround, leftAfter, leftovers } from './ground/command-ground.ts';
import { certificates } from './ground/environment.ts';
import { run, tryRun } from './ground/folder.ts';
import { asRoot } from './ground/overlay.ts';
import { HOSTILE_BASES } from './hostile-bases.ts';

let ground: CommandGround;
/** In words of processes, to find them. */
const mark = `9${Date.now()}`;
const MAKERS = ['namespaces', 'chroot'] as const;
const AS_ROOT = asRoot('env', []).flat();
type Maker = (typeof MAKERS)[number];

beforeAll(async () => {
  ground = await createCommandGround();
  await addBase(ground.layout, 'fixture', await tarOf(FIXTURE_PROGRAM));
});

afterAll(() => ground.close());

const tarOf = async (program: string): Promise<Uint8Array> => (await tryRun('python3', ['-c', program])).stdout;

/** Each maker has a cache of its own, so that nothing is known from the other one. */
async function by(maker: Maker, options: CommandOptions = {}): Promise<CommandOptions & { readonly cache: string }> {
  const place = join(ground.folder, maker);
  await mkdir(place, { recursive: true });
  const env = { IMAGESPEC_SANDBOX: maker, ...options.env };
  return { base: 'fixture', place, cache: join(place, 'cache'), through: AS_ROOT, ...options, env };
}

it.each(['0', '2000'])('makes the image that namespaces make, at the epoch %s', async (epoch) => {
  const commands = (Object.keys(SNIPPETS) as SnippetName[]).map(commandOf);
  const options = { env: { SOURCE_DATE_EPOCH: epoch } };
  const expected = await ground.build(commands, await by('namespaces', options));
  expect(expected.status, expected.stderr).toBe(0);
  expect(expected.stderr).not.toContain('by chroot');
  const found = await ground.build(commands, await by('chroot', options));
  expect(found.status, found.stderr).toBe(0);
  const list = (file: string): Promise<string> => run('tar', ['--full-time', '--numeric-owner', '-tvvf', file]);
  expect(await list(found.layer)).toBe(await list(expected.layer));
  expect(found.image!.digest).toBe(expected.image!.digest);
  expect(found.stderr).toContain('left out: /f/left-out/fifo');
  expect(found.stderr.match(/^warning: .*by chroot, as you asked: they are not isolated/gm)).toHaveLength(1);
});

/** Layers hide what is below them in every way that there is. */
const HIDING = `
add("etc/.wh.issue"); add("usr/share/doc/.wh..wh..opq"); add("usr/share/doc/own", data=b"x")
add("usr/share/perl5", "2", link="perl"); add("etc/motd", "5"); add("etc/motd/in", data=b"x", mode=0o640, uid=5)
add("usr/games", data=b"x"); add("srv/.wh..wh..opq"); add("var/opt", "5", mode=0o2750, uid=7, gid=8, xattrs={"user.x": "1"})
add("usr/bin/l1", data=b"x"); add("usr/bin/l2", "1", link="usr/bin/l1"); add("bin/through-a-link", data=b"x"); add("etc/.wh.nothing")
`;

it('sees the tree that overlayfs stacks', async () => {
  await addBase(ground.layout, 'hiding', await tarOf(`${TAR_PROGRAM}${HIDING}out.close()`));
  const program = `import os
for folder, names, files in sorted(os.walk("/")):
    if folder.startswith(("/proc", "/sys", "/dev")): continue
    for name in sorted(names + files):
        path = os.path.join(folder, name)
        at = os.lstat(path)
        attributes = [(one, os.getxattr(path, one)) for one in os.listxattr(path, follow_symlinks=False)]
        link = os.readlink(path) if os.path.islink(path) else ""
        size = 0 if os.path.isdir(path) or path in ("/etc/resolv.conf", "/etc/hosts") else at.st_size
        if path not in ("/etc/resolv.conf", "/etc/hosts", "/run/.imagespec-step", "/run", "/etc", "/proc", "/dev", "/sys"):
            print(path, oct(at.st_mode), at.st_uid, at.st_gid, at.st_mtime, size, link, attributes)`;
  const seen: (readonly string[])[] = [];
  for (const maker of MAKERS) {
    const { status, stderr, lines } = await ground.build(
      [`python3 -B -c '${program}'`],
      await by(maker, { base: 'hiding' }),
    );
    expect(status, stderr).toBe(0);
    seen.push(lines);
  }
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[0]!.length).toBeGreaterThan(1000);
});

const SURROUNDINGS = [
  'HOME=/root',
  'PATH=/usr/bin',
  'SOURCE_DATE_EPOCH=0',
  '/ 0022 uid=0(root) gid=0(root) groups=0(root)',
  'nothing in /proc and /sys:',
  'written',
];

it('finds the environment of the image, and nothing of the caller', async () => {
  const commands = [
    'env | sort | grep -v -e ^PWD= -e ^PYTHON',
    'echo "$PWD $(umask) $(id)"; echo nothing in /proc and /sys: $(ls -A /proc /sys | grep -v :)',
    'echo x > /dev/null; [ -c /dev/null ]; head -c 1 /dev/urandom > /dev/null; echo written > /dev/shm/x; cat /dev/shm/x',
    'getent hosts localhost > /dev/null; [ -e /etc/resolv.conf ]; echo x > /etc/hosts; rm /etc/resolv.conf; touch /etc/after',
  ];
  const options = await by('chroot', {
    through: [...AS_ROOT, 'sh', '-c', 'umask 077; exec "$@"', 'sh'],
    env: { FROM_THE_CALLER: 'x', LD_LIBRARY_PATH: '/nowhere' },
    fields: { env: { PATH: '/usr/bin' } },
  });
  const { status, stderr, lines, layer } = await ground.build(commands, options);
  expect(status, stderr).toBe(0);
  expect(lines).toEqual(SURROUNDINGS);
  expect(await run('tar', ['-tzf', layer])).toBe('etc/after\n');
});

it('has uv when a command speaks of it, and keeps nothing of it', async () => {
  const { status, stderr, lines, layer } = await ground.build(
    ['uv --version', 'command -v uv; touch /root/.cache/uv/left', 'touch /after'],
    await by('chroot', { env: { ...certificates() } }),
  );
  expect(status, stderr).toBe(0);
  expect(lines).toEqual([expect.stringMatching(/^uv \d/), '/usr/bin/uv']);
  expect(await run('tar', ['-tzf', layer])).toBe('after\n');
});

it('gives what is mounted, and takes back what was written there', async () => {
  const told: unknown[] = [];
  const image = await baseImage('bookworm-amd64');
  for (const maker of MAKERS) {
    const place = join(ground.folder, `mounts-${maker}`);
    const fill = `umask 022; mkdir -p scratch given/deep taken/old; echo 1 > given/deep/file; ln -s deep given/link; echo 2 > one
      chmod 640 given/deep/file; echo 3 > taken/old/file; echo 4 > taken/kept; echo 5 > counter`;
    await mkdir(place);
    await run('sh', ['-ec', `cd '${place}'; ${fill}`]);
    const environment = withSandbox(readEnvironment(), maker);
    const cache = createLocalCache(join(place, 'cache'), { now: Date.now, random: randomUUID });
    const tools = {
      cache,
      host: () => openSandbox(environment),
      scratch: join(place, 'scratch'),
      processors: 1,
      once: new Once<Digest, LayerRecord>(),
      uniqueName: randomUUID,
    };
    const mount = (name: string, target: string, kind: Mount['kind'], isReadOnly: boolean): Mount => ({
      source: join(place, name),
      target,
      kind,
      isReadOnly,
    });
    const { run: runProgram } = await groundOf(createContext(), image.layers, tools);
    let said = '';
    const script = `cd /run/imagespec; stat -c '%n %a %u' given/deep/file given/link; cat given/link/file one
      rm -r taken/old; mkdir -m 750 taken/new; echo 6 > taken/new/.hidden; ln -s /etc taken/etc; echo 7 >> taken/kept
      echo 8 > counter; touch /after; exit 0`;
    const { status, entries } = await runProgram(createContext(), {
      argv: ['/bin/sh', '-euc', script],
      env: [['PATH', '/usr/bin:/bin']],
      mounts: [
        mount('given', '/run/imagespec/given', 'directory', true),
        mount('one', '/run/imagespec/one', 'file', true),
        mount('taken', '/run/imagespec/taken', 'directory', false),
        mount('counter', '/run/imagespec/counter', 'file', false),
      ],
      network: 'none',
      output: (text) => (said += text),
      epoch: 0,
    });
    expect(status, said).toBe(0);
    const after = await run('sh', [
      '-c',
      `cd '${place}' && find given one taken counter -printf '%p %y %m %U %l\n' | sort; cat counter taken/kept`,
    ]);
    told.push({
      said,
      after,
      paths: entries.map(({ path }) => path),
      scratch: await readdir(join(place, 'cache', 'v1', 'scratch')),
    });
  }
  expect(told[1]).toEqual(told[0]);
  expect(told[1]).toMatchObject({
    said: expect.stringMatching(/640 0\n.*\n1\n2\n$/),
    after: expect.stringContaining('taken/new/.hidden'),
    paths: ['after'],
    scratch: [],
  });
});

it('says which command failed', async () => {
  const { status, stderr } = await ground.build(['true', 'echo why; exit 3', 'true'], await by('chroot'));
  expect(status).toBe(1);
  expect(stderr).toMatch(/^error: Command 2 of 3 ended with status 3: echo why; exit 3; its last words: why /m);
});

it('ends what is left in the background, whoever it has become', async () => {
  const options = await by('chroot');
  const commands = [
    `(setsid sleep ${mark} &); (setsid setpriv --reuid 60000 --regid 60000 --clear-groups sleep ${mark} &)`,
    `python3 -B -c 'import os, time
if os.fork() == 0:
    os.setsid(); os.setuid(60001); os.chdir("/")
    if os.fork() == 0: time.sleep(100)' ${mark} < /dev/null > /dev/null 2>&1`,
  ];
  const { status, stderr } = await ground.build(commands, options);
  expect(status, stderr).toBe(0);
  expect(await leftovers(options.cache, mark)).toEqual([]);
});

it('says when there is no space for a copy of the tree', async () => {
  const through = [
    ...asRoot('unshare', ['-m']).flat(),
    'sh',
    '-ec',
    'mount -t tmpfs -o size=260m tmpfs "$IMAGESPEC_CACHE"; exec "$@"',
    'sh',
  ];
  const options = await by('chroot', { through, cache: join(ground.folder, 'small') });
  await mkdir(join(ground.folder, 'small'), { recursive: true });
  const { status, stderr } = await ground.build(['true'], options);
  expect(status, stderr).toBe(1);
  expect(stderr).toMatch(/\[DISK_FULL\]$/m);
});

describe('with hostile bases', () => {
  const secret = `of the host ${randomUUID()}`;
  let host: string;

  beforeAll(async () => {
    host = join(ground.folder, 'host');
    await mkdir(join(host, 'dir'), { recursive: true });
    for (const name of ['file', 'dir/file']) await writeFile(join(host, name), secret);
    await writeFile(join(host, 'sh'), `#!/bin/sh\necho "${secret}"\n`);
    for (const name of ['.', 'dir', 'file', 'dir/file', 'sh']) await chmod(join(host, name), 0o777);
  });

  const hostState = (): Promise<string> =>
    run('sh', ['-c', 'cd "$0" && find . -printf "%p %M %U %l\\n" | sort && cat file dir/file', host]);

  /** Nothing is made where a whiteout is: it is only noted. */
  const OTHERWISE: Readonly<Record<string, string>> = {
    'a whiteout where a link to a link is put later': 'ran /etc/passwd',
  };

  /** What is refused while a layer is read is refused for both makers, by the same lines. */
  const ownWay = HOSTILE_BASES.filter(([, , outcome]) => outcome !== 'LAYER_INVALID' && outcome !== 'PATH_CONFLICT');

  it.each(ownWay.map(([name, entries, outcome], index) => ({ name, entries, outcome, index })))(
    'stays inside where $name',
    async ({ name, entries, outcome, index }) => {
      const before = await hostState();
      const program = `${TAR_PROGRAM}${entries.replaceAll('HOST', host)}\nout.close()`;
      await addBase(ground.layout, `hostile-${index}`, await tarOf(program));
      const options = await by('chroot', { base: `hostile-${index}` });
      const commands = [
        'echo ran; ls /etc/passwd; cat /etc/resolv.conf > /etc/copy; touch /dev/x /run/x /a/x /proc/x /sys/x 2> /dev/null; true',
      ];
      const { stderr, lines } = await ground.build(commands, options);
      const code = /\[([A-Z_]+)\]$/m.exec(stderr)?.[1];
      expect(stderr).not.toContain(secret);
      expect(await hostState()).toBe(before);
      expect(await leftovers(options.cache, mark)).toEqual([]);
      expect(code ?? lines.join(' '), stderr).toBe(OTHERWISE[name] ?? outcome);
    },
  );
});

let count = 0;

describe('nothing is left', () => {
  it.each([
    ['SIGINT', 'a command runs', /: started$/m],
    ['SIGTERM', 'a command runs', /: started$/m],
    ['SIGKILL', 'a command runs', /: started$/m],
    ['SIGINT', 'the tree is copied', /^warning: programs of the image are run by chroot/m],
    ['SIGKILL', 'the tree is copied', /^warning: programs of the image are run by chroot/m],
  ] as const)('after %s while %s', async (signal, _when, interruptAt) => {
    const options = await by('chroot');
    const lasting = [`(setsid sleep ${mark} &)`, 'echo started', `sleep ${mark}`];
    const isKilled = signal === 'SIGKILL';
    const broken = await ground.build(lasting, { ...options, interruptAt, signals: [signal] });
    expect(broken.status, broken.stderr).toBe(isKilled ? null : 130);
    if (!isKilled) expect(broken.stderr).toMatch(/\[ABORTED\]$/m);
    expect(await leftAfter(options.cache, mark, isKilled)).toEqual([]);
    // What is killed at once leaves its folder to a later prune.
    if (isKilled) await run('rm', ['-rf', join(options.cache, 'v1', 'scratch')]);
    const again = await ground.build([`echo again ${++count}`], options);
    expect(again.lines, again.stderr).toEqual([`again ${count}`]);
  });
});

it('runs a program of an image, with words for all that it cannot do', async () => {
  const { cache } = await by('chroot');
  const image = `oci:${ground.layout}:base`;
  const cli = (...args: string[]) =>
    runCli(['run', '--sandbox', 'chroot', ...args], { cwd: ground.own, cache, through: AS_ROOT });
  const script = `id -u; pwd; echo of-the-run > x; cat x; (setsid sleep ${mark} &); exit 7`;
  const ran = await cli('-u', '1234', '-w', '/srv/place', '-e', 'LD_BIND_NOW=1', image, 'sh', '-c', script);
  expect(ran).toMatchObject({ status: 7, stdout: expect.stringMatching(/^1234\n\/srv\/place\n/) });
  expect(ran.stderr).toMatch(/^warning: programs of the image are run by chroot, as you asked/m);
  expect(await leftovers(cache, mark)).toEqual([]);
  const killed = await cli(image, 'sh', '-c', 'kill -TERM $$');
  expect(killed.status).toBe(143);
  for (const option of [['--volume', '/etc:/x'], ['--read-only'], ['--network', 'none']]) {
    const { status, stderr } = await cli(...option, image, 'true');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: --\S+( none)? takes namespaces.*\[NOT_SUPPORTED\]$/m);
  }
});

it('passes signals on to the program', async () => {
  const { cache } = await by('chroot');
  const script = 'trap "echo got it; exit 5" TERM; echo ready >&2; while :; do sleep 0.1; done';
  const ran = await runCli(['run', '--sandbox', 'chroot', `oci:${ground.layout}:base`, 'sh', '-c', script], {
    cwd: ground.own,
    cache,
    through: AS_ROOT,
    interruptAt: /^ready$/m,
    signals: ['SIGTERM'],
  });
  expect(ran).toMatchObject({ status: 5, stdout: 'got it\n' });
});
