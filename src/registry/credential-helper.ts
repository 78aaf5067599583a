// Credential helpers keep secrets in a keychain or make them on the fly (docker-credential-helpers protocol): one is asked here.
import { execFile } from 'node:child_process';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import type { Credential } from './credential-file.ts';

/** Helpers may ask a cloud for a token or a person for a password; longer means that nobody answers. */
const HELPER_TIMEOUT_MS = 60_000;
/** Secrets are tokens of a few kilobytes. */
const HELPER_OUTPUT_LIMIT_BYTES = 256 << 10;

/** How helpers say that they know nothing, with exit status 1 (docker-credential-helpers, credentials/error.go). */
const NOT_FOUND = /credentials not found/i;

export interface Helper {
  /** Without the prefix `docker-credential-`. */
  readonly name: string;
  /** The file that names the helper. */
  readonly from: string;
  /** Variables that the helper gets, PATH among them. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs `docker-credential-<name> get`; undefined when it has nothing for the registry.
 * Throws `CREDENTIALS` when it cannot be run, fails or does not speak the protocol.
 */
export async function askHelper(ctx: Context, helper: Helper, registry: string): Promise<Credential | undefined> {
  const program = `docker-credential-${helper.name}`;
  const fail = (why: string): ImageSpecError =>
    new ImageSpecError('CREDENTIALS', `The credential helper ${program} (named in ${helper.from}) ${why}`, {
      hint: `Install or repair ${program}, or remove it from ${helper.from} and log in again.`,
      facts: { helper: program, from: helper.from, registry },
    });
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper.name)) throw fail('has a name that is not a program name');
  // docker knows Hub by this key only.
  const key = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
  const { failure, stdout, stderr } = await runHelper(ctx, program, key, helper.env);
  throwIfAborted(ctx);
  if (failure?.code === 'ENOENT') throw fail('is not installed');
  if (failure?.killed) throw fail(`gave no answer within ${HELPER_TIMEOUT_MS / 1000} s`);
  if (NOT_FOUND.test(stdout) || NOT_FOUND.test(stderr)) return undefined;
  // stdout may hold a secret even then, so only stderr is quoted.
  if (failure) throw fail(`failed: ${redactText(stderr.trim().slice(0, 300)) || `exit status ${failure.code}`}`);
  const credential = parseAnswer(stdout, `${program} (${helper.from})`);
  if (credential === 'invalid') throw fail('answered something that is not the helper protocol');
  return credential;
}

interface HelperRun {
  readonly failure: {
    readonly code?: string | number | null | undefined;
    readonly killed?: boolean | undefined;
  } | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runHelper(ctx: Context, program: string, key: string, env: Helper['env']): Promise<HelperRun> {
  const options = {
    env: { ...env },
    signal: ctx.signal,
    timeout: HELPER_TIMEOUT_MS,
    maxBuffer: HELPER_OUTPUT_LIMIT_BYTES,
    windowsHide: true,
  };
  return new Promise((resolve) => {
    const child = execFile(program, ['get'], options, (failure, stdout, stderr) =>
      resolve({ failure, stdout, stderr }),
    );
    // A helper may end without reading what it was asked.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(key);
  });
}

function parseAnswer(stdout: string, from: string): Credential | undefined | 'invalid' {
  let answer: { Username?: unknown; Secret?: unknown } | null;
  try {
    answer = JSON.parse(stdout) as typeof answer;
  } catch {
    return 'invalid';
  }
  const { Username: username, Secret: secret } = answer ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string') return 'invalid';
  if (username === '' && secret === '') return undefined;
  if (username === '<token>') return { kind: 'identity', token: secret, from };
  return { kind: 'basic', username, password: secret, from };
}
