// Which Debian packages a platform gets: from the lock file as long as it answers the same question, else resolved anew.
import { isAbsolute, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf, isDigest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import type { AptSource } from '../apt/apt-source.ts';
import type { DebianLock, LockedDeb } from '../deb/locked-deb.ts';
import type { BaseReader } from './base.ts';
import type { DebianWants } from './inputs.ts';
import type { Job } from './job.ts';
import type { Answer, KeptLock } from './locks.ts';
import { lackingPackages } from './lacking-packages.ts';
import { lockWouldChange } from './locks.ts';

export interface DebianQuestion {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  /** As dpkg names it. */
  readonly architecture: string;
  readonly wants: DebianWants;
  readonly reader: BaseReader;
  readonly job: Job;
}

/** Throws `LOCK_CHANGED`, `APT_SOURCES_MISSING`, `PACKAGE_UNKNOWN`, `PACKAGES_CONFLICT`, and what reading sources throws. */
export async function lockDebian(
  ctx: Context,
  asked: DebianQuestion,
  before: KeptLock,
  sources: () => Promise<readonly AptSource[]>,
): Promise<Answer<DebianLock>> {
  const { name, job } = asked;
  const question = await questionKey(ctx, asked);
  const known = before.content.platforms[name]?.debian;
  if (known?.inputs === question) return { question, lock: lockOf(known.packages), fresh: false };
  if (job.options.frozen) throw lockWouldChange(name, known !== undefined, job);
  const packages = await step(ctx, { step: 'resolve', subject: `Debian packages for ${name}` }, async () =>
    resolve(ctx, asked, await sources()),
  );
  return { question, lock: lockOf(packages), fresh: true };
}

function lockOf(packages: readonly LockedDeb[]): DebianLock {
  return { packages, digest: keyOf(packages.map(({ digest, requested }) => ({ digest, requested }))) };
}

/** What was asked for, and on top of which packages. Where sources are those of the machine, another machine's are as good. */
async function questionKey(ctx: Context, { architecture, wants, reader, job }: DebianQuestion): Promise<Digest> {
  const { packages, essential, sources, python, certificates } = wants;
  return keyOf({
    packages,
    ...(python && { python: python.version ?? 'any' }),
    ...(certificates && { certificates }),
    essential,
    sources: sources ? JSON.stringify(sources) : undefined,
    architecture,
    installed: await installedKey(ctx, reader, job),
  });
}

/** Digest of the packages of the base; kept, so that a known lock needs no facts. */
async function installedKey(ctx: Context, { base, facts }: BaseReader, { services: { cache } }: Job): Promise<Digest> {
  const key = keyOf({ installed: base.key });
  const known = await cache.readRecord('installed', key);
  const digest = known && new TextDecoder().decode(known);
  if (digest !== undefined && isDigest(digest)) return digest;
  const { installedPackages } = await import('../dpkg/installed.ts');
  const found = installedPackages(await facts(ctx));
  const lines = found.map(({ name, version, architecture }) => `${name}:${architecture} ${version}\n`).sort();
  const made = digestOf(lines.join(''));
  await cache.writeRecord('installed', key, new TextEncoder().encode(made));
  return made;
}

async function resolve(
  ctx: Context,
  { architecture, wants, reader, job }: DebianQuestion,
  sources: readonly AptSource[],
): Promise<readonly LockedDeb[]> {
  const { services, options } = job;
  const { cache, http, environment, downloads } = services;
  const [{ openArchive }, { resolvePackages }, { parseWant }, { installedVersions }] = await Promise.all([
    import('../apt/archive.ts'),
    import('../apt/resolve.ts'),
    import('../apt/want.ts'),
    import('../dpkg/installed.ts'),
  ]);
  const { index, releases } = await openArchive(ctx, sources, architecture, {
    cache,
    http,
    now: environment.now,
    offline: options.offline ?? false,
    meter: downloads,
    // New lists mean new packages; of lists that are known, the packages mostly are too.
    onNewIndex: job.debs.expect,
  });
  const installed = installedVersions(await reader.facts(ctx), architecture);
  // An image from nothing needs the files of these to be a system at all: folders with their modes, and accounts.
  const seeds = reader.base.image ? [] : ['base-files', 'base-passwd'];
  const choose = (words: readonly string[]): ReturnType<typeof resolvePackages>['install'] =>
    resolvePackages({
      wants: [...seeds, ...words].map(parseWant),
      index,
      suites: releases.map(({ codename, suite, asked }) => codename ?? suite ?? asked),
      installed,
      architecture,
      essential: wants.essential,
    }).install;
  const asked = choose(wants.packages);
  const more = lackingPackages(
    asked.map(({ candidate }) => candidate),
    index,
    wants,
  );
  const words = [...wants.packages, ...more];
  const named = new Set(words.map((word) => parseWant(word).name));
  return (more.length === 0 ? asked : choose(words)).map(({ candidate, requested }): LockedDeb => {
    const { name, version, architecture: own, url, digest, size, suites, snapshot } = candidate;
    const isRequested = requested && (named.has(name) || !seeds.includes(name));
    return {
      name,
      version,
      architecture: own,
      url,
      digest,
      size,
      requested: isRequested,
      suites,
      ...(snapshot && { snapshot }),
    };
  });
}

/** Where packages come from: what the spec says, else the base's own lists, and for an image from nothing this host's. */
export async function findSources(ctx: Context, { wants, reader, job }: DebianQuestion): Promise<readonly AptSource[]> {
  const { baseAptFolder, hostAptFolder } = await import('../apt/apt-folder.ts');
  const { readAptSources } = await import('../apt/apt-sources.ts');
  const isScratch = reader.base.image === undefined;
  const folder = isScratch ? hostAptFolder() : baseAptFolder(await reader.facts(ctx));
  if (wants.sources) {
    const { readSpecSources } = await import('../apt/spec-sources.ts');
    const { directory } = job.loaded;
    return readSpecSources(wants.sources, {
      env: job.services.environment.variables,
      fallback: folder,
      pathOf: (file) => (isAbsolute(file) ? file : join(directory, file)),
    });
  }
  const sources = readAptSources(folder, isScratch ? 'host' : 'base');
  if (sources.length > 0) return sources;
  const where = isScratch ? 'this machine has no lists of apt' : `${reader.base.name} has no lists of apt`;
  throw new ImageSpecError('APT_SOURCES_MISSING', `Nothing says where Debian packages come from: ${where}`, {
    hint: 'Name the sources under `apt_sources`, for example "deb https://mirror.example/debian bookworm main".',
  });
}
