// An image from nothing has no whiteouts: unpacking its layers one after the other with tar gives its filesystem.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string };
}

/** Unpacks one platform of an OCI layout into a folder; returns the environment of its config, and the bytes of its layers. */
export async function unpackLayers(
  layout: string,
  architecture: string,
  folder: string,
): Promise<{ readonly env: Readonly<Record<string, string>>; readonly bytes: number }> {
  const blob = ({ digest }: Descriptor): string => join(layout, 'blobs', ...digest.split(':'));
  const read = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, 'utf8')) as T;
  const { manifests } = await read<{ manifests: [Descriptor] }>(join(layout, 'index.json'));
  const index = await read<{ manifests: readonly Descriptor[] }>(blob(manifests[0]));
  const chosen = index.manifests.find((one) => one.platform?.architecture === architecture);
  if (!chosen) throw new Error(`the image is not there for ${architecture}`);
  const manifest = await read<{ config: Descriptor; layers: readonly Descriptor[] }>(blob(chosen));
  for (const layer of manifest.layers) {
    const { status } = spawnSync('tar', ['-xzf', blob(layer), '-C', folder, '--no-same-owner'], { stdio: 'inherit' });
    if (status !== 0) throw new Error(`tar cannot unpack ${layer.digest}`);
  }
  const { config } = await read<{ config: { Env: readonly string[] } }>(blob(manifest.config));
  const env = Object.fromEntries(config.Env.map((line) => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]));
  return { env, bytes: manifest.layers.reduce((sum, { size }) => sum + size, 0) };
}
