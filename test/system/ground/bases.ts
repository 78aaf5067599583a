// Base images from Debian's own packages, made once: what `debian` and `python` images are, without asking a registry for them.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { assembleRoot } from '../../../src/build/assemble.ts';
import type { Image, Index, Layer } from '../../../src/content/content.ts';
import { contentOf } from '../../../src/content/content.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { printManifest } from '../../../src/oci/manifest.ts';
import { MEDIA } from '../../../src/oci/media-type.ts';
import type { Platform } from '../../../src/oci/platform.ts';
import { GROUND, runLogged } from './folder.ts';
import { exists } from './tools.ts';

export type BaseName = 'bookworm-amd64' | 'bookworm-arm64' | 'trixie-amd64';

interface Recipe {
  readonly suite: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly options: readonly string[];
}

const SLIM = [
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-include=/usr/share/doc/*/copyright',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  '--aptopt=APT::Install-Recommends "false"',
];
const PYTHON = ['--variant=minbase', '--include=python3,ca-certificates'];

/** arm64 is unpacked and not configured, so that nothing foreign runs: accounts and certificates are put in by hand. */
const FOREIGN = [
  '--architectures=arm64',
  '--variant=extract',
  '--include=?essential',
  '--include=python3,ca-certificates,libstdc++6',
  '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
  '--extract-hook=cp -n "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"; cp -n "$1/usr/share/base-passwd/group.master" "$1/etc/group"',
  '--extract-hook=upload /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt',
];

const RECIPES: Readonly<Record<BaseName, Recipe>> = {
  'bookworm-amd64': { suite: 'bookworm', architecture: 'amd64', options: PYTHON },
  'bookworm-arm64': { suite: 'bookworm', architecture: 'arm64', options: FOREIGN },
  'trixie-amd64': { suite: 'trixie', architecture: 'amd64', options: PYTHON },
};

export const BASE_NAMES = Object.keys(RECIPES) as BaseName[];

/** The one layer of a made base. */
export const blobOf = (name: BaseName): string => join(GROUND, 'bases', `${name}.tar.gz`);

/** Makes what is missing. Each takes half a minute. */
export async function makeBase(name: BaseName): Promise<void> {
  if (await exists(`${blobOf(name)}.json`)) return;
  const { suite, options } = RECIPES[name];
  const folder = join(GROUND, 'bases');
  await mkdir(folder, { recursive: true });
  const tar = join(folder, `${name}.part.tar`);
  const sources = await sourcesFor(suite);
  await runLogged(`base-${name}`, 'mmdebstrap', ['-q', '--mode=unshare', ...SLIM, ...options, suite, tar, sources], {
    env: { SOURCE_DATE_EPOCH: '1700000000' },
  });
  await runLogged(`gzip-${name}`, 'pigz', ['-n', '-6', tar]);
  const facts = {
    diffId: await hashOf(createReadStream(`${tar}.gz`).pipe(createGunzip())),
    digest: await hashOf(createReadStream(`${tar}.gz`)),
  };
  await rename(`${tar}.gz`, blobOf(name));
  await writeFile(`${blobOf(name)}.json`, JSON.stringify(facts));
  await rm(sources, { force: true });
}

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

/** The machine's own package sources, with the wanted suite in the place of its own. */
export async function sourcesFor(suite: string): Promise<string> {
  const folder = '/etc/apt/sources.list.d';
  const lists = (await readdir(folder))
    .filter((name) => /\.(list|sources)$/.test(name))
    .map((name) => join(folder, name));
  const [first = '/etc/apt/sources.list'] = lists.sort(
    (a, b) => Number(b.endsWith('debian.sources')) - Number(a.endsWith('debian.sources')),
  );
  const own = /VERSION_CODENAME=(\w+)/.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? suite;
  const file = join(GROUND, 'bases', `${suite}-${process.pid}.${first.endsWith('.sources') ? 'sources' : 'list'}`);
  await writeFile(file, (await readFile(first, 'utf8')).replaceAll(own, suite));
  return file;
}

const ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];

/** A made base as an image of one layer. */
export async function baseImage(name: BaseName): Promise<Image> {
  await makeBase(name);
  const file = blobOf(name);
  const { diffId, digest } = JSON.parse(await readFile(`${file}.json`, 'utf8')) as { diffId: Digest; digest: Digest };
  const { size } = await stat(file);
  const layer: Layer = {
    descriptor: { mediaType: MEDIA.layerGzip, digest, size },
    diffId,
    open: () => createReadStream(file, { highWaterMark: 1 << 20 }),
  };
  const platform: Platform = { os: 'linux', architecture: RECIPES[name].architecture };
  const config = {
    ...platform,
    config: { Env: ENV, Cmd: ['python3'] },
    rootfs: { type: 'layers' as const, diff_ids: [diffId] },
    history: [{ created_by: 'mmdebstrap' }],
  };
  const configContent = contentOf(new TextEncoder().encode(JSON.stringify(config)), MEDIA.config);
  const manifest = contentOf(printManifest(configContent.descriptor, [layer.descriptor], {}), MEDIA.manifest, {
    platform,
  });
  return { kind: 'image', ...manifest, platform, config, configContent, layers: [layer], annotations: {} };
}

/** Bookworm for amd64 and arm64 under one name. */
export async function bookwormIndex(): Promise<Image | Index> {
  const images = await Promise.all([baseImage('bookworm-amd64'), baseImage('bookworm-arm64')]);
  return assembleRoot(images, {});
}
