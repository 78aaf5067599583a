// `npm run count:scripts`: counts, over packages that people put into images most, what their maintainer scripts need; writes docs/debian-scripts.md.
// Needs a mirror and some minutes, so it is run by hand.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LockFile } from '../src/build/lock-file.ts';
import type { BuildResult } from '../src/build/result.ts';
import { createContext } from '../src/core/context.ts';
import { openDeb } from '../src/deb/open-deb.ts';
import type { OpenedDeb } from '../src/deb/opened-deb.ts';
import { createLocalCache } from '../src/store/cache.ts';
import { baseLayout } from '../test/system/ground/our-tree.ts';

const PACKAGES =
  'git curl wget ca-certificates build-essential gcc g++ make cmake pkg-config libgl1 libglib2.0-0 libsm6 libxext6 libxrender1 libgomp1 ffmpeg postgresql-client libpq-dev default-libmysqlclient-dev openssh-client nginx locales default-jre-headless imagemagick nodejs npm python3 python3-pip python3-venv python3-dev tini vim nano less unzip zip gnupg jq procps iputils-ping net-tools dnsutils netcat-openbsd sudo tzdata libssl-dev libffi-dev libxml2-dev zlib1g-dev libjpeg-dev redis-tools sqlite3 libsndfile1 poppler-utils tesseract-ocr graphviz supervisor cron rsync'.split(
    ' ',
  );

type Class = 'none' | 'generated' | 'own' | 'refused';

interface Counted {
  readonly name: string;
  readonly classes: ReadonlyMap<string, Class>;
  /** Package → reason. */
  readonly refused: ReadonlyMap<string, string>;
}

const CLI = [process.execPath, join(import.meta.dirname, '../bin/imagespec.js')] as const;
const ON_INSTALLATION = ['preinst', 'postinst', 'config'];

const folder = await mkdtemp(join(tmpdir(), 'imagespec-count-'));
const cacheFolder = join(tmpdir(), 'imagespec-count-cache');
const cache = createLocalCache(cacheFolder, { now: Date.now, random: () => String(process.hrtime.bigint()) });
try {
  await baseLayout(folder, 'bookworm-amd64');
  const bases = ['scratch', 'oci:../base'];
  const counted = new Map<string, Counted[]>();
  for (const base of bases) counted.set(base, []);
  for (const name of PACKAGES) for (const base of bases) counted.get(base)!.push(await count(name, base));
  await writeFile(
    join(import.meta.dirname, 'debian-scripts.md'),
    page(counted.get('scratch')!, counted.get('oci:../base')!),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function count(name: string, base: string): Promise<Counted> {
  const cwd = join(folder, `${name}-${base === 'scratch' ? 'scratch' : 'base'}`);
  await mkdir(cwd);
  const spec = { name: 'count', base_image: base, apt_packages: [name], apt_configure: 'never' };
  await writeFile(join(cwd, 'imagespec.yaml'), JSON.stringify(spec));
  const env = { ...process.env, IMAGESPEC_CACHE: cacheFolder };
  const { status, stdout, stderr } = spawnSync(CLI[0], [CLI[1], 'build', '--json', '-o', 'oci:out'], {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  await rm(join(cwd, 'out'), { recursive: true });
  const { warnings } = (JSON.parse(stdout) as BuildResult).images[0]!;
  const reasons = warnings.flatMap((text) => {
    const [, one, reason] =
      /: (\S+) is left unpacked, not configured: .*? cannot be carried out: (.*)$/.exec(text) ?? [];
    return one === undefined || reason === undefined ? [] : [[one, reason] as const];
  });
  const refused = new Map(reasons);
  const lock = JSON.parse(await readFile(join(cwd, 'imagespec.lock'), 'utf8')) as LockFile;
  const classes = new Map<string, Class>();
  for (const locked of lock.platforms['linux/amd64']!.debian!.packages) {
    const file = (await cache.find(locked.digest))!;
    const deb = await openDeb(createContext(), file, locked.digest, locked, { cache });
    classes.set(deb.name, refused.has(deb.name) ? 'refused' : classOf(deb));
  }
  console.error(`${name} on ${base}: ${classes.size} packages, ${refused.size} refused`);
  return { name, classes, refused };
}

function classOf({ members }: OpenedDeb): Class {
  const scripts = ON_INSTALLATION.flatMap((name) => members.get(name) ?? []);
  if (scripts.length === 0) return 'none';
  return scripts.every(({ bytes }) => isGenerated(new TextDecoder().decode(bytes))) ? 'generated' : 'own';
}

/** Nothing but sections of debhelper, and what every script has around them. */
function isGenerated(script: string): boolean {
  const own = script
    .replace(/^# Automatically added by [^]*?^# End automatically added section$/gm, '')
    .replace(/^\s*#.*$/gm, '')
    .replace(/^\s*(?:set -e|exit 0|:|case "\$1" in|esac|;;|[a-z|()-]+\)\s*(?:;;)?|\*\)|echo .*>&2|exit 1)\s*$/gm, '');
  return own.trim() === '';
}

function page(scratch: readonly Counted[], base: readonly Counted[]): string {
  const number = ({ classes }: Counted, wanted: Class): number =>
    [...classes.values()].filter((one) => one === wanted).length;
  const cells = (one: Counted): string[] => [
    String(one.classes.size),
    ...(['none', 'generated', 'own', 'refused'] as const).map((wanted) => String(number(one, wanted))),
  ];
  const rows = scratch.map((one, i) => `| \`${one.name}\` | ${[...cells(one), ...cells(base[i]!)].join(' | ')} |`);
  const all = new Map([...scratch, ...base].flatMap(({ classes }) => [...classes]));
  const refused = new Map([...scratch, ...base].flatMap((one) => [...one.refused]));
  const total = (wanted: Class): number => [...all.values()].filter((one) => one === wanted).length;
  const whole = (list: readonly Counted[]): number => list.filter(({ refused: some }) => some.size === 0).length;
  const reasons = [...refused]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, why]) => `| \`${name}\` | ${why.replaceAll('|', '\\|')} |`);
  return `<!-- Written by \`npm run count:scripts\`. -->

# Maintainer scripts, counted

${PACKAGES.length} packages that people put into images most, each installed with all that it needs (Debian bookworm, amd64), on nothing and on a slim base with Python. Of every package, the scripts that a new installation runs (preinst, postinst, config) fall into one of four classes:

- **none**: the package has no such script;
- **generated**: nothing but sections that debhelper wrote;
- **own**: the script has lines of its own, and is carried out;
- **refused**: it asks for something that is not done exactly, and its package is refused by name.

In all, ${all.size} different packages: ${total('none')} none, ${total('generated')} generated, ${total('own')} own, ${total('refused')} refused. Of the ${PACKAGES.length}, ${whole(scratch)} are configured whole on nothing, and ${whole(base)} on the base.

| | on nothing: packages | none | generated | own | refused | on the base: packages | none | generated | own | refused |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

## Refused

| package | why |
| --- | --- |
${reasons.join('\n')}

What to do: choose a base image that has the package, or set \`apt_configure: never\`, which leaves it unpacked.
`;
}
