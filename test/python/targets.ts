// Interpreters of typical bases, for tests.
import type { Interpreter } from '../../src/python/interpreter.ts';
import { minorVersion } from '../../src/python/interpreter.ts';

/** Of an official image: Debian 12 on x86_64, unless said otherwise. */
export function interpreterOf(version: string, more: Partial<Interpreter> = {}): Interpreter {
  return {
    version,
    path: `/usr/local/bin/python${minorVersion(version)}`,
    prefix: '/usr/local',
    machine: 'x86_64',
    libc: { kind: 'glibc', major: 2, minor: 36 },
    freeThreaded: false,
    ...more,
  };
}
