// A request is a spec and where the result goes: flag, call and file become one value here, checked once, before anything moves.
import { isAbsolute, join } from 'node:path';
import type { BuildEvent } from '../core/event.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Platform } from '../oci/platform.ts';
import { parsePlatform, printPlatform } from '../oci/platform.ts';
import type { Reference } from '../oci/reference.ts';
import { isTag, parseReference, printReference } from '../oci/reference.ts';
import { OUTPUT_FOLDER } from '../spec/own-files.ts';
import type { ImageSpec } from '../spec/spec.ts';
import type { Transport } from '../store/transport.ts';
import { parseTransport, printTransport } from '../store/transport.ts';
import type { SandboxMaker } from './sandbox.ts';

export interface BuildOptions {
  /** Push to `<registry>/<name>:<tag>`; skipped when it exists, unless `force`. */
  readonly push?: boolean | undefined;
  /** Further places: `oci:DIR[:TAG]`, `oci-archive:FILE`, `docker-archive:FILE`, `docker://REF`. */
  readonly outputs?: readonly string[] | undefined;
  /** Python for specs that name neither a version nor a base with one; the tag does not know it. Default 3.12. */
  readonly defaultPython?: string | undefined;
  /** Overrides the spec's platforms. */
  readonly platforms?: readonly string[] | undefined;
  /** Further tags beside the spec's own. */
  readonly tags?: readonly string[] | undefined;
  readonly force?: boolean | undefined;
  /** Fail instead of changing the lock. */
  readonly frozen?: boolean | undefined;
  /** Fail instead of asking the network for anything but the targets. */
  readonly offline?: boolean | undefined;
  /** `false` makes every layer anew. */
  readonly cache?: boolean | undefined;
  /** Folder of the cache; default see `IMAGESPEC_CACHE`. */
  readonly cacheFolder?: string | undefined;
  /** Who runs programs of the image; default see `IMAGESPEC_SANDBOX`, else namespaces. `chroot` isolates them from nothing. */
  readonly sandbox?: SandboxMaker | undefined;
  /** Threads that pack layers; default by processors and amount of work. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly on?: ((event: BuildEvent) => void) | undefined;
}

export interface Output {
  readonly transport: Transport;
  /** Names to give there. */
  readonly tags: readonly string[];
  /** As the user would write it. */
  readonly text: string;
}

export interface Request {
  readonly spec: ImageSpec;
  /** `registry/name:tag`, or `name:tag` without a registry. */
  readonly imageName: string;
  readonly tag: string;
  /** flytekit's id of the spec. */
  readonly specId: string;
  readonly platforms: readonly Platform[];
  readonly outputs: readonly Output[];
  /** Where the spec itself says the image belongs; present with `push`. */
  readonly pushed: Reference | undefined;
}

const DEFAULT_PLATFORM = 'linux/amd64';
/** Above the processors of any machine that builds images; a slip of the keyboard is no plan. */
const WORKERS_LIMIT = 256;

/** Checks options against the spec. Throws `USAGE`, `PLATFORM_INVALID`, `NOT_SUPPORTED`, `REFERENCE_INVALID`. */
export function createRequest(
  spec: ImageSpec,
  imageName: string,
  options: BuildOptions,
  workingDirectory: string,
): Request {
  const tag = imageName.slice(imageName.lastIndexOf(':') + 1);
  const platforms = readPlatforms(options.platforms ?? spec.platforms);
  refuseNoVersion(options.defaultPython);
  const extra = options.tags ?? [];
  const bad = extra.find((one) => !isTag(one));
  if (bad !== undefined) {
    throw new ImageSpecError('USAGE', `"${bad}" is not a tag`, {
      hint: 'Tags have letters, digits, "_", "." and "-".',
    });
  }
  const { workers = 1 } = options;
  if (!Number.isInteger(workers) || workers < 0 || workers > WORKERS_LIMIT) {
    throw new ImageSpecError('USAGE', `Layers cannot be packed on ${workers} threads`, {
      hint: `Choose a number from 0 (this thread itself) to ${WORKERS_LIMIT}, or none to have it chosen.`,
    });
  }
  refuseIndexInDockerArchive(platforms, options.outputs ?? []);
  const pushed = options.push ? pushReference(spec, imageName) : undefined;
  const tags = [tag, ...extra];
  const outputs = (options.outputs ?? []).map((text) => toOutput(text, imageName, tags, workingDirectory));
  if (pushed)
    outputs.unshift({ transport: { kind: 'registry', reference: pushed }, tags, text: printReference(pushed) });
  if (outputs.length === 0)
    outputs.push(toOutput(`oci:${OUTPUT_FOLDER}/${spec.name}`, imageName, tags, workingDirectory));
  return { spec, specId: spec.id, imageName, tag, platforms, outputs, pushed };
}

