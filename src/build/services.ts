// What one build works with, opened once and closed at its end: cache, network, and the words of the user turned into places.
import { join } from 'node:path';
import type { Source, Target } from '../content/store.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndexType, isManifestType } from '../oci/media-type.ts';
import type { RegistryAccess } from '../registry/access.ts';
import { createAccess } from '../registry/access.ts';
import type { Http } from '../registry/http.ts';
import { createHttp } from '../registry/http.ts';
import { registryStore } from '../registry/store.ts';
import type { LocalCache } from '../store/cache.ts';
import { createLocalCache } from '../store/cache.ts';
import { readRange } from '../store/disk.ts';
import type { Transport } from '../store/transport.ts';
import type { Environment } from './environment.ts';
import { cacheFolder, USER_AGENT } from './environment.ts';

export interface Services {
  readonly environment: Environment;
  readonly cache: LocalCache;
  readonly http: Http;
  /** Registries, with one set of tokens. */
  readonly access: RegistryAccess;
  readonly downloads: Meter;
}

/** Counts bytes, for "bytes moved". */
export interface Meter {
  readonly add: (bytes: number) => void;
  readonly total: () => number;
}

export function createMeter(): Meter {
  let total = 0;
  return { add: (bytes) => void (total += bytes), total: () => total };
}

/** The same bytes, counted. */
export async function* metered(
  bytes: AsyncIterable<Uint8Array>,
  meter: Meter,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of bytes) {
    meter.add(chunk.length);
    yield chunk;
  }
}

/** Runs work with services; closes connections afterwards, however it ends. */
export async function withServices<T>(
  environment: Environment,
  folder: string | undefined,
  work: (services: Services) => Promise<T>,
): Promise<T> {
  const { now, uniqueName, random, home, variables: env } = environment;
  const cache = createLocalCache(cacheFolder(environment, folder), { now, random: uniqueName });
  const http = createHttp({ env, random, now, userAgent: USER_AGENT });
  const access = createAccess({ http, env, home, now });
  try {
    return await work({ environment, cache, http, access, downloads: createMeter() });
  } finally {
    await http.close();
  }
}

/** Where an image is read from, with the name it has there. */
export interface NamedSource {
  readonly source: Source;
  readonly name: string;
}

/** Places are loaded when they are used: most builds go from one registry to another. */
export async function openSource(transport: Transport, services: Services): Promise<NamedSource> {
  const { uniqueName: random } = services.environment;
  switch (transport.kind) {
    case 'registry': {
      const { reference } = transport;
      const source = registryStore(reference, services);
      return { source, name: reference.digest ?? reference.tag ?? 'latest' };
    }
    case 'oci': {
      const { layoutStore } = await import('../store/layout.ts');
      return { source: layoutStore(transport.folder, { random }), name: transport.name ?? '' };
    }
    case 'oci-archive': {
      const { ociArchiveSource } = await import('../store/archive.ts');
      return { source: ociArchiveSource(transport.file), name: transport.name ?? '' };
    }
    case 'docker-archive': {
      const { dockerArchiveSource } = await import('../store/docker-archive.ts');
      return { source: dockerArchiveSource(transport.file), name: transport.name ?? '' };
    }
    case 'scratch':
      throw new ImageSpecError('USAGE', '"scratch" is an empty base: there is nothing to read', {
        hint: 'Name an image: a reference such as python:3.12-slim, or oci:DIR.',
      });
  }
}

/** @param scratch folder for archives until they are written */
export async function openTarget(transport: Transport, services: Services, scratch: string): Promise<Target> {
  const { uniqueName: random } = services.environment;
  switch (transport.kind) {
    case 'registry':
      return registryStore(transport.reference, services);
    case 'oci': {
      const { layoutStore } = await import('../store/layout.ts');
      return layoutStore(transport.folder, { random });
    }
    case 'oci-archive': {
      const { ociArchiveTarget } = await import('../store/archive.ts');
      return ociArchiveTarget(transport.file, { random, scratch: join(scratch, random()) });
    }
    case 'docker-archive': {
      const { dockerArchiveTarget } = await import('../store/docker-archive.ts');
      return dockerArchiveTarget(transport.file, { random, scratch: join(scratch, random()) });
    }
    case 'scratch':
      throw new ImageSpecError('USAGE', '"scratch" is a base, not an output');
  }
}

/**
 * The source with the cache in front: small documents are always kept, layers when `keepLayers` says that their bytes will be
 * needed here and not only at a registry that has them.
 */
export function cachedSource(origin: Source, services: Services, keepLayers: boolean, offline: boolean): Source {
  const { cache, downloads } = services;
  const source: Source = {
    ...origin,
    open: (ctx, descriptor) =>
      origin.mountFrom ? metered(origin.open(ctx, descriptor), downloads) : origin.open(ctx, descriptor),
  };
  const isSmall = ({ mediaType }: Descriptor): boolean =>
    isIndexType(mediaType) || isManifestType(mediaType) || /\bconfig\b|container\.image/.test(mediaType);
  return {
    ...source,
    async *open(ctx, descriptor) {
      const known = await cache.find(descriptor.digest);
      if (!known && offline && source.mountFrom) throw offlineError(source, descriptor);
      if (known || isSmall(descriptor) || keepLayers) {
        const what = `${descriptor.digest} of ${source.name}`;
        const file = known ?? (await cache.keep(ctx, descriptor, what, (inner) => source.open(inner, descriptor)));
        yield* readRange(file, 0, descriptor.size);
      } else {
        yield* source.open(ctx, descriptor);
      }
    },
  };
}

function offlineError(source: Source, { digest }: Descriptor): ImageSpecError {
  return new ImageSpecError('OFFLINE', `${digest} of ${source.name} is not in the cache and --offline was given`, {
    hint: 'Build once without --offline.',
  });
}
