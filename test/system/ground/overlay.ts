// Work in a root that lies over folders which it never changes: overlayfs with its changes in memory, in a mount namespace that ends with it.
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './folder.ts';

export interface OverlayWork {
  /** Folders of the host, the uppermost first. */
  readonly lowers: readonly string[];
  /** For bash: `$ROOT` is the root, `$UPPER` has its changes, `inside PROGRAM ARGUMENT…` runs a program there. */
  readonly script: string;
  /** `$1`, `$2`, … of the script. */
  readonly args?: readonly string[];
  /** What changes, where it shall stay: a folder for the upper one, and an empty one beside it. */
  readonly kept?: { readonly upper: string; readonly work: string };
}

/** The network is the host's, so its name server is too; /dev is the base's own. */
const PREPARE = `umask 022
PLACE=$1 LOWERS=$2 UPPER=$3 WORK=$4; shift 4
mount -t tmpfs -o mode=755,size=90% tmpfs "$PLACE"
ROOT=$PLACE/root
test -n "$UPPER" || { UPPER=$PLACE/upper; WORK=$PLACE/work; }
mkdir -p "$ROOT" "$UPPER" "$WORK"
mount -t overlay overlay -o "lowerdir=$LOWERS,upperdir=$UPPER,workdir=$WORK" "$ROOT"
if test -d "$ROOT/proc"; then mount -t proc proc "$ROOT/proc"; fi
if test -f "$ROOT/etc/resolv.conf"; then mount --bind /etc/resolv.conf "$ROOT/etc/resolv.conf"; fi
hostname imagespec
inside() {
  chroot "$ROOT" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}
`;

/** Runs as root, or by a sudo that asks nothing. @returns what the script prints; a status other than 0 is an error */
export async function inOverlay({ lowers, script, args = [], kept }: OverlayWork): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'imagespec-overlay-'));
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--uts', '--ipc'];
  const places = [place, lowers.join(':'), kept?.upper ?? '', kept?.work ?? ''];
  const all = [...namespaces, 'bash', '-euo', 'pipefail', '-c', PREPARE + script, 'bash', ...places, ...args];
  try {
    return await run(...asRoot('unshare', all));
  } finally {
    await rmdir(place);
  }
}

export function asRoot(program: string, args: readonly string[]): [string, string[]] {
  return process.getuid?.() === 0 ? [program, [...args]] : ['sudo', ['-n', program, ...args]];
}
