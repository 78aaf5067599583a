// Lock files of the standard kind (PEP 751): what a resolver wrote, or a user brought, as values that can be trusted in shape.
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { ImageSpecError, messageOf } from '../core/error.ts';

const file = z.object({
  name: z.string().optional(),
  url: z.string().optional(),
  /** Relative to the lock. */
  path: z.string().optional(),
  size: z.int().nonnegative().optional(),
  /** By algorithm, hex. */
  hashes: z.record(z.string(), z.string()),
  /** Of archives: the folder of the project. */
  subdirectory: z.string().optional(),
});

const vcs = z.object({
  type: z.string(),
  url: z.string().optional(),
  path: z.string().optional(),
  'requested-revision': z.string().optional(),
  'commit-id': z.string(),
  subdirectory: z.string().optional(),
});

const directory = z.object({
  /** Relative to the lock. */
  path: z.string(),
  subdirectory: z.string().optional(),
});

const locked = z.object({
  name: z.string(),
  version: z.string().optional(),
  marker: z.string().optional(),
  'requires-python': z.string().optional(),
  vcs: vcs.optional(),
  directory: directory.optional(),
  archive: file.optional(),
  sdist: file.optional(),
  wheels: z.array(file).default([]),
});

const schema = z.object({
  'lock-version': z.string(),
  environments: z.array(z.string()).default([]),
  'requires-python': z.string().optional(),
  extras: z.array(z.string()).default([]),
  'dependency-groups': z.array(z.string()).default([]),
  'default-groups': z.array(z.string()).default([]),
  packages: z.array(locked),
});

export type Pylock = z.output<typeof schema>;
export type PylockPackage = z.output<typeof locked>;
export type PylockFile = z.output<typeof file>;
export type PylockDirectory = z.output<typeof directory>;
export type PylockVcs = z.output<typeof vcs>;

/**
 * Throws `REQUIREMENTS_INVALID` for what is not TOML, not a lock, or of a newer major version.
 * @param what names the lock in messages: `the lock file /app/pylock.toml`
 */
export function parsePylock(text: string, what: string): Pylock {
  const document = readToml(text, what);
  const version = z.object({ 'lock-version': z.string() }).safeParse(document);
  if (version.success && !/^1\.\d+$/.test(version.data['lock-version'])) {
    throw invalid(what, `has the lock version ${version.data['lock-version']}, only 1 is known`);
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${placeIn(document, path)}: ${message}`);
  throw invalid(what, `is not a lock file (${issues[0]})`, issues);
}

/** `packages[3].wheels[0].hashes of numpy`: nobody counts packages. */
function placeIn(document: unknown, path: readonly PropertyKey[]): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const packages = z.object({ packages: z.array(z.object({ name: z.string() }).or(z.unknown())) }).safeParse(document);
  const [top, index] = path;
  const owner = top === 'packages' && typeof index === 'number' ? packages.data?.packages[index] : undefined;
  const name = z.object({ name: z.string() }).safeParse(owner).data?.name;
  return `${place.replace(/^\./, '')}${name === undefined ? '' : ` of ${name}`}`;
}

function readToml(text: string, what: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const at = cause instanceof TomlError ? ` at line ${cause.line}` : '';
    const [reason = ''] = messageOf(cause).replace('Invalid TOML document: ', '').split('\n', 1);
    throw invalid(what, `is not TOML${at}: ${reason}`, [], cause);
  }
}

function invalid(what: string, why: string, issues: readonly string[] = [], cause?: unknown): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', `${what} ${why}`, {
    hint: 'A lock has the form of PEP 751, as "uv export --format pylock.toml" and "pip lock" write it.',
    issues,
    cause,
  });
}
