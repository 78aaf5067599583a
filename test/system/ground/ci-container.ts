// A container as continuous integration gives it: root with the usual capabilities, the engine's own seccomp profile, no namespaces of ours.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCli } from '../../cli/run-cli.ts';
import type { CommandGround } from './command-ground.ts';
import { certificates } from './environment.ts';
import { GROUND } from './folder.ts';
import { createPodman } from './podman.ts';

export interface CiContainer {
  /** Runs a shell script in a new container, in a folder of the ground; `imagespec` is there. Returns what it printed, of both streams. */
  readonly run: (script: string, options?: readonly string[]) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** What Node, the sandbox and the tests need of a Debian. */
const PACKAGES = ['libstdc++6', 'mount', 'python3-minimal'];
const REPOSITORY = join(import.meta.dirname, '..', '..', '..');
/** What engines leave to root beyond what podman does: with these off, no device can be made. */
export const LESS_CAPABILITIES = '--cap-drop=MKNOD,NET_RAW,AUDIT_WRITE';

/** @param packages further ones of Debian */
export async function createCiContainer(ground: CommandGround, packages: readonly string[] = []): Promise<CiContainer> {
  const folder = join(ground.folder, 'ci');
  await mkdir(folder);
  const image = `oci:${join(folder, 'image')}`;
  const spec = {
    name: 'ci',
    base_image: 'scratch',
    apt_essential: true,
    apt_packages: [...PACKAGES, ...packages],
    tag_format: 'ci',
  };
  await writeFile(join(folder, 'imagespec.yaml'), JSON.stringify({ ...spec, platform: 'linux/amd64' }));
  const made = await runCli(['build', '-o', `${image}:ci`], {
    cwd: folder,
    cache: join(GROUND, 'imagespec-cache'),
    env: certificates(),
  });
  if (made.status !== 0) throw new Error(made.stderr);
  const podman = await createPodman('overlay');
  const mounts = [`${REPOSITORY}:${REPOSITORY}:ro`, `${ground.folder}:${ground.folder}`];
  const command = `imagespec() { '${process.execPath}' '${REPOSITORY}/bin/imagespec.js' "$@"; }`;
  const places = [
    ...mounts,
    ...(process.execPath.startsWith(REPOSITORY) ? [] : [`${process.execPath}:${process.execPath}:ro`]),
  ];
  return {
    // The cache is in the root of the container, which is an overlayfs.
    run: (script, options = [LESS_CAPABILITIES]) =>
      podman.run(
        `${image}:ci`,
        ['sh', '-c', `exec 2>&1; export IMAGESPEC_CACHE=/var/cache/imagespec CI=true; ${command}; ${script}; true`],
        ['--user=0', `--workdir=${folder}`, ...places.flatMap((one) => ['-v', one]), ...options],
      ),
    close: podman.close,
  };
}

/** Without all that Docker's own profile forbids where CAP_SYS_ADMIN is missing; podman's lets user namespaces pass. */
export async function strictProfile(folder: string): Promise<string> {
  const text = await readFile('/usr/share/containers/seccomp.json', 'utf8');
  const profile = JSON.parse(text) as { readonly syscalls: readonly { readonly names: readonly string[] }[] };
  const syscalls = profile.syscalls.map((rule) => ({
    ...rule,
    names: rule.names.filter((name) => !FORBIDDEN.has(name)),
  }));
  const file = join(folder, 'seccomp.json');
  await writeFile(file, JSON.stringify({ ...profile, syscalls: syscalls.filter(({ names }) => names.length > 0) }));
  return file;
}

const FORBIDDEN = new Set(['unshare', 'setns', 'mount', 'umount', 'umount2', 'pivot_root', 'fsopen', 'move_mount']);
