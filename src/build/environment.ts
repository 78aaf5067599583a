// The one place that reads the process's surroundings; everything else gets them as a value, so that a build depends on nothing unseen.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { availableParallelism, homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ImageSpecError } from '../core/error.ts';

const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string };

/** The version of this program, as its package says. */
export const VERSION: string = manifest.version;
export const USER_AGENT = `imagespec/${VERSION}`;

export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly home: string;
  readonly processors: number;
  /** As Node names them: `linux`, `x64`. */
  readonly system: { readonly platform: string; readonly arch: string };
  /** Whom this process belongs to. */
  readonly user: { readonly uid: number; readonly gid: number; readonly name: string };
  /** Milliseconds since the epoch. Nothing that enters an image may depend on it. */
  readonly now: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** A name nobody else has. */
  readonly uniqueName: () => string;
  /** Standard input. */
  readonly openInput: () => AsyncIterable<Uint8Array>;
}

export function readEnvironment(): Environment {
  return {
    variables: { ...process.env },
    workingDirectory: currentFolder(),
    home: homedir(),
    processors: availableParallelism(),
    system: { platform: process.platform, arch: process.arch },
    user: currentUser(),
    now: () => Date.now(),
    random: () => Math.random(),
    uniqueName: () => randomBytes(9).toString('base64url'),
    openInput: () => process.stdin,
  };
}

/** Ids without an account, as containers are given them, have a number as their name. */
function currentUser(): Environment['user'] {
  const uid = process.getuid?.() ?? -1;
  const gid = process.getgid?.() ?? -1;
  try {
    return { uid, gid, name: userInfo().username };
  } catch {
    return { uid, gid, name: String(uid) };
  }
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new ImageSpecError('USAGE', 'The current folder is gone or may not be entered', {
      hint: 'Change to a folder that exists.',
      cause,
    });
  }
}

/** `IMAGESPEC_CACHE`, else `$XDG_CACHE_HOME/imagespec`, else `~/.cache/imagespec`. */
export function cacheFolder(environment: Environment, asked?: string): string {
  const { variables, workingDirectory, home } = environment;
  const folder = asked ?? variables['IMAGESPEC_CACHE'];
  if (folder) return isAbsolute(folder) ? folder : join(workingDirectory, folder);
  const xdg = variables['XDG_CACHE_HOME'];
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, '.cache'), 'imagespec');
}

/** `SOURCE_DATE_EPOCH` in seconds (reproducible-builds.org), else 0: no time of ours enters an image. */
export function sourceDateEpoch(environment: Environment): number {
  const text = environment.variables['SOURCE_DATE_EPOCH'];
  return text !== undefined && /^\d{1,11}$/.test(text) ? Number(text) : 0;
}