function refuseNoVersion(version: string | undefined): void {
  if (version === undefined || /^3\.\d{1,2}$/.test(version)) return;
  throw new ImageSpecError('USAGE', `"${version}" is not a version of Python`, { hint: 'Write it as 3.12.' });
}

const OUTPUT = /^(?:oci|oci-archive|docker-archive):|^docker:\/\//;

function notAnOutput(text: string): ImageSpecError {
  return new ImageSpecError('USAGE', `"${text}" is no place to write an image to`, {
    hint: 'Write oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:REF], or docker://REF to push to a registry.',
  });
}

function digestGiven(text: string): ImageSpecError {
  return new ImageSpecError('USAGE', `"${text}" names a digest, but that follows from what is built`, {
    hint: 'Write docker://REGISTRY/NAME:TAG; the digest is printed when the image is there.',
  });
}

/** `docker load` knows no indexes: said before anything is built. */
function refuseIndexInDockerArchive(platforms: readonly Platform[], outputs: readonly string[]): void {
  const archive = outputs.find((text) => text.startsWith('docker-archive:'));
  if (platforms.length < 2 || archive === undefined) return;
  throw new ImageSpecError(
    'USAGE',
    `${archive} can hold one platform, not ${platforms.map(printPlatform).join(' and ')}`,
    {
      hint: 'Choose one with --platform, or write an oci-archive.',
    },
  );
}

function readPlatforms(texts: readonly string[]): Platform[] {
  const list = texts.flatMap((text) => text.split(',')).filter((text) => text.trim() !== '');
  // `--platform "$PLATFORM"` without the variable is a mistake, not the wish for a default.
  if (texts.length > 0 && list.length === 0) parsePlatform(texts[0]!);
  const platforms = (list.length > 0 ? list : [DEFAULT_PLATFORM]).map(parsePlatform);
  const foreign = platforms.find(({ os }) => os !== 'linux');
  if (foreign) {
    throw new ImageSpecError('NOT_SUPPORTED', `The platform ${printPlatform(foreign)} is not supported yet`, {
      hint: 'Only images for Linux can be built, for example linux/amd64.',
    });
  }
  return [...new Map(platforms.map((platform) => [printPlatform(platform), platform])).values()];
}

function pushReference(spec: ImageSpec, imageName: string): Reference {
  if (spec.registry) return parseReference(imageName);
  throw new ImageSpecError('USAGE', `The spec "${spec.name}" names no registry to push to`, {
    hint: 'Set `registry:` in the spec (for example ghcr.io/acme), or give a place with --output docker://REF.',
  });
}

function toOutput(text: string, imageName: string, tags: readonly string[], workingDirectory: string): Output {
  // A slip in a transport (`oic:out`) reads as an image at the default registry: nothing is sent there by accident.
  if (!OUTPUT.test(text.trim())) throw notAnOutput(text);
  const transport = parseTransport(text);
  const within = (path: string): string => (isAbsolute(path) ? path : join(workingDirectory, path));
  switch (transport.kind) {
    case 'scratch':
      throw notAnOutput(text);
    case 'registry': {
      if (transport.reference.digest !== undefined) throw digestGiven(text);
      const own = transport.reference.tag;
      const named = text.slice(text.lastIndexOf('/')).includes(':');
      return { transport, tags: own && named ? [own, ...tags.slice(1)] : [...tags], text };
    }
    case 'oci': {
      const named = transport.name === undefined ? tags : [transport.name, ...tags.slice(1)];
      return {
        transport: { ...transport, folder: within(transport.folder) },
        tags: named,
        text: printTransport(transport),
      };
    }
    case 'oci-archive': {
      const named = transport.name === undefined ? tags : [transport.name, ...tags.slice(1)];
      const file = within(transport.file);
      return { transport: { ...transport, file }, tags: named, text: printTransport(transport) };
    }
    case 'docker-archive': {
      // `docker load` gives its images these names, so they are whole references.
      const repository = imageName.slice(0, imageName.lastIndexOf(':'));
      const [, ...more] = tags;
      const named = [transport.name ?? imageName, ...more.map((one) => `${repository}:${one}`)];
      return {
        transport: { ...transport, file: within(transport.file) },
        tags: named,
        text: printTransport(transport),
      };
    }
  }
}
