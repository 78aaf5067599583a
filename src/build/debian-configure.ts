// Packages whose maintainer scripts our shell cannot carry out are configured by the image's own dpkg, in the sandbox, over the layers of all
// packages; what it changes is one layer more.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import type { LockedDeb } from '../deb/locked-deb.ts';
import type { OpenedDeb } from '../deb/opened-deb.ts';
import type { Deferred, DeferredStep } from '../dpkg/deferral.ts';
import type { Entry } from '../filesystem/entry.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';
import type { Mount } from '../sandbox/mounts.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import { captureForBuild } from './base.ts';
import { createOutput, NO_IDS } from './commands.ts';
import type { WantedLayer } from './make-layers.ts';
import type { RunTools } from './run-over.ts';
import { groundOf } from './run-over.ts';

/** Packages in a tree, as far as they come without running anything. */
export interface Unfinished {
  readonly deferred: Deferred;
  /** Of the tree so far. */
  readonly facts: BaseFacts;
  /** Of the packages, over the base's. */
  readonly layers: readonly WantedLayer[];
  readonly lockedOf: (deb: OpenedDeb) => LockedDeb;
}

export interface Configured {
  readonly entries: readonly Entry[];
  /** Of the finished tree. */
  readonly facts: BaseFacts;
}

export interface ConfigureTools {
  readonly runs: RunTools;
  /** Of the spec, before each line of output. */
  readonly name: string;
  /** Seconds since the epoch. */
  readonly epoch: number;
  /** Packs what is wanted, and gives it with the base below. */
  readonly pack: (ctx: Context, layers: readonly WantedLayer[]) => Promise<readonly Layer[]>;
  /** Host path of a package. */
  readonly fetch: (ctx: Context, deb: LockedDeb) => Promise<string>;
}

/** That an image has no dpkg is known before anything is run. Throws the refusal of the package. */
export function requireDpkg(facts: BaseFacts, { reason }: Deferred): void {
  const missing = ['/usr/bin/dpkg', '/bin/sh'].find(
    (path) => !facts.entries.has(resolvePath(facts, path, { follow: true })),
  );
  if (missing === undefined) return;
  throw refusal(
    reason,
    `The image's own dpkg could do it, but the image has no ${missing}: set \`apt_essential: true\`, or choose a base image with dpkg. Or leave the package out, or set \`apt_configure: never\` to have it unpacked only.`,
    reason.cause,
  );
}

/** Runs work that needs the sandbox. Where this host has none, throws the refusal of the package, and what the sandbox lacks as its hint. */
export async function orRefuse<T>({ reason }: Deferred, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isLacking =
      isImageSpecError(error) && (error.code === 'PLATFORM_FOREIGN' || error.code === 'SANDBOX_UNAVAILABLE');
    if (!isLacking) throw error;
    const hint = `The image's own dpkg would do it in the sandbox: ${error.message}. ${error.hint ?? ''} Or set \`apt_configure: never\` to have the package unpacked only.`;
    throw refusal(reason, hint, error);
  }
}

function refusal({ code, message, facts, issues }: ImageSpecError, hint: string, cause: unknown): ImageSpecError {
  return new ImageSpecError(code, message, { hint, facts, issues, cause });
}

/** Where dpkg finds packages that it has to unpack itself; a place that no layer has. */
const DEBS = '/run/.imagespec-debs';
/** dpkg's own words for those who ask nothing: conffiles that were changed stay. */
const UNPACK = 'dpkg --log=/dev/null --force-confdef --force-confold --force-unsafe-io --unpack';

/** Throws `COMMAND_FAILED` for a script that fails, and as `groundOf` and its `run` do. */
export async function configureInSandbox(
  ctx: Context,
  { deferred, facts: before, layers, lockedOf }: Unfinished,
  tools: ConfigureTools,
): Promise<Configured> {
  const { epoch } = tools;
  // Whether there is one is known before anything is packed.
  await tools.runs.host();
  const { host, work, run } = await groundOf(ctx, await tools.pack(ctx, layers), tools.runs);
  const mounts = await mountsOf(ctx, deferred.steps, work, (inner, deb) => tools.fetch(inner, lockedOf(deb)));
  const subject = `${deferred.packages.length} Debian packages`;
  return step(ctx, { step: 'configure', subject }, async () => {
    const output = createOutput(ctx, tools.name, await tools.runs.secrets());
    const argv = ['/bin/sh', '-euc', scriptOf(deferred.steps)];
    const env = [...ENV, ['SOURCE_DATE_EPOCH', String(epoch)]] as const;
    const result = await run(ctx, { argv, env, mounts, network: 'host', output: output.add, epoch });
    output.end();
    if (result.status !== 0) throw configureFailed(deferred, result.status, output.tail(), host);
    const { withoutResidue } = await import('../dpkg/run-residue.ts');
    const entries = withoutResidue(result.entries);
    return { entries, facts: await factsAfter(before, entries) };
  });
}

