// Which CPythons can be brought: what uv would install, or a list in uv's form that the user names.
import { z } from 'zod';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { fits } from './find-interpreter.ts';
import type { PythonTarget } from './managed.ts';

/** One build of CPython. */
export interface Offer {
  /** As uv calls it: `cpython-3.12.16-linux-x86_64-gnu`. */
  readonly key: string;
  readonly version: string;
  readonly url: string;
  /** Where the list tells. */
  readonly digest?: Digest | undefined;
}

/** What uv calls C libraries. */
const LIBC = { glibc: 'gnu', musl: 'musl' } as const;

/** Of other machines there are none, or some that nobody has tried here. */
const MACHINES = ['x86_64', 'aarch64'];

export function isOffered({ machine }: Pick<PythonTarget, 'machine'>): boolean {
  return MACHINES.includes(machine);
}

const listSchema = z.array(
  z.object({
    key: z.string(),
    version: z.string(),
    url: z.string().nullable(),
    os: z.string(),
    arch: z.string(),
    libc: z.string(),
    variant: z.string(),
    implementation: z.string(),
  }),
);

/** Those for the target, of what `uv python list --output-format json --show-urls` prints. Throws a plain error for anything else. */
export function offersOfUv(text: string, target: PythonTarget): Offer[] {
  const all = listSchema.parse(JSON.parse(text));
  return all.flatMap(({ key, version, url, os, arch, libc, variant, implementation }) => {
    const isOurs = implementation === 'cpython' && variant === 'default' && isFor(target, os, arch, libc);
    return isOurs && url !== null ? [{ key, version, url }] : [];
  });
}

const documentSchema = z.record(
  z.string(),
  z.object({
    name: z.string(),
    arch: z.object({ family: z.string(), variant: z.string().nullish() }),
    os: z.string(),
    libc: z.string(),
    major: z.int(),
    minor: z.int(),
    patch: z.int(),
    prerelease: z.string().nullish(),
    url: z.string(),
    sha256: z.string().nullish(),
    variant: z.string().nullish(),
  }),
);

/** The same of a document such as `UV_PYTHON_DOWNLOADS_JSON_URL` names. @param where for messages. Throws `UNEXPECTED_ANSWER`. */
export function offersOfDocument(text: string, where: string, target: PythonTarget): Offer[] {
  let document: z.output<typeof documentSchema>;
  try {
    document = documentSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ImageSpecError('UNEXPECTED_ANSWER', `${where} is no list of Pythons in the form of uv`, {
      hint: 'Correct UV_PYTHON_DOWNLOADS_JSON_URL, or unset it: then uv’s own list is used.',
      cause,
    });
  }
  return Object.entries(document).flatMap(([key, one]) => {
    const { name, os, arch, libc, url, sha256, variant } = one;
    if (name !== 'cpython' || variant || arch.variant || !isFor(target, os, arch.family, libc)) return [];
    const digest = `sha256:${sha256 ?? ''}`;
    const version = `${one.major}.${one.minor}.${one.patch}${one.prerelease ?? ''}`;
    return [{ key, version, url, ...(isDigest(digest) && { digest }) }];
  });
}

function isFor({ machine, libc }: PythonTarget, os: string, arch: string, kind: string): boolean {
  return os === 'linux' && arch === machine && kind === LIBC[libc.kind];
}

const RELEASE = /^\d+\.\d+\.(\d+)$/;

/** The newest that is wanted; one that is no release yet only by its full version. */
export function newestOffer(offers: readonly Offer[], { wanted }: Pick<PythonTarget, 'wanted'>): Offer | undefined {
  const patch = ({ version }: Offer): number => Number(RELEASE.exec(version)?.[1] ?? -1);
  const fitting = offers.filter(
    ({ version }) => version === wanted || (RELEASE.test(version) && fits(version, wanted)),
  );
  return fitting.sort((a, b) => patch(b) - patch(a))[0];
}
