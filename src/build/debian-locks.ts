// Which Debian packages a platform gets: from the lock file as long as it answers the same question, else resolved anew.
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import type { LockedDeb } from '../debian/locked-deb.ts';
import type { PackageVersion } from '../debian/package.ts';
import { redactUrl } from '../core/redact.ts';
import type { BaseReader } from './base.ts';
import type { DebianWants } from './inputs.ts';
import type { Job } from './job.ts';
import type { Answer, KeptLock } from './locks.ts';
import { lockWouldChange } from './locks.ts';

export interface DebianLock {
  /** In the order in which they are installed. */
  readonly packages: readonly LockedDeb[];
  readonly digest: Digest;
}

export interface DebianQuestion {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  /** As dpkg names it. */
  readonly architecture: string;
  readonly wants: DebianWants;
  readonly reader: BaseReader;
}
