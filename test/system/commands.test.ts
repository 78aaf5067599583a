// Commands of a spec in a real image: what they change, held against buildah, and what they find around them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SnippetName } from './command-snippets.ts';
import { commandOf, FIXTURE_PROGRAM, SNIPPETS } from './command-snippets.ts';
import { createBuildah } from './ground/buildah.ts';
import type { Caller, CommandGround } from './ground/command-ground.ts';
import { addBase, callerOf, createCommandGround } from './ground/command-ground.ts';
import { certificates } from './ground/environment.ts';
import { run, tryRun } from './ground/folder.ts';
import type { TreeEntry, TreeListing } from './ground/tree-listing.ts';

let ground: CommandGround;

beforeAll(async () => {
  ground = await createCommandGround();
  await addBase(ground.layout, 'fixture', (await tryRun('python3', ['-c', FIXTURE_PROGRAM])).stdout);
});

afterAll(() => ground.close());

/** Times are ours to choose, and texts stand in hashes. */
function withoutTime({ mtime: _mtime, text: _text, ...entry }: TreeEntry): Omit<TreeEntry, 'mtime' | 'text'> {
  return entry;
}

function differences(a: TreeListing, b: TreeListing): string[] {
  const paths = [...new Set([...a.keys(), ...b.keys()])].sort();
  const print = (entry: TreeEntry | undefined): string => JSON.stringify(entry && withoutTime(entry)) ?? 'nothing';
  const lines = paths.map((path) => [path, print(a.get(path)), print(b.get(path))] as const);
  return lines.filter(([, one, other]) => one !== other).map((line) => line.join(': '));
}

