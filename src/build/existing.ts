// Whether the image is at its registry already, and whether it is what this spec would make today.
import type { Context } from '../core/context.ts';
import { readAll } from '../core/digest.ts';
import type { Digest } from '../core/digest.ts';
import { MANIFEST_LIMIT_BYTES, parseManifest } from '../oci/manifest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../oci/platform.ts';
import { platformFit, printPlatform } from '../oci/platform.ts';
import type { Store } from '../content/store.ts';
import { ANNOTATION } from './make-layers.ts';
import { strictKey } from './inputs.ts';

export interface Existing {
  readonly descriptor: Descriptor;
  readonly strictKey: Digest | undefined;
  readonly lock: Digest | undefined;
  /** Platforms of an index; undefined for a single manifest. */
  readonly platforms: readonly Platform[] | undefined;
}

/** undefined when the registry says that there is no such tag. Any other answer than yes or no throws: nothing is assumed. */
export async function findExisting(ctx: Context, store: Store, tag: string): Promise<Existing | undefined> {
  const descriptor = await store.resolve(ctx, tag);
  if (!descriptor) return undefined;
  const what = `manifest ${descriptor.digest} of ${store.name}`;
  const bytes = await readAll(store.open(ctx, descriptor), MANIFEST_LIMIT_BYTES, what);
  const document = parseManifest(bytes, descriptor.mediaType, what);
  return {
    descriptor,
    strictKey: document.annotations[ANNOTATION.strictKey] as Digest | undefined,
    lock: document.annotations[ANNOTATION.lock] as Digest | undefined,
    platforms: document.kind === 'index' ? document.manifests.flatMap((entry) => entry.platform ?? []) : undefined,
  };
}

/** Platforms that are wanted, but not in the index. A single manifest is taken for all: only its config could tell. */
export function missingPlatforms({ platforms }: Existing, wanted: readonly Platform[]): readonly Platform[] {
  if (!platforms) return [];
  return wanted.filter((platform) => platforms.every((have) => platformFit(have, platform) === undefined));
}

/** What a user should know about an image that is left as it is. */
export function differences(
  existing: Existing,
  wanted: readonly Platform[],
  inputs: Digest,
  base: Digest | undefined,
): string[] {
  const { lock } = existing;
  const missing = missingPlatforms(existing, wanted);
  if (missing.length > 0) {
    return [`the image exists, but not for ${missing.map(printPlatform).join(', ')}; --force builds it`];
  }
  if (lock === undefined || existing.strictKey === undefined) {
    return ['the image exists, but was not made by imagespec; --force replaces it'];
  }
  if (existing.strictKey === strictKey(inputs, base, lock)) return [];
  return ['the image exists under this tag, but its base or inputs have changed since; --force builds it anew'];
}
