// `imagespec run` of a Debian, by root and by a user who is not: what the program sees, gives back and leaves, and podman's word for it.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack } from 'tar-stream';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { layoutStore } from '../../src/store/layout.ts';
import type { CliRun } from '../cli/run-cli.ts';
import { runCli } from '../cli/run-cli.ts';
import { sampleImage, sampleLayer } from '../contract/sample-image.ts';
import { drain } from '../expect-code.ts';
import { baseImage } from './ground/bases.ts';
import type { Run } from './ground/folder.ts';
import { run, tryRun } from './ground/folder.ts';
import { asRoot } from './ground/overlay.ts';
import { createPodman } from './ground/podman.ts';
import { startRegistry } from './ground/registry.ts';
import { plainUser } from './ground/tools.ts';

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'imagespec.js');

let folder: string;
let image: string;

beforeAll(async () => {
  // podman makes a name of the path, in which it takes no capitals.
  folder = join(tmpdir(), `imagespec-run-${randomUUID()}`);
  await mkdir(folder);
  await chmod(folder, 0o755);
  image = `oci:${join(folder, 'image')}`;
  const store = layoutStore(join(folder, 'image'), { random: randomUUID });
  await copy(createContext(), await baseImage('bookworm-amd64'), store, ['latest']);
});

afterAll(async () => {
  await run(...asRoot('rm', ['-rf', folder]));
});

