// Small images for tests: real tar layers, everything in memory.
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Content, Image, Index, Layer } from '../../src/content/content.ts';
import { contentOf } from '../../src/content/content.ts';
import { digestOf } from '../../src/core/digest.ts';
import { parseConfig } from '../../src/oci/config.ts';
import { printIndex, printManifest } from '../../src/oci/manifest.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import type { Platform } from '../../src/oci/platform.ts';
import { drain } from '../expect-code.ts';

/** A tar with one file. */
export async function sampleTar(path: string, content: string | Buffer): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: path, mode: 0o644, mtime: new Date(0), type: 'file' }, content);
  tar.finalize();
  return drain(tar as AsyncIterable<Uint8Array>);
}

export function sampleLayer(tar: Buffer, compressed = true): Layer {
  const content = compressed ? contentOf(gzipSync(tar), MEDIA.layerGzip) : contentOf(tar, MEDIA.layerTar);
  return { ...content, diffId: digestOf(tar) };
}

export const LINUX: Platform = { os: 'linux', architecture: 'amd64' };

/** @param note makes images differ */
export async function sampleImage(note: string, platform = LINUX, own?: readonly Layer[]): Promise<Image> {
  const layers = own ?? [
    sampleLayer(await sampleTar('etc/note', note)),
    sampleLayer(await sampleTar('usr/big', Buffer.alloc(3_000_000, note))),
  ];
  const configBytes = new TextEncoder().encode(
    JSON.stringify({
      ...platform,
      config: { Env: ['PATH=/usr/bin'], Cmd: ['/bin/true'] },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    }),
  );
  const configContent = contentOf(configBytes, MEDIA.config);
  const descriptors = layers.map((layer) => layer.descriptor);
  const manifest = printManifest(configContent.descriptor, descriptors, { note });
  const config = parseConfig(configBytes, 'sample config');
  const content = contentOf(manifest, MEDIA.manifest, { platform });
  return { kind: 'image', ...content, platform, config, configContent, layers, annotations: { note } };
}

export async function sampleIndex(note: string): Promise<Index> {
  const images = [await sampleImage(note), await sampleImage(note, { os: 'linux', architecture: 'arm64' })];
  const bytes = printIndex(
    images.map((image) => image.descriptor),
    {},
  );
  return { kind: 'index', ...contentOf(bytes, MEDIA.index), images, annotations: {} };
}

/** Content whose bytes are not what its descriptor says. */
export function lyingContent(claimed: string, actual: string): Content {
  const { descriptor } = contentOf(Buffer.from(claimed), MEDIA.layerTar);
  return { descriptor, open: contentOf(Buffer.from(actual), MEDIA.layerTar).open };
}
