// The CPython for a target with its checksum: uv knows both, and tells the second only to whoever brings a wrong archive.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { TAR_BLOCK } from '../filesystem/tar-fields.ts';
import type { Offer } from './catalogue.ts';
import { newestOffer, offersOfDocument, offersOfUv } from './catalogue.ts';
import { minorVersion } from './interpreter.ts';
import type { LockedPython, PythonTarget } from './managed.ts';
import { pathOfRelease } from './managed.ts';
import type { ProgramEnd } from './run-program.ts';
import { runProgram } from './run-program.ts';

export interface CatalogueOptions {
  /** Host path of uv. */
  readonly uv: () => Promise<string>;
  /** Only `PATH` is taken from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Empty folder of the host. */
  readonly scratch: string;
  /** A list in place of uv's own, and what it is called in messages. */
  readonly document?: { readonly where: string; readonly read: () => Promise<string> } | undefined;
}

/** uv answers both questions within a tenth of a second. */
const TIMEOUT_MS = 60_000;

/**
 * Throws `INTERPRETER_MISSING` when there is none, `NOT_SUPPORTED` for one without checksum, `UV_MISSING` when uv does not answer, and
 * what finding uv and reading the document throw.
 */
export async function choosePython(
  ctx: Context,
  target: PythonTarget,
  options: CatalogueOptions,
): Promise<LockedPython> {
  const { document } = options;
  const offers = document
    ? offersOfDocument(await document.read(), document.where, target)
    : offersOfUv((await askUv(ctx, LIST(target), {}, options)).stdout, target);
  const offer = newestOffer(offers, target);
  if (!offer) throw noOffer(target, offers);
  const digest = offer.digest ?? (document ? undefined : await checksumOf(ctx, offer, options));
  if (digest === undefined) throw noChecksum(offer);
  return { version: offer.version, url: offer.url, digest };
}

const EVERYWHERE = ['--only-downloads', '--all-versions', '--all-platforms', '--all-arches'];
const AS_JSON = ['--show-urls', '--output-format', 'json', '--no-config', '--offline'];
const LIST = ({ wanted }: PythonTarget): string[] => [
  'python',
  'list',
  minorVersion(wanted),
  ...EVERYWHERE,
  ...AS_JSON,
];

async function askUv(
  ctx: Context,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  { uv, env, scratch: folder }: CatalogueOptions,
  isExpected = ({ status }: ProgramEnd): boolean => status === 0,
): Promise<ProgramEnd> {
  const own = { PATH: env['PATH'], HOME: folder, UV_CACHE_DIR: join(folder, 'cache'), NO_COLOR: '1', ...variables };
  const end = await runProgram(ctx, await uv(), args, { env: own, folder, timeoutMs: TIMEOUT_MS });
  if (isExpected(end)) return end;
  const said = end.failure ?? end.stderr.trim().split('\n').at(-1);
  throw new ImageSpecError('UV_MISSING', `uv could not say which Python can be brought: ${said}`, {
    hint: 'Use the version of uv that imagespec brings itself, or a base image that has the Python.',
  });
}

const CHECKSUM = /Expected:\s+([0-9a-f]{64})\b/;

/**
 * uv compares what a mirror gives with the checksum that is built into it, and says both when they differ. The mirror is a folder with
 * an empty archive: nothing is fetched, and nothing is installed.
 */
async function checksumOf(ctx: Context, offer: Offer, options: CatalogueOptions): Promise<Digest | undefined> {
  const path = pathOfRelease(offer.url);
  if (path === undefined) return undefined;
  const mirror = join(options.scratch, 'mirror');
  const file = join(mirror, decodeURIComponent(path));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, gzipSync(new Uint8Array(2 * TAR_BLOCK)));
  const variables = {
    UV_PYTHON_INSTALL_MIRROR: pathToFileURL(mirror).href,
    UV_PYTHON_INSTALL_DIR: join(options.scratch, 'pythons'),
    UV_HTTP_RETRIES: '0',
  };
  const args = ['python', 'install', offer.key, '--no-bin', '--no-config', '--offline'];
  const { stderr } = await askUv(ctx, args, variables, options, (end) => CHECKSUM.test(end.stderr));
  return `sha256:${CHECKSUM.exec(stderr)![1]!}`;
}

function noOffer({ wanted, machine, libc }: PythonTarget, offers: readonly Offer[]): ImageSpecError {
  const versions = offers.map(({ version }) => version);
  const others = versions.length > 0 ? `There are ${versions.join(', ')}: write one of these.` : undefined;
  const kind = `CPython ${wanted} for ${machine} with ${libc.kind}`;
  return new ImageSpecError('INTERPRETER_MISSING', `There is no build of ${kind} that could be brought`, {
    hint: others ?? `Write another \`python_version\`, or set base_image to an image with that version.`,
    facts: { wanted },
  });
}

function noChecksum({ key }: Offer): ImageSpecError {
  return new ImageSpecError('NOT_SUPPORTED', `No checksum is known of ${key}, and without one it is not brought`, {
    hint: 'Write another `python_version`, or give its `sha256` in the list that UV_PYTHON_DOWNLOADS_JSON_URL names.',
    facts: { key },
  });
}