describe.each(['root', 'user'] as const)('as %s', (who) => {
  let cache: string;
  let shared: string;
  let through: readonly string[] = [];

  beforeAll(async () => {
    cache = join(folder, `cache-${who}`);
    shared = join(folder, `shared-${who}`);
    await mkdir(cache);
    await mkdir(shared);
    await writeFile(join(shared, 'note'), 'of the host\n');
    const user = who === 'user' ? await plainUser() : undefined;
    if (user === undefined) return;
    await run('chown', ['-R', user, cache, shared]);
    through = ['runuser', '-u', user, '--'];
  });

  const cli = (options: readonly string[], command: readonly string[]): Promise<CliRun> =>
    runCli(['run', ...options, image, ...command], { cwd: folder, cache, through, env: { SECRET: 'of the host' } });

  /** Output of a shell script; nothing may be said beside it. */
  async function sh(options: readonly string[], script: string): Promise<string[]> {
    const { status, stdout, stderr } = await cli(options, ['sh', '-euc', script]);
    expect({ status, stderr: stderr.replace(/^unpack .*\n/, '') }).toEqual({ status: 0, stderr: '' });
    return stdout.trimEnd().split('\n');
  }

  const scratch = (): Promise<string[]> => readdir(join(cache, 'v1', 'scratch'));

  it('gives output and status of the program, and nothing else', async () => {
    expect(await cli([], ['sh', '-c', 'echo out; echo err >&2; exit 7'])).toMatchObject({ status: 7, stdout: 'out\n' });
    expect(await cli([], ['sh', '-c', 'echo err >&2'])).toEqual({ status: 0, stdout: '', stderr: 'err\n' });
    expect(await cli(['--'], ['--', 'sh', '-c', 'sh -c "kill -TERM \\$\\$"; exit $?'])).toMatchObject({ status: 143 });
    expect(await scratch()).toEqual([]);
  });

  it('runs as whom it is told, with their groups and home', async () => {
    expect(await sh([], 'id -u; id -G; echo $HOME')).toEqual(['0', '0', '/root']);
    expect(await sh(['-u', 'games'], 'id; echo $HOME')).toEqual([
      'uid=5(games) gid=60(games) groups=60(games)',
      '/usr/games',
    ]);
    expect(await sh(['--user', '4242:60'], 'id; touch /tmp/x; stat -c %u:%g /tmp/x')).toEqual([
      'uid=4242 gid=60(games) groups=60(games)',
      '4242:60',
    ]);
  });

  it('has the variables of the image and those it is given, none of the host', async () => {
    const lines = await sh(['-e', 'A=b c', '-e', 'SECRET'], 'env');
    expect(lines.filter((line) => !line.startsWith('PWD=')).sort()).toEqual([
      'A=b c',
      'HOME=/root',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'SECRET=of the host',
    ]);
    expect((await sh([], 'env')).join()).not.toContain('SECRET');
  });

  it('starts where it is told, in a folder of its own if the image has none', async () => {
    expect(await sh(['-w', '/usr/lib'], 'pwd')).toEqual(['/usr/lib']);
    expect(await sh(['-w', '/srv/new/place'], 'pwd; ls -A; touch x; ls')).toEqual(['/srv/new/place', 'x']);
    expect(await cli(['-w', '/etc/passwd'], ['true'])).toMatchObject({ status: 2 });
  });

  it('mounts what it is given, for reading or for writing', async () => {
    const name = `shared-${who}`;
    expect(await sh(['-v', `./${name}:/data`, '-w', '/data'], 'cat note; echo new > made')).toEqual(['of the host']);
    expect(await readFile(join(shared, 'made'), 'utf8')).toBe('new\n');
    expect(await sh(['-v', `${shared}/note:/etc/issue:ro`], 'cat /etc/issue; test ! -w /etc/issue')).toEqual([
      'of the host',
    ]);
    const refused = await cli(['-v', `${shared}:/data:ro`], ['touch', '/data/x']);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toContain('Read-only file system');
  });

  it('keeps nothing of what was written, and lets nothing be written when told so', async () => {
    await sh([], 'touch /kept; rm -rf /usr/share/doc');
    expect(await sh([], 'ls -d /kept /usr/share/doc 2>&1 || :')).toHaveLength(2);
    expect((await cli(['--read-only'], ['touch', '/x'])).stderr).toContain('Read-only file system');
  });

  it('has the network of the host, or none', async () => {
    const names = 'ls /proc/self/net/dev >/dev/null; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "';
    expect(await sh(['--network', 'none'], names)).toEqual(['lo']);
    const own = (await readdir('/sys/class/net')).filter((name) => name !== 'bonding_masters').sort();
    expect((await sh([], names)).sort()).toEqual(own);
  });

  it('sees files and processes of its own alone', async () => {
    const root = 'bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var';
    expect((await sh([], 'ls /')).filter((name) => !/^lib(32|x32)$/.test(name)).join(' ')).toBe(root);
    expect(await sh([], 'cd /proc; ls -d [0-9]*; tr "\\0" " " < 1/cmdline | cut -c1-9')).toContain('1');
    const processes = await sh([], 'cd /proc; for p in [0-9]*; do tr "\\0" " " < $p/cmdline; echo; done 2>/dev/null');
    expect(processes.join('\n')).not.toMatch(/node|unshare|nsenter/);
    const places = await sh([], 'cut -d" " -f5 /proc/self/mountinfo');
    expect(places.filter((at) => !/^\/((proc|dev|sys)(\/[\w_-]+)?|etc\/(hosts|resolv.conf))?$/.test(at))).toEqual([]);
    expect((await sh([], 'ls /proc/self/fd')).filter((fd) => Number(fd) < 10)).toEqual(['0', '1', '2', '3']);
  });

  it('reads input only when told so', async () => {
    const input = (options: readonly string[]): Promise<Run> => {
      const [program, ...args] = [...through, process.execPath, BIN, 'run', '--cache-dir', cache, ...options, image];
      return tryRun(program, [...args, 'cat'], { input: 'words\n' });
    };
    expect((await input(['-i'])).stdout.toString()).toBe('words\n');
    expect((await input([])).stdout.toString()).toBe('');
  });

  it('passes signals on', async () => {
    const trap = 'trap "echo got it; exit 3" INT; echo ready; sleep 60 & wait';
    expect(await signalled(trap, ['SIGINT'])).toEqual({ status: 3, stdout: 'ready\ngot it\n' });
    expect(await scratch()).toEqual([]);
  });

  it('leaves no process and no mount when it is interrupted twice, or killed', async () => {
    const mark = `${60_000 + Math.floor(process.pid / 10)}.5`;
    const still = async (): Promise<string> => (await tryRun('pgrep', ['-f', `sleep ${mark}`])).stdout.toString();
    const script = `trap "" INT TERM; echo ready; sleep ${mark} & sleep ${mark}; sleep ${mark}`;
    expect(await signalled(script, ['SIGINT', 'SIGINT'])).toEqual({ status: 130, stdout: 'ready\n' });
    expect(await still()).toBe('');
    expect(await scratch()).toEqual([]);
    await signalled(script, ['SIGKILL']);
    await expect.poll(still, { timeout: 10_000 }).toBe('');
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(cache);
  });

  /** Starts a script, and sends the signals once it says something. */
  async function signalled(script: string, signals: readonly NodeJS.Signals[]) {
    const [program, ...args] = [
      ...through,
      process.execPath,
      BIN,
      'run',
      '--cache-dir',
      cache,
      image,
      'sh',
      '-c',
      script,
    ];
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    // Below runuser.
    const pid = through.length === 0 ? child.pid! : Number(await run('pgrep', ['-P', String(child.pid)]));
    for (const signal of signals) {
      process.kill(pid, signal);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const [status] = (await ended) as [number | null];
    return { status, stdout };
  }

  it('says what podman says', async () => {
    const script = `id; pwd; umask; find / -xdev -not -path "/proc/*" -printf "%p %y %m %U:%G %s %l\\n" 2>/dev/null |
      grep -Ev "^(/ |/etc d|/dev|/sys|/run|/proc|/etc/(hosts|hostname|resolv.conf|mtab) )" | sort | sed "s/ d \\([0-9]*\\) \\([0-9:]*\\) .*/ d \\1 \\2/" | sha256sum; python3 -c "import ssl, sqlite3; print(ssl.OPENSSL_VERSION)"`;
    const podman = await createPodman('overlay', { rootless: who === 'user' });
    try {
      const theirs = await podman.run(image, ['sh', '-euc', script]);
      expect(await sh([], script)).toEqual(theirs.trimEnd().split('\n'));
    } finally {
      await podman.close();
    }
  });
});

it('runs an image whose layers have deleted what is mounted over', async () => {
  const base = await baseImage('bookworm-amd64');
  const tar = pack();
  for (const name of ['.wh.proc', '.wh.sys', 'etc/.wh.hosts', 'srv/.wh..wh..opq']) tar.entry({ name, mode: 0o644 }, '');
  tar.finalize();
  const layers = [...base.layers, sampleLayer(await drain(tar as AsyncIterable<Uint8Array>))];
  const store = layoutStore(join(folder, 'deleted'), { random: randomUUID });
  await copy(createContext(), await sampleImage('deleted', base.platform, layers), store, ['latest']);
  const words = ['run', '-w', '/srv/new', `oci:${join(folder, 'deleted')}`, 'sh', '-c'];
  const { status, stdout, stderr } = await runCli(
    [...words, 'pwd; ls -d /sys/class /proc/1; grep -c localhost /etc/hosts; ls /srv'],
    { cwd: folder, cache: join(folder, 'cache-root') },
  );
  expect({ status, lines: stdout.trimEnd().split('\n') }, stderr).toEqual({
    status: 0,
    lines: ['/srv/new', '/proc/1', '/sys/class', '2', 'new'],
  });
});

it('fetches the layers of an image in a registry once, and those of an image that it refuses never', async () => {
  const registry = await startRegistry('distribution 2.8');
  try {
    await run('skopeo', ['copy', '-q', '--dest-tls-verify=false', image, `docker://${registry.host}/base:1`]);
    const cache = join(folder, 'cache-registry');
    const start = (platform: string) =>
      runCli(['run', '--platform', platform, `${registry.host}/base:1`, 'echo', 'ran'], { cwd: folder, cache });
    const blobs = async (): Promise<number> => {
      const requests = await registry.requests();
      await registry.forget();
      return requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/')).length;
    };
    await registry.forget();
    expect((await start('linux/s390x')).stderr).toContain('[BASE_PLATFORM_MISSING]');
    // The config alone.
    expect(await blobs()).toBe(1);
    expect(await start('linux/amd64')).toMatchObject({ status: 0, stdout: 'ran\n' });
    expect(await blobs()).toBe(1);
    // What is unpacked may go, and is made again of the blob in the cache.
    await rm(join(cache, 'v1', 'layers'), { recursive: true });
    expect(await start('linux/amd64')).toMatchObject({ status: 0, stdout: 'ran\n' });
    expect(await blobs()).toBe(0);
  } finally {
    await registry.stop();
  }
});

it('knows an image that it ran by the index of its layout, and reads it again when that names another', async () => {
  const place = join(folder, 'known');
  const cache = join(folder, 'known-cache');
  await run('cp', ['-r', join(folder, 'image'), place]);
  const say = (...more: string[]) => runCli(['run', ...more, `oci:${place}`, 'echo', 'hi'], { cwd: folder, cache });
  expect(await say()).toMatchObject({ status: 0, stdout: 'hi\n' });
  await run('mv', [join(place, 'blobs'), join(folder, 'hidden')]);
  expect(await say()).toMatchObject({ status: 0, stdout: 'hi\n', stderr: '' });
  // What the first run did not ask of the image must be read after all.
  await run('mv', [join(folder, 'hidden'), join(place, 'blobs')]);
  expect(await say('--entrypoint', '/bin/cat', '--user', 'nobody')).toMatchObject({ status: 1 });
  const store = layoutStore(place, { random: randomUUID });
  await copy(createContext(), await sampleImage('other'), store, ['latest']);
  const other = await runCli(['run', `oci:${place}:latest`, 'echo', 'hi'], { cwd: folder, cache });
  expect(other.stderr).toContain('[PROGRAM_NOT_FOUND]');
});

it('refuses a program that the image does not have', async () => {
  const cache = join(folder, 'cache-root');
  const { status, stdout, stderr } = await runCli(['run', image, 'pyton3'], { cwd: folder, cache });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain('[PROGRAM_NOT_FOUND]');
  expect(stderr).toContain('Did you mean python3?');
});