/** What differs from buildah, each with its reason. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'etc/hostname': 'buildah leaves the places of its mounts behind; ours lie in a layer of their own',
  'etc/hosts': 'the same',
  'etc/resolv.conf': 'the same',
  'f/left-out/fifo': 'layers of ours hold no fifos and devices, and a warning says so',
};

it('makes of every change the layer that buildah makes', async () => {
  const names = Object.keys(SNIPPETS) as SnippetName[];
  const commands = names.map(commandOf);
  expect((await ground.build([], { base: 'fixture', tag: 'plain' })).status).toBe(0);
  const made = await ground.build(commands, { base: 'fixture', tag: 'ours' });
  expect(made.status, made.stderr).toBe(0);
  const buildah = await createBuildah(join(ground.folder, 'buildah'));
  try {
    const out = `oci:${join(ground.own, 'out')}`;
    await buildah.build(`${out}:plain`, commands);
    const before = await buildah.list(`${out}:plain`);
    const ours = await buildah.list(`${out}:ours`);
    const theirs = await buildah.list('made');
    const lines = differences(ours, theirs);
    expect(lines.filter((line) => DIFFERENCES[line.slice(0, line.indexOf(':'))] === undefined)).toEqual([]);
    expect(lines).toHaveLength(Object.keys(DIFFERENCES).length);
    expect(made.stderr).toContain('left out: /f/left-out/fifo');
    const changed = new Set(differences(before, ours).map((line) => /^f\/([^/]*)\//.exec(line)?.[1]));
    const unchanged = names.filter((name) => !changed.has(name));
    expect(unchanged).toEqual(['nothing', 'new-and-removed', 'of-the-base']);
  } finally {
    await buildah.close();
  }
});

const ANYONE = [
  'umask; id -u; stat -c %u:%g /f/owners/dir /etc/passwd',
  'cd /f/changed; echo more >> file; echo other > dir/a; chmod 4750 exec; rm link; chmod 700 dir/sub',
  'cd /f/new-file; rm exec; echo new > exec; mkdir a; echo x > a/b; ln a/b c; ln -s c d; chmod 1777 a; rm -r dir; mkdir dir; touch dir/a',
  `python3 -c 'import os; os.setxattr("/f/user-xattr/file", "user.new", b"1")'`,
  'rm -r /usr/share/perl5; cp -r /etc /tmp/etc',
];

it('makes the same layer for root, for a user with lent ids and for one without', async () => {
  const digests: (string | undefined)[] = [];
  const owners: Record<Caller, string> = { root: '33:33', range: '33:33', single: '0:0' };
  for (const caller of ['root', 'range', 'single'] as const) {
    const { status, stderr, lines, image } = await ground.build(ANYONE, {
      base: 'fixture',
      ...(await callerOf(ground, caller)),
    });
    expect(status, stderr).toBe(0);
    expect(lines).toEqual(['0022', '0', owners[caller], '0:0']);
    digests.push(image!.digest);
  }
  expect(digests).toEqual(Array(3).fill(digests[0]));
});

it('gives files to others where ids are lent, and says what is missing where they are not', async () => {
  const command = ['chown 1234:5678 /etc/issue && setpriv --reuid 60000 --clear-groups id -u'];
  const range = await ground.build(command, { base: 'fixture', ...(await callerOf(ground, 'range')) });
  expect(range.status, range.stderr).toBe(0);
  expect(range.lines).toEqual(['60000']);
  expect(await run('tar', ['-tzvf', range.layer])).toMatch(/ 1234\/5678 .* etc\/issue$/m);
  const single = await ground.build(command, { base: 'fixture', ...(await callerOf(ground, 'single')) });
  expect(single.status).toBe(1);
  expect(single.stderr).toMatch(/^error: Command 1 of 1 ended with status 1: chown .*\[COMMAND_FAILED\]$/m);
});

const SURROUNDINGS = [
  // _F_IMG_ID differs from build to build, and so is left out.
  `GREETING=it's "a" $HOME \\ line`,
  'HOME=/root',
  'LD_BIND_NOW=1',
  'PATH=/opt/x:/usr/bin:/bin',
  'PYTHONPATH=/root',
  'SOURCE_DATE_EPOCH=1000000000',
  '/bin/sh /usr/bin/dash / 0022 uid=0(root) gid=0(root) groups=0(root)',
  'Groups:\t ',
  'CapBnd:\t00000000800405fb',
  'NoNewPrivs:\t1',
  'imagespec',
  '::1             localhost',
  'null',
  'block bus class dev devices module',
  'of the host',
  'of one shell',
];

it('finds the environment of the image, and nothing of the caller', async () => {
  const server = createServer((_request, response) => response.end('of the host'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = `import socket; s = socket.create_connection(("127.0.0.1", ${port})); s.sendall(b"GET / HTTP/1.0\\\\r\\\\n\\\\r\\\\n"); print(s.makefile().read().splitlines()[-1])`;
  try {
    const { status, stderr, lines } = await ground.build(
      [
        'env | sort | grep -v ^PWD=',
        'echo "$0 $(readlink /proc/$$/exe) $PWD $(umask) $(id)"; grep -E "^(NoNewPrivs|CapBnd|Groups)" /proc/self/status',
        'cat /proc/sys/kernel/hostname; getent hosts localhost; readlink /dev/stdin | grep -o "null$" || readlink /proc/self/fd/0 | grep -o "null$"; echo x > /dev/null; echo $(ls /sys)',
        `printf '${ask}' | python3 -B -`,
        'word=of',
        'echo "$word one shell"',
      ],
      {
        through: ['sh', '-c', 'umask 077; ulimit -n 500; exec "$@"', 'sh'],
        env: { FROM_THE_CALLER: 'x', LD_LIBRARY_PATH: '/nowhere', SOURCE_DATE_EPOCH: '1000000000' },
        fields: { env: { GREETING: `it's "a" $HOME \\ line`, PATH: '/opt/x:/usr/bin:/bin', LD_BIND_NOW: '1' } },
      },
    );
    expect(status, stderr).toBe(0);
    expect(lines).toEqual(SURROUNDINGS);
  } finally {
    server.close();
  }
});

it('has uv when a command speaks of it, and keeps nothing of it', async () => {
  const { status, stderr, lines, layer } = await ground.build(
    ['uv --version', 'command -v uv; ls /root/.cache; touch /root/.cache/uv/left', 'touch /after'],
    { env: { ...certificates() } },
  );
  expect(status, stderr).toBe(0);
  expect(lines).toEqual([expect.stringMatching(/^uv \d/), '/usr/bin/uv', 'uv']);
  expect(await run('tar', ['-tzf', layer])).toBe('after\n');
});
