// Which of the files that a Release file lists are the indices for an architecture.
import { ImageSpecError } from '../core/error.ts';
import type { AptSource } from './apt-source.ts';
import type { Ending } from './decompress-index.ts';
import { ENDINGS } from './decompress-index.ts';
import { invalidSource } from './source-entry.ts';
import type { ListedFile, Release } from './release.ts';
import { invalidRelease } from './release.ts';
import { releaseFolder } from './release-documents.ts';

export interface IndexVariant extends ListedFile {
  readonly ending: Ending;
  /** Below the URI of the source. */
  readonly path: string;
}

export interface ChosenIndex {
  /** `main/binary-amd64/Packages of bookworm` */
  readonly name: string;
  /** The same content, in the order in which to ask for it. */
  readonly variants: readonly IndexVariant[];
  /** The content, where the Release file lists it. */
  readonly unpacked: ListedFile | undefined;
}

/** Debian's largest has 50 MB of content; archives with every version of everything have some hundreds. */
export const INDEX_LIMIT_BYTES = 1_000_000_000;

/** Other compressions that apt knows; they are refused by name. */
const UNREAD_ENDINGS = ['.bz2', '.lzma', '.lz4'];

/**
 * Undefined if the source has nothing for the architecture, and did not say that it would. Throws `APT_SOURCES_INVALID` for components that
 * do not exist, `RELEASE_INVALID` for indices that are not listed, `TOO_LARGE`, `NOT_SUPPORTED`.
 */
export function chooseIndices(
  release: Release,
  source: AptSource,
  architecture: string,
): readonly ChosenIndex[] | undefined {
  checkComponents(release, source);
  const { architectures, hasArchitectureAll } = release;
  const hasNative = architectures.length === 0 || architectures.includes(architecture);
  if (!hasNative && !architectures.includes('all')) {
    if (source.architectures === undefined) return undefined;
    const list = architectures.join(', ');
    throw invalidSource(source.where, `it asks for ${architecture}, but ${source.suite} has only ${list}`);
  }
  if (source.suite.endsWith('/'))
    return [chooseOne(release, source, 'Packages') ?? unlisted(release, source, 'Packages')];
  return source.components.flatMap((component) => {
    const wanted = [...(hasNative ? [architecture] : []), ...(hasArchitectureAll ? ['all'] : [])];
    const chosen = wanted.flatMap((name) => chooseOne(release, source, `${component}/binary-${name}/Packages`) ?? []);
    return chosen.length > 0 ? chosen : unlisted(release, source, `${component}/binary-${architecture}/Packages`);
  });
}

function checkComponents({ components }: Release, source: AptSource): void {
  if (components.length === 0) return;
  for (const component of source.components) {
    if (components.includes(component.slice(component.lastIndexOf('/') + 1))) continue;
    const list = components.join(', ');
    throw invalidSource(source.where, `${source.suite} has no component ${component}`, `It has ${list}.`);
  }
}

function chooseOne({ files }: Release, source: AptSource, path: string): ChosenIndex | undefined {
  const folder = releaseFolder(source);
  const name = `${path} of ${source.suite}`;
  const variants = ENDINGS.flatMap((ending): IndexVariant[] => {
    const listed = files.get(path + ending);
    return listed ? [{ ...listed, ending, path: folder + path + ending }] : [];
  });
  for (const { size } of variants) {
    if (size > INDEX_LIMIT_BYTES) {
      throw new ImageSpecError('TOO_LARGE', `${name} has ${size} bytes, more than the limit of ${INDEX_LIMIT_BYTES}`, {
        hint: 'No index is that large: use another mirror.',
        facts: { where: source.where },
      });
    }
  }
  return variants.length === 0 ? undefined : { name, variants, unpacked: files.get(path) };
}

function unlisted({ files }: Release, source: AptSource, path: string): never {
  const what = `The Release file of ${source.suite} at ${source.uri}`;
  const ending = UNREAD_ENDINGS.find((each) => files.has(path + each));
  if (ending === undefined) throw invalidRelease(what, `it lists no ${path}`);
  throw new ImageSpecError('NOT_SUPPORTED', `${what} lists ${path} only as ${ending}, which is not supported`, {
    hint: 'Ask the owner of the archive for .xz, .zst or .gz.',
    facts: { where: source.where },
  });
}
