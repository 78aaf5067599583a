// `npm run count:scripts`: counts, over packages that people put into images most, what their maintainer scripts need; writes docs/debian-scripts.md.
// Needs a mirror and some minutes, so it is run by hand.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureForBuild } from '../src/build/base.ts';
import type { LockFile } from '../src/build/lock-file.ts';
import { createContext } from '../src/core/context.ts';
import { isImageSpecError } from '../src/core/error.ts';
import { openDeb } from '../src/deb/open-deb.ts';
import type { OpenedDeb } from '../src/deb/opened-deb.ts';
import { captureForDebian } from '../src/dpkg/capture.ts';
import type { WantedDeb } from '../src/dpkg/install.ts';
import { installOver } from '../src/dpkg/install-over.ts';
import type { BaseFacts } from '../src/filesystem/facts.ts';
import { EMPTY_FACTS } from '../src/filesystem/facts.ts';
import { readFacts } from '../src/filesystem/read-layers.ts';
import { createLocalCache } from '../src/store/cache.ts';
import { baseImage } from '../test/system/ground/bases.ts';
import { baseLayout } from '../test/system/ground/our-tree.ts';

const PACKAGES =
  'git curl wget ca-certificates build-essential gcc g++ make cmake pkg-config libgl1 libglib2.0-0 libsm6 libxext6 libxrender1 libgomp1 ffmpeg postgresql-client libpq-dev default-libmysqlclient-dev openssh-client nginx locales default-jre-headless imagemagick nodejs npm python3 python3-pip python3-venv python3-dev tini vim nano less unzip zip gnupg jq procps iputils-ping net-tools dnsutils netcat-openbsd sudo tzdata libssl-dev libffi-dev libxml2-dev zlib1g-dev libjpeg-dev redis-tools sqlite3 libsndfile1 poppler-utils tesseract-ocr graphviz supervisor cron rsync'.split(
    ' ',
  );

type Class = 'none' | 'generated' | 'own' | 'refused';

interface Place {
  /** As a spec names it. */
  readonly base: string;
  readonly facts: BaseFacts;
}

interface Refusal {
  readonly package: string;
  readonly script: string;
  readonly reason: string;
}

interface Counted {
  readonly name: string;
  readonly classes: ReadonlyMap<string, Class>;
  readonly refusals: readonly Refusal[];
}

interface Installed {
  readonly refusals: readonly Refusal[];
  /** Of the installed base-files, or that of the base. */
  readonly release: string;
}

const CLI = [process.execPath, join(import.meta.dirname, '../bin/imagespec.js')] as const;
const ON_INSTALLATION = ['preinst', 'postinst', 'config'];
const RELEASE_FILE = 'etc/debian_version';
/** One line. */
const RELEASE_LIMIT_BYTES = 1000;

const folder = await mkdtemp(join(tmpdir(), 'imagespec-count-'));
const cacheFolder = join(tmpdir(), 'imagespec-count-cache');
const cache = createLocalCache(cacheFolder, { now: Date.now, random: () => String(process.hrtime.bigint()) });
const captureOfBuild = await captureForBuild();
const capture = (path: string): number | undefined =>
  path === RELEASE_FILE ? RELEASE_LIMIT_BYTES : (captureForDebian(path) ?? captureOfBuild(path));