async function factsAfter(before: BaseFacts, entries: readonly Entry[]): Promise<BaseFacts> {
  const { applyEntries } = await import('../filesystem/apply-entries.ts');
  const { readRangeBytes } = await import('../deb/read-range-bytes.ts');
  const capture = await captureForBuild();
  return applyEntries(before, entries, {
    capture,
    read: (content) => (content.kind === 'inline' ? content.bytes : readRangeBytes(content)),
  });
}

/** As apt calls dpkg where nobody answers questions, and as our own shell runs scripts (src/dpkg/configure.ts). */
const ENV: readonly (readonly [string, string])[] = [
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  ['HOME', '/root'],
  ['LC_ALL', 'C.UTF-8'],
  ['DEBIAN_FRONTEND', 'noninteractive'],
  ['DEBCONF_NONINTERACTIVE_SEEN', 'true'],
  ['DEBCONF_NOWARNINGS', 'yes'],
  // The order of sets, of Python and of Perl, follows these.
  ['PYTHONHASHSEED', '0'],
  ['PERL_HASH_SEED', '0'],
  ['PERL_PERTURB_KEYS', '0'],
];

function scriptOf(steps: readonly DeferredStep[]): string {
  let unpacked = 0;
  const lines = steps.map((one) => {
    switch (one.kind) {
      case 'ldconfig':
        return 'ldconfig';
      case 'configure':
        return `dpkg --log=/dev/null --configure ${one.names.join(' ')}`;
      case 'unpack':
        return `${UNPACK} ${DEBS}/${unpacked++}.deb`;
      case 'triggers':
        return 'dpkg --log=/dev/null --triggers-only --pending';
    }
  });
  return lines.join('\n');
}

/** Beside the packages, what keeps services from being started (invoke-rc.d(8)): there while dpkg runs, and never in the image. */
async function mountsOf(
  ctx: Context,
  steps: readonly DeferredStep[],
  work: string,
  fetch: (ctx: Context, deb: OpenedDeb) => Promise<string>,
): Promise<Mount[]> {
  const policy = join(work, 'policy-rc.d');
  await writeFile(policy, '#!/bin/sh\nexit 101\n');
  await chmod(policy, 0o755);
  const debs = steps.flatMap((one) => (one.kind === 'unpack' ? [one.deb] : []));
  const packages = debs.map(async (deb, index): Promise<Mount> => {
    return { source: await fetch(ctx, deb), kind: 'file', target: `${DEBS}/${index}.deb`, isReadOnly: true };
  });
  const first: Mount = { source: policy, kind: 'file', target: '/usr/sbin/policy-rc.d', isReadOnly: true };
  return [first, ...(await Promise.all(packages))];
}

/** dpkg(1) names each package that it gives up on. */
const FAILED = /^dpkg: error processing (?:package|archive) (\S+)/;

function configureFailed(
  { packages, reason }: Deferred,
  status: number,
  tail: readonly string[],
  { ids }: SandboxHost,
): ImageSpecError {
  const named = tail.flatMap((line) => FAILED.exec(line)?.[1]?.replace(/:[^:]*$/, '') ?? []);
  const failed = named.length > 0 ? [...new Set(named)] : packages;
  const said = tail.length > 0 ? `; its last words: ${tail.join(' | ')}` : ', without a word';
  const message = `dpkg of the image could not configure ${failed.join(', ')} in the sandbox and ended with status ${status}${said}`;
  return new ImageSpecError('COMMAND_FAILED', message, {
    hint: `${ids.kind === 'single' ? `${NO_IDS} ` : ''}Leave the package out, or set \`apt_configure: never\` to have it unpacked only, and finish it by \`commands\`.`,
    cause: reason,
    facts: { packages: failed.join(' '), status },
  });
}
