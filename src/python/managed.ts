// A CPython that the base does not have: which one, from where, and where it lives in the image (python-build-standalone, as uv installs it).
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactUrl } from '../core/redact.ts';
import type { Interpreter, Libc } from './interpreter.ts';
import { minorVersion } from './interpreter.ts';

/** Raise it whenever an equal archive would give other entries, or their contents in another form; it is part of input keys. */
export const PYTHON_FORMAT = 2;

export interface LockedPython {
  /** Full: `3.12.16`. */
  readonly version: string;
  /** https URL of the archive, not of a mirror; or a file: URL. May hold credentials: redact before printing. */
  readonly url: string;
  readonly digest: Digest;
}

export interface PythonTarget {
  /** As `platform.machine()` says it. */
  readonly machine: string;
  readonly libc: Libc;
  /** `3.12` or `3.12.4`. */
  readonly wanted: string;
}

/** The folder that the archive becomes. The same on every platform, so that what refers to it is the same too. */
export function pythonPrefix(version: string): string {
  return `/opt/python/cpython-${version}`;
}

export function managedInterpreter({ version }: LockedPython, { machine, libc }: PythonTarget): Interpreter {
  const prefix = pythonPrefix(version);
  return { version, path: `${prefix}/bin/python${minorVersion(version)}`, prefix, machine, libc, freeThreaded: false };
}

/** What uv replaces by `UV_PYTHON_INSTALL_MIRROR`: everything before the release and the file. */
const RELEASES = /^.*\/python-build-standalone\/releases\/download\/(?=[^/]+\/[^/]+$)/;

/** Release and file as they lie below any mirror, percent-encoded: `20261110/cpython-3.12.16%2B…`; undefined for others. */
export function pathOfRelease(url: string): string | undefined {
  return RELEASES.test(url) ? url.replace(RELEASES, '') : undefined;
}

/** Where the archive is fetched. @param mirror as uv takes it: http, https or file. Throws `USAGE` for one that is no URL. */
export function mirroredUrl(url: string, mirror: string | undefined): string {
  const path = mirror ? pathOfRelease(url) : undefined;
  if (path === undefined || mirror === undefined) return url;
  if (/^(?:https?|file):/.test(mirror) && URL.canParse(mirror)) return `${mirror.replace(/\/+$/, '')}/${path}`;
  throw new ImageSpecError('USAGE', `UV_PYTHON_INSTALL_MIRROR is no URL: ${redactUrl(mirror)}`, {
    hint: 'Write for example "https://mirror.example/python", below which the releases lie by their date.',
  });
}