const releases = new Set<string>();
try {
  await baseLayout(folder, 'bookworm-amd64');
  const { layers } = await baseImage('bookworm-amd64');
  const scratch: Place = { base: 'scratch', facts: EMPTY_FACTS };
  const slim: Place = { base: 'oci:../base', facts: await readFacts(createContext(), layers, { capture }) };
  const onNothing: Counted[] = [];
  const onBase: Counted[] = [];
  for (const name of PACKAGES) {
    onNothing.push(await count(name, scratch));
    onBase.push(await count(name, slim));
  }
  await writeFile(join(import.meta.dirname, 'debian-scripts.md'), page(onNothing, onBase));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function count(name: string, place: Place): Promise<Counted> {
  const debs = await closureOf(name, place.base);
  const { refusals, release } = install(debs, place);
  if (place.base === 'scratch') releases.add(release);
  const refused = new Set(refusals.map((one) => one.package));
  const classes = new Map(debs.map(({ deb }) => [deb.name, refused.has(deb.name) ? 'refused' : classOf(deb)] as const));
  console.error(`${name} on ${place.base}: ${classes.size} packages, ${refused.size} refused`);
  return { name, classes, refusals };
}

/** The command line chooses and fetches; `never`, so that no script ends it. */
async function closureOf(name: string, base: string): Promise<WantedDeb[]> {
  const cwd = await mkdtemp(join(folder, 'spec-'));
  const spec = { name: 'count', base_image: base, apt_packages: [name], apt_configure: 'never' };
  await writeFile(join(cwd, 'imagespec.yaml'), JSON.stringify(spec));
  const env = { ...process.env, IMAGESPEC_CACHE: cacheFolder };
  const { status, stderr } = spawnSync(CLI[0], [CLI[1], 'build', '--json', '-o', 'oci:out'], {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  await rm(join(cwd, 'out'), { recursive: true });
  const lock = JSON.parse(await readFile(join(cwd, 'imagespec.lock'), 'utf8')) as LockFile;
  const debs: WantedDeb[] = [];
  for (const locked of lock.platforms['linux/amd64']!.debian?.packages ?? []) {
    const file = (await cache.find(locked.digest))!;
    const deb = await openDeb(createContext(), file, locked.digest, locked, { cache });
    debs.push({ deb, requested: locked.requested });
  }
  return debs;
}

/**
 * Installs as a build does, again and again, each time without the script that was refused before. So every script of the others is tried:
 * where packages are left unpacked instead, those that depend on them are not configured, and their scripts say nothing.
 * Verdicts are not read from the cache, which may know them from another version.
 */
function install(wanted: readonly WantedDeb[], { base, facts }: Place): Installed {
  let debs = wanted;
  const refusals: Refusal[] = [];
  const options = { architecture: 'amd64', otherwise: 'refuse', epoch: 0, base, capture } as const;
  for (;;) {
    try {
      const { captured } = installOver(facts, debs, options).facts;
      return { refusals, release: new TextDecoder().decode(captured.get(RELEASE_FILE)).trim() };
    } catch (error) {
      const refusal = refusalOf(error);
      const has = ({ deb }: WantedDeb): boolean => deb.name === refusal.package && deb.members.has(refusal.script);
      // A script of the base's own packages cannot be left out.
      if (!debs.some(has)) throw error;
      refusals.push(refusal);
      debs = debs.map((one) => (has(one) ? { ...one, deb: without(one.deb, refusal.script) } : one));
    }
  }
}

function refusalOf(error: unknown): Refusal {
  if (!isImageSpecError(error) || error.code !== 'CONFIGURE_UNSUPPORTED') throw error;
  const { package: name, script } = error.facts;
  return { package: String(name), script: String(script), reason: (error.cause as Error).message };
}

function without(deb: OpenedDeb, script: string): OpenedDeb {
  return { ...deb, members: new Map([...deb.members].filter(([name]) => name !== script)) };
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

/** Distinct packages of all closures; what is refused in one closure is refused, whatever it is in others. */
function classesOfAll(all: readonly Counted[]): ReadonlyMap<string, Class> {
  const found = new Map(all.flatMap(({ classes }) => [...classes]));
  for (const { refusals } of all) for (const one of refusals) found.set(one.package, 'refused');
  return found;
}

/** A row for each package, script and reason, with the packages that were asked for. */
function refusedRows(scratch: readonly Counted[], base: readonly Counted[]): string[] {
  const askers = (list: readonly Counted[], key: string): string =>
    list
      .filter(({ refusals }) => refusals.some((one) => JSON.stringify(one) === key))
      .map(({ name }) => `\`${name}\``)
      .join(', ');
  const keys = new Set([...scratch, ...base].flatMap(({ refusals }) => refusals.map((one) => JSON.stringify(one))));
  return [...keys].sort().map((key) => {
    const { package: name, script, reason } = JSON.parse(key) as Refusal;
    const why = reason.replaceAll('|', '\\|');
    return `| \`${name}\` | ${script} | ${why} | ${askers(scratch, key)} | ${askers(base, key)} |`;
  });
}

function page(scratch: readonly Counted[], base: readonly Counted[]): string {
  const number = ({ classes }: Counted, wanted: Class): number =>
    [...classes.values()].filter((one) => one === wanted).length;
  const cells = (one: Counted): string[] => [
    String(one.classes.size),
    ...(['none', 'generated', 'own', 'refused'] as const).map((wanted) => String(number(one, wanted))),
  ];
  const rows = scratch.map((one, i) => `| \`${one.name}\` | ${[...cells(one), ...cells(base[i]!)].join(' | ')} |`);
  const all = classesOfAll([...scratch, ...base]);
  const total = (wanted: Class): number => [...all.values()].filter((one) => one === wanted).length;
  const whole = (list: readonly Counted[]): number => list.filter(({ refusals }) => refusals.length === 0).length;
  const day = new Date().toISOString().slice(0, 10);
  return `<!-- Written by \`npm run count:scripts\`. -->

# Maintainer scripts, counted

${PACKAGES.length} packages that people put into images most, each installed with all that it needs, on nothing and on a slim base with Python: Debian bookworm ${[...releases].join(', ')} with its updates, amd64, on ${day}. Of every package, the scripts that a new installation runs (preinst, postinst, config) fall into one of four classes:

- **none**: the package has no such script;
- **generated**: nothing but sections that debhelper wrote, carried out;
- **own**: a script has lines of its own, and all are carried out;
- **refused**: a script asks for something that our shell does not do exactly; dpkg of the image configures the package in the sandbox, where there is one, and else it is refused by name.

A refused script is left out and the installation begun anew, so that the scripts of all others are tried; one that looks for what the refused script makes may do less then.

In all, ${all.size} different packages: ${total('none')} none, ${total('generated')} generated, ${total('own')} own, ${total('refused')} refused. Of the ${PACKAGES.length}, ${whole(scratch)} are configured whole on nothing without running anything, and ${whole(base)} on the base. Where the result differs from apt's is listed in [Differences to apt](debian-differences.md).

| | on nothing: packages | none | generated | own | refused | on the base: packages | none | generated | own | refused |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

## Refused

| package | script | why | asked for by, on nothing | asked for by, on the base |
| --- | --- | --- | --- | --- |
${refusedRows(scratch, base).join('\n')}

What becomes of them is told in [Debian packages](debian.md#scripts-that-must-be-run). \`openjdk-17-jre-headless\` fails on a base without manuals for apt too.
`;
}
