// What a build did, as values: see result.ts.
import type { Image, Index } from '../content/content.ts';
import type { CopyReport } from '../content/copy.ts';
import type { Digest } from '../core/digest.ts';
import { printPlatform } from '../oci/platform.ts';
import { printRepository } from '../oci/reference.ts';
import type { Existing } from './existing.ts';
import type { MadeLayer } from './make-layers.ts';
import type { PlatformImage } from './platform-build.ts';
import type { Output, Request } from './request.ts';
import type { ImageResult, LayerResult, PlatformResult } from './result.ts';

export interface Done {
  readonly request: Request;
  readonly root: Image | Index;
  readonly platforms: readonly PlatformImage[];
  /** One per output, in its order. */
  readonly reports: readonly CopyReport[];
  readonly strictKey: Digest;
  readonly downloaded: number;
  readonly warnings: readonly string[];
}

export function imageResult(done: Done): ImageResult {
  const { request, root, platforms, reports } = done;
  const uploaded = reports.reduce((sum, report) => sum + report.uploadedBytes, 0);
  return {
    name: request.imageName,
    reference: pinnedReference(request, root.descriptor.digest),
    digest: root.descriptor.digest,
    mediaType: root.descriptor.mediaType,
    size: sizeOfAll(root),
    status: 'built',
    strictKey: done.strictKey,
    platforms: platforms.map((platform) => platformResult(platform, reports[0])),
    bytes: { downloaded: done.downloaded, uploaded },
    outputs: request.outputs.flatMap(printOutput),
    warnings: done.warnings,
  };
}

/** `registry/name@sha256:…` where the image was pushed, else where it lies. */
function pinnedReference({ outputs, imageName }: Request, digest: Digest): string {
  const pushed = outputs.find(({ transport }) => transport.kind === 'registry');
  if (pushed?.transport.kind === 'registry') return `${printRepository(pushed.transport.reference)}@${digest}`;
  return outputs[0]?.text ?? imageName;
}

function printOutput({ transport, tags, text }: Output): string[] {
  if (transport.kind !== 'registry') return [text];
  return tags.map((tag) => `docker://${printRepository(transport.reference)}:${tag}`);
}

function platformResult({ image, layers }: PlatformImage, report: CopyReport | undefined): PlatformResult {
  const made = new Map(layers.map((one) => [one.layer.descriptor.digest, one]));
  return {
    platform: printPlatform(image.platform),
    digest: image.descriptor.digest,
    layers: image.layers.map((layer) => layerResult(layer, made.get(layer.descriptor.digest), report)),
  };
}

function layerResult(
  { descriptor, diffId }: Image['layers'][number],
  made: MadeLayer | undefined,
  report: CopyReport | undefined,
): LayerResult {
  const { digest, size } = descriptor;
  const transfer = report?.transfers.get(digest) ?? 'none';
  if (!made) return { kind: 'base', content: 'base image', digest, diffId, size, origin: 'base', transfer };
  const { kind, content, key, origin } = made;
  return { kind, content, digest, diffId, size, key, origin, transfer };
}

function sizeOfAll(root: Image | Index): number {
  const images = root.kind === 'index' ? root.images : [root];
  const parts = images.flatMap((image) => [image, image.configContent, ...image.layers]);
  const sizes = new Map([root, ...parts].map(({ descriptor }) => [descriptor.digest, descriptor.size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** The answer when the image is at its registry already. */
export function existingResult(
  request: Request,
  existing: Existing,
  strictKey: Digest,
  warnings: readonly string[],
): ImageResult {
  const { digest, mediaType, size } = existing.descriptor;
  return {
    name: request.imageName,
    reference: pinnedReference(request, digest),
    digest,
    mediaType,
    size,
    status: 'exists',
    strictKey: existing.strictKey ?? strictKey,
    platforms: request.platforms.map((platform) => ({ platform: printPlatform(platform), digest, layers: [] })),
    bytes: { downloaded: 0, uploaded: 0 },
    outputs: request.outputs.flatMap(printOutput),
    warnings,
  };
}
