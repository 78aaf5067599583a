// What all parties of the bench start from: one registry with the base, the wheels as files, the same pins for everybody.
import { link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createContext } from '../src/core/context.ts';
import type { Digest } from '../src/core/digest.ts';
import { findUv } from '../src/python/uv.ts';
import { writeStandIn } from '../src/python/stand-in.ts';
import { createLocalCache } from '../src/store/cache.ts';
import { baseImage } from '../test/system/ground/bases.ts';
import { certificates } from '../test/system/ground/environment.ts';
import { PATH, run } from '../test/system/ground/folder.ts';
import { pushTo } from '../test/system/ground/registry.ts';
import type { Variables } from './measure.ts';
import { shell } from './measure.ts';

export interface Ground {
  /** Folder of the bench, with room. */
  readonly folder: string;
  /** Repository and tag of the base, below whatever registry is used. */
  readonly base: string;
  /** Folder with every wheel under its own name. */
  readonly wheels: string;
  /** Pinned requirements with hashes, absolute. */
  readonly requirements: string;
  readonly uv: string;
  /** Stand-in for the base's interpreter, for uv on this host. */
  readonly python: string;
  /** The command line. */
  readonly imagespec: string;
  readonly env: Variables;
}

const ROOT = join(import.meta.dirname, '..');
const NODE = join(ROOT, 'node_modules', '.bin', 'node');
const BASE = 'debian-python:bookworm';
/** Of the base: Debian bookworm's own. */
const INTERPRETER = {
  version: '3.11.2',
  path: '/usr/bin/python3.11',
  prefix: '/usr',
  machine: 'x86_64',
  libc: { kind: 'glibc', major: 2, minor: 36 },
  freeThreaded: false,
} as const;

interface LockFile {
  readonly platforms: Readonly<Record<string, { readonly wheels: readonly LockedWheel[] }>>;
}
interface LockedWheel {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly digest: Digest;
}

/** Resolves once, so that every party installs the same files. */
export async function prepare(folder: string, registry: string, packages: readonly string[]): Promise<Ground> {
  const places = {
    spec: join(folder, 'spec'),
    context: join(folder, 'context'),
    wheels: join(folder, 'wheels'),
    temporary: join(folder, 'tmp'),
  };
  for (const place of Object.values(places)) await mkdir(place, { recursive: true });
  await pushTo(registry, 'debian-python', 'bookworm', await baseImage('bookworm-amd64'));
  const root = join(folder, 'cache');
  const cache = createLocalCache(root, { now: Date.now, random: () => String(process.hrtime.bigint()) });
  const env = { PATH, ...certificates() };
  // Beside the cache, which some parties empty.
  const uv = join(places.context, 'uv');
  await run('cp', [await findUv(createContext(), { cache, env, offline: false }), uv]);
  const ours = {
    ...env,
    IMAGESPEC_CACHE: root,
    IMAGESPEC_UV: uv,
    UV_CACHE_DIR: join(folder, 'uv-cache'),
    TMPDIR: join(folder, 'tmp'),
  };
  const imagespec = `${NODE} ${join(ROOT, 'bin', 'imagespec.js')}`;
  const spec = { name: 'resolve', registry, base_image: `${registry}/${BASE}`, packages };
  await writeFile(join(places.spec, 'imagespec.yaml'), JSON.stringify(spec));
  await shell(`cd ${places.spec}; ${imagespec} build --push --progress none`, ours);
  const lock = JSON.parse(await readFile(join(places.spec, 'imagespec.lock'), 'utf8')) as LockFile;
  const wheels = lock.platforms['linux/amd64']?.wheels ?? [];
  for (const { filename, digest } of wheels) await link((await cache.find(digest))!, join(places.wheels, filename));
  const requirements = join(places.context, 'requirements.txt');
  const pins = wheels.map(({ name, version, digest }) => `${name}==${version} --hash=${digest}\n`);
  await writeFile(requirements, pins.join(''));
  const python = await writeStandIn(folder, INTERPRETER, 'refused');
  return { folder, base: BASE, wheels: places.wheels, requirements, uv, python, imagespec, env: ours };
}
