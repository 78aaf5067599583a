// Starts images with podman, as root and not, with both storage drivers.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tryRun } from './folder.ts';

export type StorageDriver = 'vfs' | 'overlay';

export interface Podman {
  /** Runs a command in the image; returns what it printed. */
  readonly run: (image: string, args: readonly string[], options?: readonly string[]) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** A podman with storage of its own. */
export async function createPodman(driver: StorageDriver): Promise<Podman> {
  const folder = await mkdtemp(join(tmpdir(), 'imagespec-podman-'));
  const conf = join(folder, 'containers.conf');
  const limit = (await run('sh', ['-c', 'ulimit -Hn'])).trim();
  // podman's default limits are above what a container without CAP_SYS_RESOURCE may set.
  await writeFile(conf, `[containers]\ndefault_ulimits = ["nofile=${limit}:${limit}", "nproc=8192:8192"]\n`);
  await mkdir(join(folder, 'run'));
  const env = { CONTAINERS_CONF: conf };
  const place = [
    '--root',
    join(folder, 'root'),
    '--runroot',
    join(folder, 'run'),
    '--storage-driver',
    driver,
    '--runtime',
    'runc',
  ];
  return {
    run: (image, args, options = []) =>
      run(
        'podman',
        [...place, 'run', '--rm', '--quiet', '--tls-verify=false', '--network=none', ...options, image, ...args],
        { env },
      ),
    close: async () => {
      await tryRun('podman', [...place, 'rm', '--all', '--force'], { env });
      await tryRun('podman', [...place, 'rmi', '--all', '--force'], { env });
      await tryRun('umount', ['-R', join(folder, 'root', 'overlay')]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
