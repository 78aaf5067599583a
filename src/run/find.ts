// The image that is to be run, read from where it lies; loaded only when nothing of it is known.
import type { Image } from '../content/content.ts';
import { loadAny, loadPlatform, resolveOrThrow } from '../content/load.ts';
import type { Context } from '../core/context.ts';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import { isIndexType } from '../oci/media-type.ts';
import { parsePlatform, printPlatform } from '../oci/platform.ts';
import { parseTransport } from '../store/transport.ts';
import { hostPlatform } from '../build/sandbox.ts';
import type { Services } from '../build/services.ts';
import { cachedSource, openSource } from '../build/services.ts';

/**
 * The image of the platform that is asked for, else of the host's, else the only one that there is. Throws `PLATFORM_FOREIGN`, and what
 * reading an image throws.
 */
export async function findImage(
  ctx: Context,
  text: string,
  asked: string | undefined,
  services: Services,
): Promise<Image> {
  const { source: origin, name } = await openSource(parseTransport(text), services);
  const source = cachedSource(origin, services, origin.mountFrom !== undefined, false);
  const root = await resolveOrThrow(ctx, source, name);
  if (asked !== undefined) return loadPlatform(ctx, source, root, parsePlatform(asked));
  if (!isIndexType(root.mediaType)) {
    const image = await loadAny(ctx, source, root.digest);
    if (image.kind === 'image') return image;
  }
  const platform = hostPlatform(services.environment);
  try {
    return await loadPlatform(ctx, source, root, platform);
  } catch (error) {
    if (!isImageSpecError(error) || error.code !== 'BASE_PLATFORM_MISSING') throw error;
    throw new ImageSpecError(
      'PLATFORM_FOREIGN',
      `${text} has no image for ${printPlatform(platform)}, which this host runs`,
      {
        hint: `${error.hint?.split(':')[0] ?? 'It exists for others'}: one of them runs with --platform where qemu is registered for it in binfmt_misc.`,
        facts: error.facts,
        cause: error,
      },
    );
  }
}
