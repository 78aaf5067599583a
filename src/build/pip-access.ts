// How the package indexes of a spec are reached: what `pip_secret_mounts` say, and the host's own netrc.
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Context } from '../core/context.ts';
import type { Login, Netrc } from '../python/netrc.ts';
import { parseNetrc } from '../python/netrc.ts';
import type { Wants } from '../python/wants.ts';
import type { Environment } from './environment.ts';
import type { Job } from './job.ts';
import type { BuildSecrets, SecretFile } from './secrets.ts';
import { writePrivate } from './secrets.ts';

export interface PipAccess {
  /** As pip.conf and uv.toml have them. May hold credentials. */
  readonly indexUrls: readonly string[];
  readonly netrc: Netrc;
}

const NETRC = /^[._]?netrc$/;
const isNetrc = ({ target }: SecretFile): boolean => NETRC.test(basename(target));
const isPipConfig = ({ target }: SecretFile): boolean => basename(target) === 'pip.conf';
const isUvConfig = ({ target }: SecretFile): boolean => basename(target) === 'uv.toml';
const textOf = ({ bytes }: SecretFile): string => bytes.toString();
const called = ({ name }: SecretFile): string => `The file ${name} under \`pip_secret_mounts\``;

/** What downloads of wheels need to know. Throws as `parsePipConfig` does. */
export async function pipAccess({ pip }: BuildSecrets, environment: Environment): Promise<PipAccess> {
  const config = await pipConfig(pip);
  const uv = pip.find(isUvConfig);
  const { indexUrlsOfUvConfig } = await import('../python/index-config.ts');
  const ofUv = uv ? indexUrlsOfUvConfig(textOf(uv), called(uv)) : [];
  const given = pip.find(isNetrc);
  const text = given ? textOf(given) : await readFile(hostNetrc(environment), 'utf8').catch(() => '');
  return { indexUrls: [...config.indexUrls, ...ofUv], netrc: parseNetrc(text) };
}

async function pipConfig(pip: readonly SecretFile[]) {
  const { parsePipConfig } = await import('../python/index-config.ts');
  const all = pip.filter(isPipConfig).map((file) => parsePipConfig(textOf(file), called(file)));
  const indexUrl = all.find((one) => one.indexUrl !== undefined)?.indexUrl;
  const extra = all.flatMap((one) => one.extraIndexUrls);
  return { indexUrl, extra, indexUrls: [...(indexUrl === undefined ? [] : [indexUrl]), ...extra] };
}

function hostNetrc({ variables, home }: Environment): string {
  return variables['NETRC'] || join(home, '.netrc');
}

/** What is wanted, with the indexes of a pip.conf, which uv does not read itself; those of the spec come first. */
export async function withPipIndexes(wants: Wants, { pip }: BuildSecrets): Promise<Wants> {
  const { indexUrl, extra } = await pipConfig(pip);
  const pipIndex = wants.pipIndex ?? indexUrl;
  return {
    ...wants,
    ...(pipIndex !== undefined && { pipIndex }),
    pipExtraIndexUrls: [...wants.pipExtraIndexUrls, ...extra],
  };
}

/**
 * Writes the files into a home of their own, and gives the variables with which uv finds them there: those of /root at their places below
 * it. What the files do not say stays with the host's own configuration.
 * @param home empty, for this resolution alone
 */
export async function uvVariables(
  ctx: Context,
  { pip }: BuildSecrets,
  environment: Environment,
  home: string,
): Promise<Environment['variables']> {
  const { variables, home: ownHome } = environment;
  if (pip.length === 0) return variables;
  const places = new Map<SecretFile, string>();
  for (const [index, file] of pip.entries()) {
    const isOfRoot = file.target.startsWith('/root/');
    const place = isOfRoot ? join(home, relative('/root', file.target)) : join(home, '.imagespec', String(index));
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    await writePrivate(place, file.bytes, 0o600);
    places.set(file, place);
    if (isOfRoot || isNetrc(file) || isPipConfig(file) || isUvConfig(file)) continue;
    const message = `${file.target} (pip_secret_mounts) is none of .netrc, pip.conf and uv.toml: nothing reads it while packages are resolved`;
    ctx.emit({ type: 'log', level: 'warning', message });
  }
  const placeOf = (isIt: (file: SecretFile) => boolean): string | undefined => places.get(pip.find(isIt)!);
  const config = placeOf(isUvConfig);
  return {
    ...variables,
    HOME: home,
    XDG_CONFIG_HOME: variables['XDG_CONFIG_HOME'] || join(ownHome, '.config'),
    XDG_DATA_HOME: variables['XDG_DATA_HOME'] || join(ownHome, '.local', 'share'),
    NETRC: placeOf(isNetrc) ?? hostNetrc(environment),
    ...(config !== undefined && { UV_CONFIG_FILE: config, UV_NO_CONFIG: undefined }),
  };
}

/** Of a host; the entry for all others holds for those that an index is on. */
export function loginFor(url: URL, { machines, fallback }: Netrc, indexes: readonly URL[]): Login | undefined {
  const isIndex = indexes.some(({ host }) => host === url.host);
  return machines.get(url.hostname) ?? (isIndex ? fallback : undefined);
}

/** What a build's parts ask for when they need it. */
export function accessFinder({ secrets, services }: Pick<Job, 'secrets' | 'services'>): () => Promise<PipAccess> {
  let found: Promise<PipAccess> | undefined;
  return () => (found ??= secrets().then((opened) => pipAccess(opened, services.environment)));
}
