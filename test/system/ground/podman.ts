// Starts images with podman, as root and not, with both storage drivers.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, tryRun } from './folder.ts';
import { plainUser } from './tools.ts';

export type StorageDriver = 'vfs' | 'overlay';

export interface Podman {
  /** Runs a command in the image; returns what it printed. */
  readonly run: (image: string, args: readonly string[], options?: readonly string[]) => Promise<string>;
  /** Starts the image on the host's network, asks it until it answers, and stops it; returns the answer. */
  readonly ask: (image: string, args: readonly string[], url: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

export interface PodmanOptions {
  /** Started by a user who is not root. */
  readonly rootless?: boolean;
}

/** A service of a few lines starts within a second; an import of everything may take some more. */
const ASK_LIMIT = 200;

/** A podman with storage of its own. */
export async function createPodman(driver: StorageDriver, { rootless = false }: PodmanOptions = {}): Promise<Podman> {
  const folder = await mkdtemp(join(tmpdir(), 'imagespec-podman-'));
  const conf = join(folder, 'containers.conf');
  const limit = (await run('sh', ['-c', 'ulimit -Hn'])).trim();
  // podman's default limits are above what a container without CAP_SYS_RESOURCE may set.
  await writeFile(conf, `[containers]\ndefault_ulimits = ["nofile=${limit}:${limit}", "nproc=8192:8192"]\n`);
  const [program, before] = rootless ? await asUser(folder) : ['podman', []];
  const place = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run')];
  const storage = ['--storage-driver', driver, '--runtime', 'runc'];
  const options = { cwd: folder, env: { CONTAINERS_CONF: conf, HOME: folder, XDG_RUNTIME_DIR: join(folder, 'xdg') } };
  const podman = (...args: string[]): Promise<string> =>
    run(program, [...before, ...place, ...storage, ...args], options);
  const quietly = (...args: string[]) => tryRun(program, [...before, ...place, ...storage, ...args], options);
  const start = ['run', '--rm', '--quiet', '--tls-verify=false'];
  return {
    run: (image, args, more = []) => {
      const network = more.some((option) => option.startsWith('--network')) ? [] : ['--network=none'];
      return podman(...start, ...network, ...more, image, ...args);
    },
    ask: async (image, args, url) => {
      const id = (await podman(...start, '--detach', '--network=host', image, ...args)).trim();
      try {
        return await answerOf(url);
      } finally {
        await quietly('stop', '--time', '2', id);
      }
    },
    close: async () => {
      await quietly('rm', '--all', '--force');
      await quietly('rmi', '--all', '--force');
      await tryRun('umount', ['-R', join(folder, 'root', 'overlay')]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The command that runs podman as the plain user, who gets the folder. */
async function asUser(folder: string): Promise<[program: string, before: string[]]> {
  const user = await plainUser();
  if (user === undefined) return ['podman', []];
  await run('sh', ['-c', `mkdir -m 700 '${folder}/xdg' && chown -R ${user}: '${folder}'`]);
  return ['runuser', ['-u', user, '--', 'podman']];
}

async function answerOf(url: string): Promise<string> {
  for (let i = 0; ; i++) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (i === ASK_LIMIT) throw error;
      await sleep(100);
    }
  }
}
