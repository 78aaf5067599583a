// The border of the sandbox: what commands and hostile bases try to reach, and what an interrupt leaves.
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TAR_PROGRAM } from './command-snippets.ts';
import { HOSTILE_BASES } from './hostile-bases.ts';
import type { CommandGround } from './ground/command-ground.ts';
import { addBase, callerOf, createCommandGround, leftAfter, leftovers } from './ground/command-ground.ts';
import { run, tryRun } from './ground/folder.ts';

let ground: CommandGround;
/** A folder of the host that no command may reach: `file`, `sh`, `dir/file`. */
let host: string;
/** In words of processes, to find them. */
const mark = `9${Date.now()}`;
const SECRET = `of the host ${randomUUID()}`;

beforeAll(async () => {
  ground = await createCommandGround();
  host = join(ground.folder, 'host');
  await mkdir(join(host, 'dir'), { recursive: true });
  for (const name of ['file', 'dir/file']) await writeFile(join(host, name), SECRET);
  await writeFile(join(host, 'sh'), `#!/bin/sh\necho "${SECRET}"\n`);
  for (const name of ['.', 'dir', 'file', 'dir/file', 'sh']) await chmod(join(host, name), 0o777);
});

afterAll(() => ground.close());

/** What is in the folder of the host. */
const hostState = (): Promise<string> =>
  run('sh', ['-c', 'cd "$0" && find . -printf "%p %M %U %l\\n" | sort && cat file dir/file', host]);

const CHROOT = `
import os
os.makedirs("/x", exist_ok=True)
fd = os.open("/", os.O_RDONLY)
os.chroot("/x")
os.fchdir(fd)
for _ in range(30): os.chdir("..")
os.chroot(".")
print(open("FILE").read())
`;

/** Each prints the secret if it gets through. FILE is the host's path of it. */
const ATTEMPTS: readonly string[] = [
  'cat FILE',
  'cat /proc/1/root/FILE; cat /proc/1/cwd/FILE',
  'cat ../../../../../../../../../..FILE',
  'for at in /proc/[0-9]*/root /proc/[0-9]*/cwd /proc/[0-9]*/fd/*; do cat "$at/FILE"; cat "$at/../../../../../../../..FILE"; done',
  'nsenter --mount=/proc/1/ns/mnt --root=/proc/1/root cat FILE; nsenter -t 1 -a cat FILE',
  'unshare -Urm sh -c "umount -l /dev; umount -l /etc/hosts; umount -l /proc; pivot_root . dev; cat FILE; cat dev/FILE"',
  'unshare -Urm chroot /proc/1/root cat FILE',
  `printf '%s' '${CHROOT.replaceAll("'", '"')}' > /tmp/escape; python3 -B /tmp/escape`,
  'mkdir -p /mnt/x; mount -t proc proc /mnt/x; cat /mnt/x/1/root/FILE; mount --bind / /mnt/x',
  'cat /dev/.host/FILE; ls -A /dev/.host; umount -l /; cat FILE',
];

const REFUSED: readonly string[] = [
  'mknod /tmp/disk b 8 0',
  'mknod /dev/mem c 1 1',
  'mount -t tmpfs tmpfs /mnt',
  'mount -o remount,rw /sys',
  'umount /etc/hosts',
  'echo x > /etc/hosts',
  'echo x > /proc/sys/kernel/hostname',
  'touch /sys/x',
  'hostname other',
  'chroot / mount -t tmpfs tmpfs /mnt',
  'setpriv --inh-caps=+sys_admin --ambient-caps=+sys_admin true',
];

const DEVICES = 'devices: fd full null ptmx pts random shm stderr stdin stdout tty urandom zero';

