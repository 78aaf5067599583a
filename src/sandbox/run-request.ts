// What a run is: a program, whom it belongs to and what it finds, whichever maker of sandboxes runs it.
import type { BaseFacts } from '../filesystem/facts.ts';
import type { Mount } from './mounts.ts';
import type { Stack } from './unpack.ts';

interface RunUser {
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
}

export interface RunRequest {
  readonly stack: Stack;
  /** Of the stack. */
  readonly facts: BaseFacts;
  readonly argv: readonly string[];
  /** All variables; the host's are not inherited. Names are those of a shell. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Working directory in the image. */
  readonly folder: string;
  readonly user: RunUser;
  /** `none`: a loopback alone, where there are namespaces; by chroot it is the host's all the same. */
  readonly network: 'host' | 'none';
  /** By chroot they are copies: read-only ones can be written, and what the program leaves in the others is brought back at its end. */
  readonly mounts: readonly Mount[];
  /** Not by chroot. */
  readonly isReadOnly: boolean;
  /** `inherit`: the caller's terminal or pipes; else called for each piece of output, of both streams. */
  readonly output: 'inherit' | ((text: string) => void);
  /** Whether the program reads the caller's input. */
  readonly hasInput: boolean;
  /** Whether the caller's terminal is the program's; else it is in a session of its own, out of reach of the terminal's keys. */
  readonly hasTerminal?: boolean | undefined;
  /**
   * Given the tar of what changed, in overlayfs' form, when the program ended with status 0; the tar must be read to its end.
   * @param removed paths that are gone, where the tar does not say it by devices
   */
  readonly changes?: ((tar: AsyncIterable<Uint8Array>, removed: readonly string[]) => Promise<void>) | undefined;
  /** Called when the program runs, with what sends it a signal (`TERM`). */
  readonly onStart?: (send: (signal: string) => void) => void;
}

/** What engines leave to root in a container, without devices (containers/common, default capabilities). */
export const CAPABILITIES =
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap';

/** For tar: what layers hold. */
export const CHANGES_TAR =
  '--numeric-owner --sort=name --format=posix --xattrs --xattrs-include=security.capability --xattrs-include=user.*';

/** The host's programs that start the image's would obey these too (ld.so(8)); they are set by the image's own env. */
export const isForLoader = (name: string): boolean => /^(LD_|GLIBC_TUNABLES$|MALLOC_)/.test(name);

export function programWords({ argv, env }: RunRequest): readonly string[] {
  const loader = env.filter(([name]) => isForLoader(name)).map(([name, value]) => `${name}=${value}`);
  return loader.length > 0 ? ['/usr/bin/env', ...loader, ...argv] : argv;
}

/** 0 to 2 of a script that becomes the program. */
export function programFiles({ output, hasInput }: RunRequest): ('ignore' | 'inherit' | 'pipe')[] {
  const stream = output === 'inherit' ? 'inherit' : 'pipe';
  return [hasInput ? 'inherit' : 'ignore', stream, stream];
}

/** Of setpriv(1). */
export const groupsOption = ({ groups }: RunUser): string =>
  groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups';
