// The one error class of the project, and the one table of its codes.

interface CodeFacts {
  /** Exit status of the command line: 1 failed, 2 wrong usage or spec, 130 interrupted. */
  readonly exit: 1 | 2 | 130;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** One line for the manual (`docs/errors.md`). */
  readonly manual: string;
}

const failed = (manual: string, retryable = false): CodeFacts => ({ exit: 1, retryable, manual });
const wrong = (manual: string): CodeFacts => ({ exit: 2, retryable: false, manual });

/** Code → exit status, retryable, manual line. A test demands that each is thrown in a test and explained in the docs. */
export const ERROR_CODES = {
  // The user's words
  USAGE: wrong('The command line is not understood.'),
  SPEC_INVALID: wrong('The spec breaks the schema; every issue is listed with its path.'),
  SPEC_NOT_FOUND: wrong('There is no spec file where it was looked for.'),
  SPEC_UNREADABLE: wrong('The spec file is not valid YAML, JSON or TypeScript/JavaScript.'),
  NOT_SUPPORTED: wrong('The spec or option asks for something that is not supported yet.'),
  REFERENCE_INVALID: wrong('An image reference is not well-formed.'),
  PLATFORM_INVALID: wrong('A platform is not OS/ARCH[/VARIANT].'),
  DIGEST_INVALID: wrong('A digest is not well-formed.'),
  REQUIREMENTS_NOT_FOUND: wrong('A requirements or constraints file does not exist.'),
  REQUIREMENTS_INVALID: wrong('A requirements line, lock file or entry in it cannot be understood.'),
  COPY_NOT_FOUND: wrong('A path under `copy`, `source_root` or `source_files` does not exist.'),
  COPY_INVALID: wrong(
    'A file under `copy` or `source_root` cannot be put into an image (socket, device, name), or an ignore file cannot be understood.',
  ),
  SECRET_MISSING: wrong('A file or variable that the spec names as a secret does not exist or is empty.'),
  SECRET_EXPOSED: failed(
    'A secret would be in the image: in what the commands leave, in a copied file, or in the spec itself.',
  ),
  // Bytes that are not what they claim
  DIGEST_MISMATCH: failed('Bytes do not have the digest they were asked by.', true),
  SIZE_MISMATCH: failed('Bytes are fewer or more than announced.', true),
  TOO_LARGE: failed('A document or archive exceeds its bound.'),
  MANIFEST_INVALID: failed('A manifest, index or config breaks the image specification.'),
  LAYER_INVALID: failed('A base layer is not a tar archive that can be applied.'),
  ENTRY_INVALID: failed('A path, link or attribute cannot be represented in a layer.'),
  PATH_CONFLICT: failed('Two sources want different content at one path.'),
  FILE_CHANGED: failed('A local file changed while it was being read.', true),
  ARCHIVE_INVALID: failed('An image archive or layout is damaged or of an unknown kind.'),
  // Bases
  BASE_PLATFORM_MISSING: failed('The base image does not exist for the wanted platform.'),
  INTERPRETER_MISSING: failed(
    'The base image has no Python interpreter, or not the wanted version, and none can be brought.',
  ),
  // Registries and the network
  NETWORK: failed('A server could not be reached or broke off.', true),
  TLS: failed('A secure connection could not be made.'),
  UNAUTHORIZED: failed('A registry or index wants credentials, or refuses the ones it got (401).'),
  FORBIDDEN: failed('A registry or index does not allow this to these credentials (403).'),
  NOT_FOUND: failed('The image, blob or file does not exist (404).'),
  RATE_LIMITED: failed('A server asks to slow down and went on doing so (429).', true),
  SERVER_ERROR: failed('A server answered with an error (5xx) to the last try.', true),
  UNEXPECTED_ANSWER: failed('A server answered outside the protocol.'),
  CREDENTIALS: failed('A credentials file or helper could not be read or run.'),
  REDIRECT: failed('A server redirected to somewhere that is not followed.'),
  // Python
  UV_MISSING: failed('The resolver program uv is not there, could not be installed, or gave no answer.'),
  UNRESOLVABLE: failed('The requirements have no common solution.'),
  NO_WHEEL: failed('A distribution has no wheel for the target.'),
  BUILD_FAILED: failed('A source distribution could not be built into a wheel.'),
  GIT_FAILED: failed('A source repository could not be fetched by git.'),
  WHEEL_INVALID: failed('A wheel is corrupt or breaks the wheel specification.'),
  INDEX_UNREACHABLE: failed('The package index could not be reached.', true),
  LOCK_CHANGED: failed('The lock would change although --frozen was given.'),
  OFFLINE: failed('Something is needed from the network although --offline was given.'),
  // Debian
  APT_SOURCES_INVALID: wrong('A list of package sources, or a keyring it names, cannot be understood.'),
  APT_SOURCES_MISSING: wrong('Debian packages are wanted, but no package source is known.'),
  SIGNATURE_MISSING: failed('A package source has no signature.'),
  SIGNATURE_INVALID: failed('A package source is signed by no key of its keyring, or was changed after it was signed.'),
  RELEASE_INVALID: failed(
    'The Release file of a package source is not the one that was asked for, or is dated in the future.',
  ),
  RELEASE_EXPIRED: failed('The Release file of a package source is older than it allows (Valid-Until).', true),
  PACKAGE_UNKNOWN: wrong('A Debian package, or the version or suite of it that is asked for, does not exist.'),
  PACKAGES_CONFLICT: failed('The Debian packages cannot be installed together, or not on this base.'),
  DEB_INVALID: failed('A Debian package is corrupt or hostile.'),
  CONFIGURE_UNSUPPORTED: failed('A Debian package has a maintainer script that cannot be carried out.'),
  // Programs of images
  SANDBOX_UNAVAILABLE: failed(
    'This host cannot run programs of an image: it lacks namespaces, overlayfs or a program.',
  ),
  IMAGES_FAILED: failed('Of several images, some were not built; each failure is listed.'),
  COMMAND_FAILED: failed('A command of the spec ended with a status other than 0.'),
  PROGRAM_NOT_FOUND: failed('The image does not have the program that is to be run.'),
  PLATFORM_FOREIGN: failed('Programs of another architecture are to be run, which this host cannot.'),
  // The machine
  DISK_FULL: failed('There is no space left on the device.'),
  CACHE_UNWRITABLE: failed('The cache folder cannot be written.'),
  OUTPUT_UNWRITABLE: failed('An output cannot be written.'),
  ABORTED: { exit: 130, retryable: true, manual: 'The build was interrupted.' },
} as const satisfies Record<string, CodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Plain values that a program may want: reference, digest, redacted URL, status, path in the spec. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ErrorDetails {
  /** The next thing to try, as a full sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly facts?: ErrorFacts;
  /** Several findings of one kind, e.g. all issues of a spec, one sentence each. */
  readonly issues?: readonly string[];
}

const MARK = Symbol.for('imagespec.error');

/** Any failure that is not a bug of ours. Programs match `code`, people read `message` and `hint`. */
export class ImageSpecError extends Error {
  override readonly name = 'ImageSpecError';
  readonly [MARK] = true;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly facts: ErrorFacts;
  readonly issues: readonly string[];

  /** @param message one sentence: what was tried, on what, what happened; without credentials */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.facts = details.facts ?? {};
    this.issues = details.issues ?? [];
  }
}

/** Recognises our errors across copies of the package, where `instanceof` does not. */
export function isImageSpecError(error: unknown): error is ImageSpecError {
  return typeof error === 'object' && error !== null && MARK in error;
}

/** The `code` of a Node system error (`ENOENT`), if it is one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
