// What uv says when it fails, as errors of ours: its words are for people at a terminal.
import type { ErrorCode } from '../core/error.ts';
import { ImageSpecError } from '../core/error.ts';
import { GIT_HINT } from './clone.ts';
import type { Interpreter } from './interpreter.ts';
import { describeInterpreter } from './interpreter.ts';

const OWN_UV = 'Unset IMAGESPEC_UV, so that the version is used that is known to work.';

/** uv gave no answer that means anything. */
export function notUv(why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('UV_MISSING', `The resolver uv gave no answer: ${why}`, { hint: OWN_UV, cause });
}

const WHEEL_HINT = 'Choose another version or base image, or build a wheel and publish that to your index.';

/** What uv's words mean; the first that fits decides. */
const MEANINGS: readonly (readonly [words: RegExp, code: ErrorCode, hint: string])[] = [
  [/Failed to inspect Python|Querying Python at|Failed to query Python/i, 'UV_MISSING', OWN_UV],
  [/Git executable not found/i, 'GIT_FAILED', 'Install git on this host; it need not be in the image.'],
  [/Git operation failed|failed to (?:clone|fetch) |git process exited/i, 'GIT_FAILED', GIT_HINT],
  [/network was disabled|not found in the cache/i, 'OFFLINE', 'Build once without --offline.'],
  [
    /401 Unauthorized|lack of valid authentication/i,
    'UNAUTHORIZED',
    'Put user and token into the index URL (a variable such as UV_INDEX_URL keeps them out of the spec), or into a .netrc: ~/.netrc, or one under `pip_secret_mounts`.',
  ],
  [/403 Forbidden/i, 'FORBIDDEN', 'Ask for read access to this index, or use another token.'],
  [/404 Not Found/i, 'NOT_FOUND', 'Check the URL.'],
  [/429 Too Many/i, 'RATE_LIMITED', 'Wait a while and try again; indexes allow more to users who are logged in.'],
  [/server error \(5\d\d/i, 'SERVER_ERROR', 'This is a fault of the index or of a proxy before it: try again later.'],
  [
    /Failed to fetch|error sending request|dns error/i,
    'INDEX_UNREACHABLE',
    'Check the network, the proxy variables and the index URL; --offline uses what is in the cache.',
  ],
  [
    /hash mismatch/i,
    'DIGEST_MISMATCH',
    'Make the hashes anew if the version is new; otherwise do not trust the index.',
  ],
  [/no usable wheels|no wheels with a matching|building from source is disabled/i, 'NO_WHEEL', WHEEL_HINT],
  [/invalid package format/i, 'WHEEL_INVALID', 'The wheel is damaged: choose another version, and tell its authors.'],
  [
    /not found in the package registry|there are no versions of/i,
    'UNRESOLVABLE',
    'Check the spelling of the name, and that `pip_index` is an index that has it.',
  ],
  [/couldn't parse|invalid requirement|unsupported|^error: unexpected/i, 'REQUIREMENTS_INVALID', 'Correct the line.'],
];
const NO_SOLUTION = [
  /^/,
  'UNRESOLVABLE',
  'Loosen one of the versions that are named, or choose another base image.',
] as const;

/** What uv said, as the failure that it means. */
export function uvError(words: string, interpreter: Interpreter, offline: boolean): ImageSpecError {
  const [pattern, code, hint] =
    MEANINGS.find(([known, meant]) => known.test(words) && (meant !== 'OFFLINE' || offline)) ?? NO_SOLUTION;
  const { headline, reasons } = sentencesOf(words);
  if (code === 'REQUIREMENTS_INVALID') {
    const message = `The requirements cannot be read: ${[headline, ...reasons].join(': ')}`;
    return new ImageSpecError(code, message, { hint });
  }
  const telling = reasons.find((one) => pattern.test(one)) ?? reasons[0] ?? headline ?? 'uv failed without a word';
  const message = `The requirements cannot be resolved for ${describeInterpreter(interpreter)}: ${telling}`;
  return new ImageSpecError(code, message, { hint, issues: reasons });
}

/** uv's message in sentences: its headline says only that something failed, causes and hints say what. */
export function sentencesOf(words: string): {
  readonly headline: string | undefined;
  readonly reasons: readonly string[];
} {
  const [headline, ...reasons] = words
    .split(/\n(?!\s*And\b)(?=\s*(?:error|cause|hint):)/)
    .map((part) =>
      part
        .replace(/^\s*(?:error|cause|hint):\s*/, '')
        .replace(/^[ ^]+$/gm, '')
        .replace(/\s*\n\s*/g, ' ')
        // The file in which we hand over what stands under `packages`.
        .replace(/`(?:[^`]*\/)?packages\.txt` at position \d+/g, '`packages`')
        .trim(),
    )
    .filter((part) => part !== '');
  return { headline, reasons };
}
