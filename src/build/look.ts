// Looking at finished images: what one is made of, and whether every byte of it is what it claims.
import type { Image, Index } from '../content/content.ts';
import { loadAny } from '../content/load.ts';
import type { ContextOptions } from '../core/context.ts';
import { createContext, step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { readFacts } from '../filesystem/read-layers.ts';
import type { History } from '../oci/config.ts';
import { printPlatform } from '../oci/platform.ts';
import { parseTransport } from '../store/transport.ts';
import type { Environment } from './environment.ts';
import { ANNOTATION } from './make-layers.ts';
import { openSource, withServices } from './services.ts';

interface InspectedLayer {
  readonly digest: Digest;
  readonly diffId: Digest;
  readonly mediaType: string;
  /** Bytes of the blob. */
  readonly size: number;
  readonly content: string;
}

interface InspectedImage {
  readonly platform: string;
  readonly digest: Digest;
  readonly user: string;
  readonly workingDirectory: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly layers: readonly InspectedLayer[];
}

export interface Inspection {
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly images: readonly InspectedImage[];
}

export async function inspectImage(
  text: string,
  environment: Environment,
  options: ContextOptions,
): Promise<Inspection> {
  return withImage(text, environment, options, (_ctx, root) =>
    Promise.resolve({
      reference: text,
      digest: root.descriptor.digest,
      mediaType: root.descriptor.mediaType,
      annotations: root.annotations,
      images: imagesOf(root).map(inspected),
    }),
  );
}

const imagesOf = (root: Image | Index): readonly Image[] => (root.kind === 'index' ? root.images : [root]);

async function withImage<T>(
  text: string,
  environment: Environment,
  options: ContextOptions,
  work: (ctx: ReturnType<typeof createContext>, root: Image | Index) => Promise<T>,
): Promise<T> {
  const ctx = createContext(options);
  return withServices(environment, undefined, async (services) => {
    const { source, name } = await openSource(parseTransport(text), services);
    return work(ctx, await loadAny(ctx, source, name));
  });
}

function inspected(image: Image): InspectedImage {
  const { User, WorkingDir, Env, Entrypoint, Cmd } = image.config.config ?? {};
  const history = (image.config.history ?? []).filter((entry) => !entry.empty_layer);
  return {
    platform: printPlatform(image.platform),
    digest: image.descriptor.digest,
    user: User ?? '',
    workingDirectory: WorkingDir ?? '',
    env: Env ?? [],
    entrypoint: Entrypoint ?? [],
    cmd: Cmd ?? [],
    layers: image.layers.map((layer, i) => inspectedLayer(layer, history[i])),
  };
}

function inspectedLayer({ descriptor, diffId }: Image['layers'][number], history: History | undefined): InspectedLayer {
  const { digest, mediaType, size, annotations } = descriptor;
  const content = annotations?.[ANNOTATION.layerContent] ?? history?.created_by ?? '';
  return { digest, diffId, mediaType, size, content };
}

export interface Validation {
  readonly reference: string;
  readonly digest: Digest;
  readonly images: number;
  readonly layers: number;
  /** Bytes of all layers. */
  readonly bytes: number;
  /** Paths of all images after their layers are applied. */
  readonly paths: number;
}

/** Reads everything and applies every layer; throws the first thing that is wrong. */
export async function validateImage(
  text: string,
  environment: Environment,
  options: ContextOptions,
): Promise<Validation> {
  return withImage(text, environment, options, async (ctx, root) => {
    const images = imagesOf(root);
    let paths = 0;
    for (const image of images) {
      const subject = printPlatform(image.platform);
      const facts = await step(ctx, { step: 'validate', subject }, () =>
        readFacts(ctx, image.layers, { capture: () => undefined }),
      );
      paths += facts.entries.size;
    }
    const layers = new Map(
      images.flatMap((image) => image.layers).map(({ descriptor }) => [descriptor.digest, descriptor.size]),
    );
    const bytes = [...layers.values()].reduce((sum, size) => sum + size, 0);
    return {
      reference: text,
      digest: root.descriptor.digest,
      images: images.length,
      layers: layers.size,
      bytes,
      paths,
    };
  });
}
