// The targets of the tree oracle: what an interpreter says of itself, written by hand, and a tiny base that has one.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { assembleRoot } from '../../../src/build/assemble.ts';
import type { Image } from '../../../src/content/content.ts';
import { contentOf } from '../../../src/content/content.ts';
import { copy } from '../../../src/content/copy.ts';
import { createContext } from '../../../src/core/context.ts';
import type { Entry } from '../../../src/filesystem/entry.ts';
import { inlineFile, symlink } from '../../../src/filesystem/entry.ts';
import { EMPTY_FACTS } from '../../../src/filesystem/facts.ts';
import { createTree } from '../../../src/filesystem/stage.ts';
import { layerContent } from '../../layer/layer-content.ts';
import { pack } from '../../../src/layer/pack.ts';
import { printManifest } from '../../../src/oci/manifest.ts';
import { MEDIA } from '../../../src/oci/media-type.ts';
import { layoutStore } from '../../../src/store/layout.ts';

export type Architecture = 'amd64' | 'arm64';

export interface Target {
  /** `3.12.8`; a `t` at its end is a build without the GIL. */
  readonly python: string;
  readonly libc: Libc;
}

type Libc = keyof typeof LIBCS;

/** Each tells its C library in another way: by dpkg, by the library itself, by apk. */
const LIBCS = {
  'glibc 2.36': { 'var/lib/dpkg/status': 'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u13\n' },
  'glibc 2.17': { 'lib64/libc.so.6': 'GNU C Library (GNU libc) stable release version 2.17, by Roland McGrath et al.' },
  'musl 1.2': { 'lib/apk/db/installed': 'P:musl\nV:1.2.5-r9\nA:x86_64\n' },
} as const;

export const MACHINES: Readonly<Record<Architecture, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

export interface TargetFacts {
  /** `3.12.8` */
  readonly version: string;
  /** `3.12` */
  readonly minor: string;
  readonly freeThreaded: boolean;
  /** `python3.12` or `python3.13t`: the program, and the folder of its library. */
  readonly program: string;
  readonly libc: { readonly kind: string; readonly major: number; readonly minor: number };
}

export function factsOf({ python, libc }: Target): TargetFacts {
  const version = python.replace(/t$/, '');
  const freeThreaded = python.endsWith('t');
  const minor = version.split('.').slice(0, 2).join('.');
  const [kind = '', numbers = ''] = libc.split(' ');
  const [libcMajor, libcMinor] = numbers.split('.').map(Number);
  const program = `python${minor}${freeThreaded ? 't' : ''}`;
  return { version, minor, freeThreaded, program, libc: { kind, major: libcMajor!, minor: libcMinor! } };
}

/** Writes the target's base for both architectures, as a layout with one index. */
export async function writeBase(folder: string, target: Target): Promise<void> {
  const architectures = Object.keys(MACHINES) as Architecture[];
  const images: Image[] = [];
  for (const architecture of architectures) images.push(await baseImage(folder, target, architecture));
  const store = layoutStore(folder, { random: randomUUID });
  await copy(createContext(), assembleRoot(images, {}), store, ['latest']);
}

function baseEntries(target: Target): readonly Entry[] {
  const { program, version } = factsOf(target);
  const tree = createTree(EMPTY_FACTS);
  tree.add(
    [
      inlineFile(`usr/local/bin/${program}`, 'a program', { mode: 0o755 }),
      symlink('usr/local/bin/python3', program),
      inlineFile(`usr/local/include/${program}/patchlevel.h`, `#define PY_VERSION "${version}"\n`),
      ...Object.entries(LIBCS[target.libc]).map(([path, text]) => inlineFile(path, text)),
    ],
    'base',
  );
  return tree.layerEntries(['base']);
}

async function baseImage(folder: string, target: Target, architecture: Architecture): Promise<Image> {
  const literals = join(`${folder}-${architecture}.literals`);
  const layer = layerContent(await pack(createContext(), { entries: baseEntries(target), literals }));
  const platform = { os: 'linux', architecture };
  const config = { ...platform, config: {}, rootfs: { type: 'layers' as const, diff_ids: [layer.diffId] } };
  const configContent = contentOf(new TextEncoder().encode(JSON.stringify(config)), MEDIA.config);
  const manifest = contentOf(printManifest(configContent.descriptor, [layer.descriptor], {}), MEDIA.manifest, {
    platform,
  });
  return { kind: 'image', ...manifest, platform, config, configContent, layers: [layer], annotations: {} };
}
