// The sandbox of this host, looked for once per build; and whether it can run what a platform needs.
import { readFile } from 'node:fs/promises';
import type { Context } from '../core/context.ts';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import type { Platform } from '../oci/platform.ts';
import { normalizePlatform, printPlatform } from '../oci/platform.ts';
import { chooseIds } from '../sandbox/ids.ts';
import type { ChrootHost, SandboxHost } from '../sandbox/namespace.ts';
import type { HostPrograms } from '../sandbox/programs.ts';
import { findChrootPrograms, findPrograms } from '../sandbox/programs.ts';
import type { Environment } from './environment.ts';

export type SandboxMaker = SandboxHost['maker'];

/** The maker that was asked for: namespaces unless `IMAGESPEC_SANDBOX` says `chroot`. Throws `USAGE`. */
export function sandboxMaker({ variables }: Environment): SandboxMaker {
  const asked = variables[SANDBOX_VARIABLE] || 'namespaces';
  if (asked === 'namespaces' || asked === 'chroot') return asked;
  throw new ImageSpecError('USAGE', `"${asked}" does not make sandboxes`, {
    hint: `Choose namespaces, which is the default, or chroot, with --sandbox or ${SANDBOX_VARIABLE}.`,
  });
}

const SANDBOX_VARIABLE = 'IMAGESPEC_SANDBOX';

/** The environment in which this maker is asked for. */
export function withSandbox(environment: Environment, asked: SandboxMaker | undefined): Environment {
  if (asked === undefined) return environment;
  return { ...environment, variables: { ...environment.variables, [SANDBOX_VARIABLE]: asked } };
}

/** The maker that was asked for, and no other. Throws `SANDBOX_UNAVAILABLE`, `USAGE`. */
export async function openSandbox(environment: Environment): Promise<SandboxHost> {
  const { system, user } = environment;
  if (system.platform !== 'linux')
    throw new ImageSpecError('SANDBOX_UNAVAILABLE', `Programs of an image cannot be run on ${system.platform}`, {
      hint: 'Build on a Linux host, or leave out what needs it: commands, compile, and packages that have no wheel.',
    });
  if (sandboxMaker(environment) === 'chroot') return openChroot(environment);
  const advice = (await canChroot(environment)) ? CHROOT_ADVICE : undefined;
  const programs = namespacePrograms(environment, advice);
  return { maker: 'namespaces', programs, ids: await chooseIds(user, programs), advice };
}

/** Said where namespaces do not work and chroot would. */
const CHROOT_ADVICE =
  'Containers often forbid namespaces. As root of this one you can choose --sandbox chroot (or IMAGESPEC_SANDBOX=chroot): programs are then not isolated from its processes and network.';

function namespacePrograms({ variables }: Environment, advice: string | undefined): HostPrograms {
  try {
    return findPrograms(variables['PATH']);
  } catch (error) {
    if (advice === undefined || !isImageSpecError(error)) throw error;
    const { code, message, hint, facts } = error;
    throw new ImageSpecError(code, message, { hint: `${hint} ${advice}`, facts, cause: error });
  }
}

async function openChroot({ variables, user }: Environment): Promise<ChrootHost> {
  if (user.uid !== 0)
    throw new ImageSpecError('SANDBOX_UNAVAILABLE', 'Programs of an image can be run by chroot by root alone', {
      hint: 'Leave --sandbox and IMAGESPEC_SANDBOX out: namespaces are there for users without privileges.',
    });
  return { maker: 'chroot', programs: findChrootPrograms(variables['PATH']), ids: await chooseIds(user, {}) };
}

/** CAP_SYS_CHROOT (linux/capability.h). */
const CAP_SYS_CHROOT = 18n;

export async function canChroot({ variables, user }: Environment): Promise<boolean> {
  if (user.uid !== 0) return false;
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  if (((BigInt(`0x${effective}`) >> CAP_SYS_CHROOT) & 1n) === 0n) return false;
  try {
    findChrootPrograms(variables['PATH']);
    return true;
  } catch {
    return false;
  }
}

/** Told once per build or run. */
export function warnOfChroot(ctx: Context, { maker }: Pick<SandboxHost, 'maker'>): void {
  if (maker !== 'chroot') return;
  const message =
    'programs of the image are run by chroot, as you asked: they are not isolated from this container, and can reach its processes, its network and, if they mean to, its files';
  ctx.emit({ type: 'log', level: 'warning', message });
}

/** Names of the kernel's binfmt_misc handlers, as qemu's packages register them. */
const HANDLERS: Readonly<Record<string, string>> = {
  amd64: 'qemu-x86_64',
  arm64: 'qemu-aarch64',
  arm: 'qemu-arm',
  '386': 'qemu-i386',
  ppc64le: 'qemu-ppc64le',
  s390x: 'qemu-s390x',
  riscv64: 'qemu-riscv64',
};
const NODE_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/** What programs of this host are made for. */
export function hostPlatform({ system }: Environment): Platform {
  return normalizePlatform({ os: 'linux', architecture: NODE_ARCHITECTURES[system.arch] ?? system.arch });
}

/**
 * Throws `PLATFORM_FOREIGN` when programs of the platform cannot run here.
 * @param reason what needs it, for the message: `its commands`
 */
export async function requireRunnable(platform: Platform, { system }: Environment, reason: string): Promise<void> {
  const own = NODE_ARCHITECTURES[system.arch] ?? system.arch;
  if (
    platform.os === 'linux' &&
    (platform.architecture === own || (own === 'amd64' && platform.architecture === '386'))
  )
    return;
  const handler = HANDLERS[platform.architecture];
  const entry = handler && (await readFile(`/proc/sys/fs/binfmt_misc/${handler}`, 'utf8').catch(() => ''));
  // F: the interpreter is opened when it is registered, so it works in every root (kernel documentation, binfmt-misc).
  if (entry && entry.startsWith('enabled') && /^flags:.*F/m.test(entry)) return;
  const name = printPlatform(platform);
  throw new ImageSpecError('PLATFORM_FOREIGN', `${reason} must run for ${name}, and this host runs linux/${own}`, {
    hint: `Build ${name} on a host of that architecture, or register qemu for it in binfmt_misc (with the F flag).`,
    facts: { platform: name },
  });
}