describe.each(['root', 'range', 'single'] as const)('for %s', (caller) => {
  it('lets no command reach the host', async () => {
    const options = await callerOf(ground, caller);
    const before = await hostState();
    const attempts = ATTEMPTS.map((one) => `{ ${one.replaceAll('FILE', join(host, 'file'))}; } 2>&1; true`);
    const refused = REFUSED.map((one, index) => `if ( ${one} ) 2> /dev/null; then echo "succeeded: ${index}"; fi`);
    const more = [
      'grep " /sys" /proc/self/mountinfo | grep -v " ro,"; true',
      'echo processes: $(ls -d /proc/[0-9]* | wc -l)',
      'echo devices: $(ls -A /dev)',
      `{ setsid sleep ${mark} & nohup sleep ${mark} > /dev/null 2>&1 & }; (sleep ${mark} &)`,
    ];
    const { status, stderr, lines } = await ground.build([...attempts, ...refused, ...more], options);
    expect(status, stderr).toBe(0);
    expect(stderr).not.toContain(SECRET);
    expect(lines.filter((line) => line.startsWith('succeeded'))).toEqual([]);
    const facts = lines.filter((line) => /^(?:processes|devices): /.test(line));
    expect(facts).toEqual([expect.stringMatching(/^processes: [1-9]$/), DEVICES]);
    expect(await hostState()).toBe(before);
    expect(await leftovers(options.cache!, mark)).toEqual([]);
  });
});

it.each(HOSTILE_BASES.map(([name, entries, outcome], index) => ({ name, entries, outcome, index })))(
  'stays inside for a base where $name',
  async ({ entries, outcome, index }) => {
    const { cache } = ground;
    const before = await hostState();
    const program = `${TAR_PROGRAM}${entries.replaceAll('HOST', host)}\nout.close()`;
    await addBase(ground.layout, `hostile-${index}`, (await tryRun('python3', ['-c', program])).stdout);
    const commands = [
      'echo ran; ls /etc/passwd; cat /etc/resolv.conf > /etc/copy; touch /dev/x /run/x /a/x /proc/x /sys/x 2> /dev/null; true',
    ];
    const { stderr, lines } = await ground.build(commands, { base: `hostile-${index}` });
    const code = /\[([A-Z_]+)\]$/m.exec(stderr)?.[1];
    expect(stderr).not.toContain(SECRET);
    expect(await hostState()).toBe(before);
    expect(await leftovers(cache, mark)).toEqual([]);
    expect(code ?? lines.join(' '), stderr).toBe(outcome);
  },
);

/** Says something, then lasts; the digest of the tree tells whether all of the base is there. */
const lasting = (seconds: string): string[] => [
  'echo started',
  `sleep ${seconds}`,
  'find /usr /etc -xdev | sort | sha256sum',
];

let count = 0;

describe.each(['root', 'range'] as const)('for %s, nothing is left', (caller) => {
  it.each([
    ['SIGINT', 'a command runs', /: started$/m],
    ['SIGTERM', 'a command runs', /: started$/m],
    ['SIGKILL', 'a command runs', /: started$/m],
    ['SIGINT', 'layers are unpacked', /^unpack base image$/m],
    ['SIGKILL', 'layers are unpacked', /^unpack base image$/m],
  ] as const)('after %s while %s', async (signal, when, interruptAt) => {
    const options = await callerOf(ground, caller);
    const { lines: expected } = await ground.build(lasting(`0.0${++count}`), options);
    const isNew = when === 'layers are unpacked';
    const cache = isNew ? join(options.place!, `cache-${signal}`) : options.cache!;
    const isKilled = signal === 'SIGKILL';
    const broken = await ground.build(lasting(mark), { ...options, cache, interruptAt, signals: [signal] });
    expect(broken.status, broken.stderr).toBe(isKilled ? null : 130);
    if (!isKilled) expect(broken.stderr).toMatch(/\[ABORTED\]$/m);
    expect(await leftAfter(cache, mark, isKilled)).toEqual([]);
    const again = await ground.build(lasting(`0.1${++count}`), { ...options, cache });
    expect(again.status, again.stderr).toBe(0);
    expect(again.lines).toEqual(expected);
  });
});
