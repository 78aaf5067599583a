// The root of all that Debian calls essential, as mmdebstrap makes it by real dpkg: what images from nothing are held against.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fieldOf, parseStanzas } from '../../../src/deb/control.ts';
import { readChoice } from './apt-choice.ts';
import type { AptRoot } from './apt-root.ts';
import { besideRoot, unpackRoot } from './apt-root.ts';
import { sourcesFor } from './bases.ts';
import { GROUND, run, runLogged } from './folder.ts';
import { exists } from './tools.ts';

/** /usr is merged before the first package is unpacked, as installers do it; else the package usrmerge copies, and hard links become two files. */
const MERGE = 'for name in bin sbin lib lib64; do mkdir -p "$1/usr/$name" && ln -s "usr/$name" "$1/$name"; done';

/** What mmdebstrap leaves besides packages: settings and folders for an apt that the root does not have, and settings of the machine. */
const NOT_OF_PACKAGES = [
  'etc/apt/preferences.d',
  'etc/apt/sources.list.d',
  'etc/fstab',
  'etc/hostname',
  'etc/resolv.conf',
  'var/cache/apt',
  'var/lib/apt',
  'var/lib/dpkg/arch',
];

/** For the machine's apt, with nothing of the machine's settings and state; the keyrings alone are its own. For apt, apt itself would be essential. */
const SETTINGS = (place: string): string => `Dir "${place}";
Dir::Bin::dpkg "/usr/bin/dpkg";
Dir::Bin::methods "/usr/lib/apt/methods";
Dir::Etc::trusted "/etc/apt/trusted.gpg";
Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
Dir::State::status "/dev/null";
APT::Sandbox::User "root";
pkgCacheGen::ForceEssential ",";
`;
const FOLDERS = [
  'etc/apt/apt.conf.d',
  'etc/apt/preferences.d',
  'etc/apt/sources.list.d',
  'var/lib/apt/lists/partial',
  'var/cache/apt/archives/partial',
  'var/log/apt',
];

/** apt is the machine's, dpkg the root's own. */
const APT_GET = (settings: string): string => `mkdir -p "$ROOT/var/cache/apt/archives/partial"
apt_get() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \\
    APT_CONFIG='${settings}' apt-get -o "DPkg::Chroot-Directory=$ROOT" -o "Dir::State::status=$ROOT/var/lib/dpkg/status" \\
    -o "Dir::State::extended_states=$PLACE/extended_states" -o "Dir::Cache::archives=$ROOT/var/cache/apt/archives" \\
    -o Dir::Cache::pkgcache= "$@"
}
`;

/** Asks the mirror what there is, and makes the root where there is none of these packages yet, which takes half a minute. */
export async function essentialRoot(suite: string): Promise<AptRoot> {
  const folder = join(GROUND, 'apt-roots', `essential-${suite}`);
  await mkdir(folder, { recursive: true });
  const { archives, policy } = await besideRoot(folder);
  const { sources, settings } = await prepareApt(join(folder, 'apt'), suite);
  const simulate = ['-qq', '-s', 'install', '--no-install-recommends', '?essential'];
  const packages = readChoice(await run('apt-get', simulate, { env: { APT_CONFIG: settings, LC_ALL: 'C' } }));
  const digest = createHash('sha256')
    .update(JSON.stringify([MERGE, NOT_OF_PACKAGES, packages]))
    .digest('hex');
  const root = join(folder, digest.slice(0, 16));
  if (!(await exists(root))) await makeRoot(suite, root, sources);
  const beneath = join(folder, 'empty');
  await mkdir(beneath, { recursive: true });
  const spec = {
    base_image: 'scratch',
    apt_essential: true,
    apt_sources: readSources(await readFile(sources, 'utf8')),
    platform: 'linux/amd64',
  };
  return { digest, beneath, packages, lowers: [policy, root], archives, apt: APT_GET(settings), spec };
}

async function prepareApt(place: string, suite: string): Promise<{ sources: string; settings: string }> {
  for (const folder of FOLDERS) await mkdir(join(place, folder), { recursive: true });
  const made = await sourcesFor(suite);
  const sources = join(place, 'etc/apt/sources.list.d', `${suite}${extname(made)}`);
  const settings = join(place, 'apt.conf');
  await rename(made, sources);
  await writeFile(settings, SETTINGS(place));
  await run('apt-get', ['-qq', 'update'], { env: { APT_CONFIG: settings } });
  await run('apt-cache', ['-qq', 'gencaches'], { env: { APT_CONFIG: settings } });
  return { sources, settings };
}

async function makeRoot(suite: string, root: string, sources: string): Promise<void> {
  const tar = `${root}.${process.pid}.tar`;
  try {
    // No SOURCE_DATE_EPOCH: it would cut the times of files.
    const env = { SOURCE_DATE_EPOCH: undefined };
    const args = ['-q', '--mode=unshare', '--variant=essential', `--setup-hook=${MERGE}`, suite, tar, sources];
    await runLogged('essential', 'mmdebstrap', args, { env });
    await unpackRoot(tar, root, NOT_OF_PACKAGES);
  } finally {
    await rm(tar, { force: true });
  }
}

/** A file of apt's as the spec's `apt_sources`. */
function readSources(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line.startsWith('deb '));
  if (lines.length > 0) return lines;
  const refuse = (line: string): never => {
    throw new Error(`"${line}" is no field`);
  };
  return parseStanzas(text.replace(/^#.*\n/gm, ''), refuse).map((stanza) => {
    const words = (name: string): string[] => fieldOf(stanza, name)?.split(/\s+/) ?? [];
    const key = fieldOf(stanza, 'Signed-By');
    const where = { uris: words('URIs'), suites: words('Suites'), components: words('Components') };
    return { ...where, ...(key === undefined ? {} : { signed_by: key }) };
  });
}
