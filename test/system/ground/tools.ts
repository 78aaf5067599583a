// The programs that the system tests drive, each by its version.
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BIN, GROUND, run, runLogged, tryRun } from './folder.ts';

/** Debian's own versions: the tests check behaviour that all of them share. */
const APT_PACKAGES = [
  'skopeo',
  'podman',
  'buildah',
  'umoci',
  'runc',
  'docker-registry',
  'mmdebstrap',
  'uidmap',
  'fuse-overlayfs',
  'catatonit',
  'golang-github-containers-common',
  'pigz',
  'libarchive-tools',
  'zstd',
  'time',
  // Makers of DEFLATE streams.
  '7zip',
  'advancecomp',
  'busybox',
  'isal',
  'libdeflate-tools',
  'zip',
  'zopfli',
];

/** Programs from Go modules: name → module@version. */
const GO_PROGRAMS: Readonly<Record<string, string>> = {
  crane: 'github.com/google/go-containerregistry/cmd/crane@v0.22.1',
  registry: 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2',
};

/** The last releases of their lines: the same bytes must come from all of them. */
const NODES = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' } as const;

/** Path of a Node of this line. */
export function nodeOf(line: keyof typeof NODES): string {
  return join(GROUND, 'node', NODES[line], 'node_modules', 'node', 'bin', 'node');
}

async function installNode(version: string): Promise<void> {
  const folder = join(GROUND, 'node', version);
  if (await exists(join(folder, 'done'))) return;
  await mkdir(folder, { recursive: true });
  // The package fetches its program in a script, which npm must be allowed to run.
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
  await runLogged(`node-${version}`, 'npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: folder });
  await writeFile(join(folder, 'done'), '');
}

/** Installs Debian packages that are missing; as root, or by a sudo that asks nothing. */
async function installPackages(wanted: readonly string[]): Promise<void> {
  const known = await tryRun('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...wanted]);
  const installed = new Set(
    known.stdout
      .toString()
      .split('\n')
      .flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])),
  );
  const missing = wanted.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  const asRoot = process.getuid?.() === 0;
  const [program, before] = asRoot ? ['apt-get', []] : ['sudo', ['-n', 'apt-get']];
  // RUNLEVEL=1 keeps maintainer scripts from starting services.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await runLogged('apt-update', program, [...before, 'update', '-qq'], { env });
  await runLogged('apt-install', program, [...before, 'install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env,
  });
}

/** Any JDK will do that starts a source file; where there is none, Debian's. */
async function javaPackages(): Promise<readonly string[]> {
  const { status } = await tryRun('sh', ['-c', 'command -v javac']);
  return status === 0 ? [] : ['default-jdk-headless'];
}

/** containerd is unpacked, not installed: nobody wants its service. */
async function containerd(): Promise<void> {
  const folder = join(GROUND, 'containerd');
  if (await exists(join(folder, 'usr', 'bin', 'ctr'))) return;
  await mkdir(folder, { recursive: true });
  await runLogged(
    'containerd',
    'sh',
    ['-c', 'apt-get download -qq containerd && dpkg -x containerd_*.deb . && rm containerd_*.deb'],
    { cwd: folder },
  );
}

async function goProgram(name: string, module: string): Promise<void> {
  const file = join(BIN, name);
  if (await exists(file)) return;
  const folder = join(GROUND, 'go', name);
  await mkdir(folder, { recursive: true });
  const env = { GOBIN: folder, GOFLAGS: '-buildvcs=false -trimpath', CGO_ENABLED: '0' };
  await runLogged(name, 'go', ['install', module], { env });
  await rename(join(folder, name), file);
}

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Installs what is missing; a second call takes a second. */
export async function installTools(): Promise<void> {
  await mkdir(BIN, { recursive: true });
  // The Go linker and apt both want a core: the two cores of a small machine are shared well by these two chains.
  const go = async (): Promise<void> => {
    for (const [name, module] of Object.entries(GO_PROGRAMS)) await goProgram(name, module);
    for (const version of Object.values(NODES)) await installNode(version);
  };
  const apt = javaPackages()
    .then((java) => installPackages([...APT_PACKAGES, ...java]))
    .then(containerd);
  await Promise.all([apt, go()]);
  await run('crane', ['version']);
}

/** The user for rootless runs; undefined where this process may not make one. */
export async function plainUser(): Promise<string | undefined> {
  const name = 'imagespec-peer';
  if (process.getuid?.() !== 0) return undefined;
  if ((await tryRun('id', [name])).status !== 0) {
    await run('useradd', ['--create-home', '--home-dir', join(GROUND, 'home'), '--shell', '/bin/bash', name]);
  }
  return name;
}
