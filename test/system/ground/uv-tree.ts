// The tree that `uv pip install` makes in a venv for a target that is not this machine: the other side of the tree oracle.
// The venv believes that it is at `/opt/venv` of an image, though it lies below a folder of the host.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificates } from './environment.ts';
import { GROUND, run } from './folder.ts';
import type { InstalledTree } from './installed-tree.ts';
import { treeOfFolder } from './installed-tree.ts';
import type { Architecture, Target } from './oracle-target.ts';
import { factsOf, MACHINES } from './oracle-target.ts';

/** Where a venv is in every image. */
const ENVIRONMENT = '/opt/venv';
/** Wheels that were fetched and unpacked stay from run to run; of an index that is gone afterwards nothing stays. */
const CACHE = join(GROUND, 'oracle-uv');

export interface UvVenv {
  /** Host path of the program. */
  readonly uv: string;
  readonly target: Target;
  readonly architecture: Architecture;
  /** Host folder of this venv alone, which lies in `opt/venv` below it. */
  readonly folder: string;
  /** Working directory, where relative paths of requirements start. */
  readonly from: string;
  /** Package index instead of the machine's own. */
  readonly index?: string | undefined;
}

/** Makes the venv, installs what is wanted as uv's command line takes it, and reads what is there. */
export async function treeOfUv(venv: UvVenv, wants: readonly string[]): Promise<InstalledTree> {
  const place = join(venv.folder, 'opt', 'venv');
  await runUv(venv, ['venv', place]);
  // Links into uv's cache would share the modes of its files.
  await runUv(venv, ['pip', 'install', '--only-binary', ':all:', '--link-mode', 'copy', ...indexOf(venv), ...wants]);
  return treeOfFolder(place);
}

/** Runs in a mount namespace of its own, which writes to /opt in memory: what the host has there (Python, maybe) stays in sight. */
const AT_THE_PLACE = `umask 022; uv=$0; out=$1; export UV_CACHE_DIR=$2; shift 2
mkdir -p "$out/memory"; mount -t tmpfs tmpfs "$out/memory"; mkdir "$out/memory/upper" "$out/memory/work"
mount -t overlay overlay -o "lowerdir=/opt,upperdir=$out/memory/upper,workdir=$out/memory/work" /opt
"$uv" venv --quiet --clear --python python3 ${ENVIRONMENT}
"$uv" pip install --quiet --python ${ENVIRONMENT}/bin/python --only-binary :all: --link-mode copy "$@"
cp -a ${ENVIRONMENT} "$out"`;

/** The same for this host's own `python3`, with the venv really at `/opt/venv`: nothing is made up. Needs root. */
export async function treeOfRealUv({ uv, folder, from }: UvVenv, wants: readonly string[]): Promise<InstalledTree> {
  const args = ['--mount', 'sh', '-euc', AT_THE_PLACE, uv, folder, CACHE, ...wants];
  await run('unshare', args, { cwd: from, env: certificates() });
  return treeOfFolder(join(folder, 'venv'));
}

/** A lock file (PEP 751) of these packages for the venv's target, at a path below `from`. */
export async function lockByUv(venv: UvVenv, packages: readonly string[], file: string): Promise<void> {
  const args = [
    'pip',
    'compile',
    '--only-binary',
    ':all:',
    '--format',
    'pylock.toml',
    '-o',
    file,
    ...indexOf(venv),
    '-',
  ];
  await runUv(venv, args, packages.join('\n'));
}

const cacheFor = ({ index, folder }: UvVenv): string => (index === undefined ? CACHE : join(folder, 'uv-cache'));
const indexOf = ({ index }: UvVenv): string[] => (index === undefined ? [] : ['--default-index', index]);

async function runUv(venv: UvVenv, args: readonly string[], input?: string): Promise<void> {
  const { uv, folder, from } = venv;
  const cache = cacheFor(venv);
  await mkdir(join(folder, 'opt'), { recursive: true });
  const common = ['--python', await writeVenvStandIn(venv), '--no-python-downloads', '--cache-dir', cache, '--quiet'];
  // Modes of what uv writes follow the umask of whoever runs the tests.
  const script = 'umask 022; exec "$0" "$@"';
  await run('sh', ['-c', script, uv, ...args, ...common], { cwd: from, env: certificates(), ...(input && { input }) });
}

/**
 * A program that answers uv as the venv's interpreter would: paths of installation lie on this host, everything that reaches a file's
 * content (`sys.executable`) is the image's. Written apart from `src/python/stand-in.ts`, so that its mistakes do not come here.
 */
async function writeVenvStandIn({ folder, target, architecture }: UvVenv): Promise<string> {
  const { version, minor, freeThreaded, program, libc } = factsOf(target);
  const venv = join(folder, 'opt', 'venv');
  const scheme = { purelib: `lib/${program}/site-packages`, platlib: `lib/${program}/site-packages` };
  const below = { ...scheme, include: `include/site/${program}`, scripts: 'bin' };
  const answer = {
    result: 'success',
    markers: {
      implementation_name: 'cpython',
      implementation_version: version,
      os_name: 'posix',
      platform_machine: MACHINES[architecture],
      platform_python_implementation: 'CPython',
      platform_release: '6.1.0',
      platform_system: 'Linux',
      platform_version: '#1 SMP',
      python_full_version: version,
      python_version: minor,
      sys_platform: 'linux',
    },
    sys_base_prefix: '/usr/local',
    sys_base_exec_prefix: '/usr/local',
    sys_base_executable: `/usr/local/bin/${program}`,
    sys_prefix: venv,
    sys_executable: `${ENVIRONMENT}/bin/python`,
    sys_path: [],
    site_packages: [join(venv, scheme.purelib)],
    stdlib: `/usr/local/lib/${program}`,
    extension_suffixes: ['.so'],
    standalone: false,
    scheme: { ...Object.fromEntries(Object.entries(below).map(([key, path]) => [key, join(venv, path)])), data: venv },
    virtualenv: { ...below, data: '' },
    os: { name: libc.kind === 'glibc' ? 'manylinux' : 'musllinux', major: libc.major, minor: libc.minor },
    arch: MACHINES[architecture],
    cpu_info: { detected: { kind: 'flags', flags: '' } },
    manylinux_compatible: libc.kind === 'glibc',
    gil_disabled: freeThreaded,
    debug_enabled: false,
    pointer_size: '64',
  };
  const path = join(folder, 'python3');
  await writeFile(path, `#!/bin/sh\nexec cat <<'END'\n${JSON.stringify(answer)}\nEND\n`);
  await chmod(path, 0o755);
  return path;
}
