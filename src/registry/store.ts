// A repository of a registry as a store (distribution-spec): nothing is asked before it is needed.
import type { Store } from '../content/store.ts';
import type { Context } from '../core/context.ts';
import { isDigest, verified } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Reference } from '../oci/reference.ts';
import { isTag } from '../oci/reference.ts';
import type { RegistryAccess, Repository } from './access.ts';
import { createUploads, hasBlob } from './blobs.ts';
import { resuming } from './download.ts';
import type { OpenAnswer } from './request.ts';
import { isManifest, MANIFEST_ACCEPT, pullScope } from './manifest-head.ts';
import { putManifest, resolveManifest } from './manifests.ts';

export interface RegistryStoreOptions {
  /** Shared by all stores of a build, so that tokens and connections are. */
  readonly access: RegistryAccess;
  /** true: plain http; false: https even on loopback; undefined: http on loopback, https elsewhere. */
  readonly insecure?: boolean | undefined;
}

/** Requests in flight at once: beyond 8 to 16, registries gain nothing (measured), and some slow down. */
const CONCURRENCY = 8;

/**
 * The repository as a store. Methods throw `UNAUTHORIZED`, `FORBIDDEN`, `RATE_LIMITED`, `SERVER_ERROR`, `NETWORK`, `TLS`, `REDIRECT`,
 * `CREDENTIALS`, `UNEXPECTED_ANSWER`, `ABORTED`; `resolve` is undefined only if the registry says that there is no such manifest.
 */
export function registryStore(
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  { access, insecure }: RegistryStoreOptions,
): Store {
  const place = access.repository(registry, repository, insecure);
  const uploads = createUploads(place);
  return {
    name: place.name,
    mountFrom: { registry, repository },
    concurrency: CONCURRENCY,
    resolve: async (ctx, name) => {
      if (!isDigest(name)) refuseOddTag(name);
      return resolveManifest(ctx, place, name);
    },
    open: (ctx, descriptor) => open(ctx, place, descriptor),
    has: async (ctx, descriptor) =>
      isManifest(descriptor)
        ? (await resolveManifest(ctx, place, descriptor.digest)) !== undefined
        : hasBlob(ctx, place, descriptor.digest),
    put: (ctx, content, onProgress) =>
      isManifest(content.descriptor)
        ? putManifest(ctx, place, content, [content.descriptor.digest])
        : uploads.put(ctx, content, onProgress),
    tag: async (ctx, content, names) => {
      for (const name of names) refuseOddTag(name);
      await putManifest(ctx, place, content, names.length > 0 ? names : [content.descriptor.digest]);
    },
    mount: uploads.mount,
  };
}

function refuseOddTag(name: string): void {
  if (isTag(name)) return;
  throw new ImageSpecError('REFERENCE_INVALID', `"${name.slice(0, 150)}" is not a tag`, {
    hint: 'A tag has letters, digits, "_", "." and "-", at most 128, and begins with none of "." and "-".',
  });
}

/** A blob whose answer breaks off is resumed at the registry: the signed address that it redirected to may have expired. */
async function* open(ctx: Context, place: Repository, descriptor: Descriptor): AsyncGenerator<Uint8Array> {
  const kind = isManifest(descriptor) ? 'manifest' : 'blob';
  const what = `${kind} ${descriptor.digest} of ${place.name}`;
  const ask = async (headers: Readonly<Record<string, string>>): Promise<OpenAnswer> => {
    const answer = await place.open(ctx, {
      method: 'GET',
      to: `/${kind}s/${descriptor.digest}`,
      headers: kind === 'manifest' ? { ...headers, accept: MANIFEST_ACCEPT } : headers,
      scopes: [pullScope(place.repository)],
    });
    if (answer.error && answer.status !== 416) throw await place.errorFor(ctx, answer.error, `read ${what}`);
    return answer;
  };
  yield* verified(resuming(ctx, place, ask, new URL(place.origin).host), descriptor, what);
}
