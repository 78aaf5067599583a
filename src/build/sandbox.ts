// The sandbox of this host, looked for once per build; and whether it can run what a platform needs.
import { readFile } from 'node:fs/promises';
import { ImageSpecError } from '../core/error.ts';
import type { Platform } from '../oci/platform.ts';
import { normalizePlatform, printPlatform } from '../oci/platform.ts';
import { chooseIds } from '../sandbox/ids.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import { findPrograms } from '../sandbox/programs.ts';
import type { Environment } from './environment.ts';

/** Throws `SANDBOX_UNAVAILABLE`. */
export async function openSandbox({ variables, user, system }: Environment): Promise<SandboxHost> {
  if (system.platform !== 'linux')
    throw new ImageSpecError('SANDBOX_UNAVAILABLE', `Programs of an image cannot be run on ${system.platform}`, {
      hint: 'Build on a Linux host, or leave out what needs it: commands, compile, and packages that have no wheel.',
    });
  const programs = findPrograms(variables['PATH']);
  return { programs, ids: await chooseIds(user, programs) };
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
