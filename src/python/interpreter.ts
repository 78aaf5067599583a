// The interpreter of the target, known from files alone: nothing of the base is ever run.

export interface Libc {
  readonly kind: 'glibc' | 'musl';
  readonly major: number;
  readonly minor: number;
}

export interface Interpreter {
  /** Full version: `3.12.1`. */
  readonly version: string;
  /** Absolute path in the image: `/usr/local/bin/python3.12`. */
  readonly path: string;
  /** `sys.base_prefix`: `/usr/local` or `/usr`. */
  readonly prefix: string;
  /** As `platform.machine()` says it: `x86_64`, `aarch64`. */
  readonly machine: string;
  readonly libc: Libc;
  /** Built without the GIL (`cp313t`). */
  readonly freeThreaded: boolean;
}

/** `3.12` of `3.12.1`. */
export function minorVersion(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** `Python 3.12.1 on x86_64 with glibc 2.36`, for messages. */
export function describeInterpreter({ version, machine, libc, freeThreaded }: Interpreter): string {
  const kind = freeThreaded ? 'free-threaded Python' : 'Python';
  return `${kind} ${version} on ${machine} with ${libc.kind} ${libc.major}.${libc.minor}`;
}
