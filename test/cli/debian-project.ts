// A project whose image is made of the packages of a mirror on loopback.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { BuildResult, ImageResult, LayerResult } from '../../src/build/result.ts';
import type { DebianMirror } from './debian-mirror.ts';
import { SUITE } from './debian-mirror.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import type { CliOptions } from './run-cli.ts';

export interface DebianProject extends Project {
  /** Packages from nothing, of the mirror. */
  readonly want: (packages: readonly string[], fields?: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Builds into `oci:out`, which must succeed. */
  readonly built: (args?: readonly string[], options?: Partial<CliOptions>) => Promise<ImageResult>;
  /** What the lock file holds. */
  readonly lock: () => Promise<LockText>;
  /** Host path of the layout that `built` writes. */
  readonly layout: string;
}

interface LockText {
  readonly platforms: Readonly<
    Record<
      string,
      {
        readonly wheels?: readonly { readonly name: string }[];
        readonly debian?: { readonly packages: readonly Readonly<Record<string, unknown>>[] };
      }
    >
  >;
}

export const KEYRING = 'mirror.asc';

export async function createDebianProject({ uri, key }: DebianMirror): Promise<DebianProject> {
  const project = await createProject();
  await writeFile(join(project.folder, KEYRING), key.publicKey);
  const sources = [{ uris: [uri], suites: [SUITE], components: ['main'], signed_by: KEYRING }];
  return {
    ...project,
    layout: join(project.folder, 'out'),
    want: (packages, fields = {}) =>
      project.spec({ base_image: 'scratch', apt_packages: packages, apt_sources: sources, ...fields }),
    built: async (args = [], options) => {
      const { status, stdout, stderr } = await project.run(['build', '--json', '-o', 'oci:out', ...args], options);
      expect(status, stderr).toBe(0);
      return (JSON.parse(stdout) as BuildResult).images[0]!;
    },
    lock: async () => JSON.parse(await readFile(join(project.folder, 'imagespec.lock'), 'utf8')) as LockText,
  };
}

export const kindsOf = ({ platforms }: ImageResult): string[][] =>
  platforms.map(({ layers }) => layers.map(({ kind }) => kind));

export const layersOf = ({ platforms }: ImageResult): LayerResult[] => platforms.flatMap(({ layers }) => layers);
