// What this host can do and what it lacks, each with what to do about it: asked before a build has to fail for it.
import { readFile, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import { createContext } from '../core/context.ts';
import { isImageSpecError, messageOf } from '../core/error.ts';
import type { IdMap } from '../sandbox/ids.ts';
import type { ChrootHost, SandboxHost } from '../sandbox/namespace.ts';
import { runScript } from '../sandbox/namespace.ts';
import { removeFolder } from '../sandbox/remove.ts';
import { tryChroot } from '../sandbox/run-chroot.ts';
import type { LocalCache } from '../store/cache.ts';
import type { Environment } from './environment.ts';
import { canChroot, openSandbox } from './sandbox.ts';
import { withServices } from './services.ts';

export interface Finding {
  /** `cache`, `sandbox`, … */
  readonly about: string;
  /** `partly`: it works, with a limit that the text names. */
  readonly state: 'good' | 'partly' | 'bad';
  readonly text: string;
  readonly hint?: string | undefined;
}

/** Nothing is changed but in the cache folder, and nothing is fetched. */
export async function examine(environment: Environment, cacheFolder: string | undefined): Promise<readonly Finding[]> {
  const ctx = createContext();
  return withServices(environment, cacheFolder, async ({ cache }) => [
    await guarded('cache', () => examineCache(cache)),
    ...(await examineSandbox(ctx, cache, environment)),
  ]);
}

async function guarded(about: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    return { about, state: 'bad', text: messageOf(error), ...(isImageSpecError(error) && { hint: error.hint }) };
  }
}

/** With less, the first image with a large package fails. */
const LITTLE_SPACE_BYTES = 5e9;

async function examineCache(cache: LocalCache): Promise<Finding> {
  const free = await cache.scratch(async (folder) => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  });
  const text = `${cache.root} can be written and has ${(free / 1e9).toFixed(1)} GB of space`;
  if (free >= LITTLE_SPACE_BYTES) return { about: 'cache', state: 'good', text };
  return {
    about: 'cache',
    state: 'partly',
    text,
    hint: 'Large packages want more: "imagespec cache prune" frees some.',
  };
}

async function examineSandbox(ctx: Context, cache: LocalCache, environment: Environment): Promise<readonly Finding[]> {
  let host: SandboxHost | undefined;
  const sandbox = await guarded('sandbox', async () => {
    host = await openSandbox(environment);
    if (host.maker === 'chroot') return examineChroot(ctx, host);
    await tryNamespaces(ctx, cache, host);
    const more = (await canChroot(environment)) ? '; chroot can be had too, if you ask for it (--sandbox chroot)' : '';
    return {
      about: 'sandbox',
      state: 'good',
      text: `namespaces and overlayfs work: commands, compile and run are there${more}`,
    };
  });
  if (!host || sandbox.state === 'bad') return [sandbox];
  return [sandbox, ownersOf(host), await platforms(environment)];
}

async function examineChroot(ctx: Context, host: ChrootHost): Promise<Finding> {
  await tryChroot(ctx, host);
  return {
    about: 'sandbox',
    state: 'partly',
    text: 'chroot works, as you asked for it: commands, compile and run are there, and isolated from nothing',
    hint: 'Where namespaces are allowed, leave --sandbox and IMAGESPEC_SANDBOX out.',
  };
}

const TRIAL = `
cd "$1"
mkdir lower upper work root
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr overlay root
mount -t proc proc root
`;

async function tryNamespaces(ctx: Context, cache: LocalCache, host: SandboxHost): Promise<void> {
  await cache.scratch(async (folder) => {
    try {
      await runScript(ctx, host, {
        text: TRIAL,
        args: [folder],
        variables: {},
        namespaces: ['--pid', '--ipc', '--uts', '--mount-proc'],
      });
    } finally {
      await removeFolder(host, folder);
    }
  });
}

const OWNERS: Readonly<Record<IdMap['kind'], Omit<Finding, 'about'>>> = {
  root: { state: 'good', text: 'files can have any owner' },
  range: { state: 'good', text: 'files can have any owner of the range that is lent to you (subuid)' },
  single: {
    state: 'partly',
    text: 'files of commands can belong to root alone: chown to others fails',
    hint: 'Have newuidmap (package uidmap) installed, and a range for you in /etc/subuid and /etc/subgid.',
  },
};

const ownersOf = ({ ids }: SandboxHost): Finding => ({ about: 'owners', ...OWNERS[ids.kind] });

const BINFMT = '/proc/sys/fs/binfmt_misc';

async function platforms({ system }: Environment): Promise<Finding> {
  const names = await readdir(BINFMT).catch((): string[] => []);
  const handlers = names.filter((name) => name.startsWith('qemu-'));
  const texts = await Promise.all(handlers.map((name) => readFile(join(BINFMT, name), 'utf8').catch(() => '')));
  const usable = handlers.filter((_, index) => /^flags:.*F/m.test(texts[index]!));
  const others = usable.length > 0 ? `, and by ${usable.join(', ')}` : '';
  return { about: 'platforms', state: 'good', text: `programs run for this machine (${system.arch})${others}` };
}
