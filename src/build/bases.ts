// The base name of a spec becomes one base per platform.
import { isAbsolute, join } from 'node:path';
import { loadPlatform, resolveOrThrow } from '../content/load.ts';
import type { Context } from '../core/context.ts';
import { mapLimited } from '../core/limit.ts';
import type { Digest } from '../core/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { printReference } from '../oci/reference.ts';
import type { Transport } from '../store/transport.ts';
import { defaultBaseImage } from '../spec/schema.ts';
import { parseTransport, printTransport } from '../store/transport.ts';
import type { Base } from './base.ts';
import type { Job } from './job.ts';
import type { Request } from './request.ts';
import { cachedSource, openSource } from './services.ts';

/** What the base's name resolved to. */
export interface Root {
  readonly transport: Transport;
  /** undefined for scratch. */
  readonly rootDigest: Digest | undefined;
}

export interface Bases extends Root {
  /** One per platform. */
  readonly list: readonly Base[];
}

/** Platforms whose manifests are read at once. */
const AT_ONCE = 4;

/** A base that is a spec was built by then, unless it is only planned. */
function baseImageOf({ loaded, options }: Job): string {
  const { baseImage, pythonVersion = options.defaultPython } = loaded.spec;
  return typeof baseImage === 'string' ? baseImage : defaultBaseImage({ pythonVersion });
}

/** What the spec's base is; a base on disk is meant relative to the folder of the spec. */
function transportOf(job: Job): Transport {
  if (job.base) return job.base;
  const { directory } = job.loaded;
  const transport = parseTransport(baseImageOf(job));
  const within = (path: string): string => (isAbsolute(path) ? path : join(directory, path));
  if (transport.kind === 'oci') return { ...transport, folder: within(transport.folder) };
  if (transport.kind === 'oci-archive' || transport.kind === 'docker-archive') {
    return { ...transport, file: within(transport.file) };
  }
  return transport;
}

/** Base layers are kept here unless every target is the base's own registry, which can mount them, and nothing is run over them. */
function keepsLayers({ outputs, spec }: Request, base: Transport): boolean {
  const home = base.kind === 'registry' ? base.reference.registry : undefined;
  if (spec.commands?.length || spec.compile) return true;
  return !outputs.every(({ transport }) => transport.kind === 'registry' && transport.reference.registry === home);
}

/** The base's name resolved: one request at a registry. */
export async function resolveRoot(ctx: Context, job: Job): Promise<Root> {
  const transport = transportOf(job);
  if (transport.kind === 'scratch') return { transport, rootDigest: undefined };
  const opened = await openSource(transport, job.services);
  const { digest } = await resolveOrThrow(ctx, opened.source, opened.name);
  return { transport, rootDigest: digest };
}

/** The base of the spec, found at its source. Throws `NOT_FOUND`, `BASE_PLATFORM_MISSING` and whatever the source throws. */
export async function resolveBases(ctx: Context, job: Job): Promise<Bases> {
  const { request, options, services } = job;
  const { platforms } = request;
  const transport = transportOf(job);
  if (transport.kind === 'scratch') {
    const scratch = (platform: Platform): Base => ({
      name: 'scratch',
      platform,
      image: undefined,
      rootDigest: undefined,
      key: 'scratch',
    });
    return { transport, list: platforms.map(scratch), rootDigest: undefined };
  }
  const { source: origin, name: wanted } = await openSource(transport, services);
  const source = cachedSource(origin, services, keepsLayers(request, transport), options.offline ?? false);
  const root = await resolveOrThrow(ctx, source, wanted);
  const reference = transport.kind === 'registry' ? printReference(transport.reference) : undefined;
  const name = reference ?? printTransport(job.base ?? parseTransport(baseImageOf(job)));
  const list = await mapLimited(ctx, platforms, AT_ONCE, async (platform): Promise<Base> => {
    const image = await loadPlatform(ctx, source, root, platform);
    return { name, reference, platform, image, rootDigest: root.digest, key: image.descriptor.digest };
  });
  return { transport, list, rootDigest: root.digest };
}
