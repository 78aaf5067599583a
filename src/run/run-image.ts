// Runs a program of a finished image, without a container engine and without root: its layers as folders, its config as engines read it.
import { posix } from 'node:path';
import type { Context, ContextOptions } from '../core/context.ts';
import { createContext } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';
import type { RunConfig } from '../oci/config.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import type { Mount } from '../sandbox/mounts.ts';
import { removeFolder } from '../sandbox/remove.ts';
import { runInSandbox } from '../sandbox/run.ts';
import { isForLoader } from '../sandbox/run-request.ts';
import type { LocalCache } from '../store/cache.ts';
import type { Environment } from '../build/environment.ts';
import { programEnv } from './env.ts';
import { withFacts } from './facts.ts';
import type { Runnable } from './known.ts';
import { withRunnable } from './known.ts';
import { programWords, requireProgram } from './program.ts';
import type { ProgramUser } from './user.ts';
import { findUser, requireIds } from './user.ts';
import { hostPathOf, readVolumes } from './volumes.ts';
import type { SandboxMaker } from '../build/sandbox.ts';
import { openSandbox, sandboxMaker, withSandbox } from '../build/sandbox.ts';

export interface RunOptions {
  /** In place of the image's Cmd. */
  readonly command: readonly string[];
  /** In place of the image's; '' for none. */
  readonly entrypoint?: string | undefined;
  /** `USER[:GROUP]`. */
  readonly user?: string | undefined;
  /** `NAME=VALUE`, or `NAME` for the host's own value. */
  readonly env: readonly string[];
  /** `HOST:IMAGE[:ro]`. */
  readonly volumes: readonly string[];
  /** In the image. */
  readonly workingDirectory?: string | undefined;
  /** `OS/ARCH`: of an index, which image is run; the host's by default. */
  readonly platform?: string | undefined;
  readonly isReadOnly: boolean;
  readonly network: 'host' | 'none';
  readonly hasInput: boolean;
  /** Whether the caller's terminal is the program's. */
  readonly hasTerminal: boolean;
  /** Who runs it; default see `IMAGESPEC_SANDBOX`, else namespaces. */
  readonly sandbox?: SandboxMaker | undefined;
  readonly cacheFolder?: string | undefined;
  /** Called when the program is about to start, with what sends it a signal (`TERM`). */
  readonly onStart: (send: (signal: string) => void) => void;
}

/**
 * Runs a program of an image to its end; its output is the caller's. Returns its exit status, 128 + signal when a signal ended it.
 * Throws `SANDBOX_UNAVAILABLE`, `PLATFORM_FOREIGN`, `PROGRAM_NOT_FOUND`, `USAGE`, `NOT_SUPPORTED` for what chroot cannot do, `PATH_CONFLICT`, and what reading an image throws.
 * @param text a reference, or TRANSPORT:PATH
 */
export async function runImage(
  text: string,
  options: RunOptions,
  surroundings: Environment,
  contextOptions: ContextOptions,
): Promise<number> {
  const ctx = createContext(contextOptions);
  const environment = withSandbox(surroundings, options.sandbox);
  requireMounts(sandboxMaker(environment), options);
  const mounts = await readVolumes(options.volumes, environment.workingDirectory);
  const opening = openSandbox(environment);
  opening.catch(() => undefined);
  const { platform, cacheFolder } = options;
  const words = (config: RunConfig | undefined): readonly string[] => programWords(config, options, text);
  const asked = { text, platform, environment, cacheFolder, words };
  return withRunnable(ctx, asked, opening, (image, host, cache) =>
    runProgram(ctx, { image, host, mounts, options, environment, cache }),
  );
}

/** What chroot cannot do is not left out in silence. Throws `NOT_SUPPORTED`. */
function requireMounts(maker: SandboxMaker, { volumes, isReadOnly, network }: RunOptions): void {
  if (maker !== 'chroot') return;
  const asked =
    volumes.length > 0 ? '--volume' : isReadOnly ? '--read-only' : network === 'none' ? '--network none' : '';
  if (asked === '') return;
  throw new ImageSpecError('NOT_SUPPORTED', `${asked} takes namespaces, and the sandbox is to be made by chroot`, {
    hint: `Leave ${asked} out, or run it where namespaces are allowed.`,
    facts: { option: asked },
  });
}

interface Program {
  readonly image: Runnable;
  readonly host: SandboxHost;
  readonly mounts: readonly Mount[];
  readonly options: RunOptions;
  readonly environment: Environment;
  readonly cache: LocalCache;
}

async function runProgram(ctx: Context, program: Program): Promise<number> {
  const { image, host, mounts, options, environment, cache } = program;
  const { stack, words } = image;
  const { Env, WorkingDir, User } = image.config ?? {};
  const folder = posix.resolve('/', WorkingDir || '/', options.workingDirectory ?? '');
  const userText = options.user ?? User ?? '';
  const question = { word: words[0], folder, user: userText, env: [Env, options.env], mounts, maker: host.maker };
  return withFacts({ cache, stack, question, read: image.facts }, async (facts, keep) => {
    const user = findUser(facts, userText, options.user === undefined ? 'config' : 'option');
    requireIds(user, host.ids);
    warnOfSingle(ctx, host, user);
    const { variables } = environment;
    const terminal = options.hasTerminal ? variables['TERM'] || 'xterm' : undefined;
    const env = programEnv({ image: Env ?? [], options: options.env, home: user.home, terminal, host: variables });
    const isMounted = (path: string): boolean => hostPathOf(mounts, path) !== undefined;
    requireProgram(words[0]!, { facts, path: env.get('PATH') ?? '', folder, isMounted });
    requireEnv(ctx, facts, env);
    return withFolder(program, { facts, folder }, (all) =>
      runInSandbox(ctx, host, cache, {
        stack,
        facts,
        argv: words,
        env: [...env],
        folder,
        user,
        network: options.network,
        mounts: all,
        isReadOnly: options.isReadOnly,
        output: 'inherit',
        hasInput: options.hasInput,
        hasTerminal: options.hasTerminal,
        onStart: (send) => {
          keep();
          options.onStart(send);
        },
      }),
    );
  });
}

function warnOfSingle(ctx: Context, { ids }: SandboxHost, { uid }: ProgramUser): void {
  if (ids.kind !== 'single' || uid === 0) return;
  const message = `this host lends you no ids: the program runs as the one that there is, root, instead of ${uid}; a line in /etc/subuid and /etc/subgid (usermod --add-subuids, --add-subgids) and newuidmap give more`;
  ctx.emit({ type: 'log', level: 'warning', message });
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The sandbox sets them by a shell, and those of the loader by the image's env(1). */
function requireEnv(ctx: Context, facts: BaseFacts, env: ReadonlyMap<string, string>): void {
  const unusable = [...env.keys()].filter((name) => !NAME.test(name));
  if (unusable.length > 0) {
    const message = `variables whose names no shell can set are left out: ${unusable.join(', ')}`;
    ctx.emit({ type: 'log', level: 'warning', message });
  }
  const loader = [...env.keys()].find(isForLoader);
  if (loader === undefined || facts.entries.has(resolvePath(facts, '/usr/bin/env', { follow: true }))) return;
  throw new ImageSpecError('NOT_SUPPORTED', `${loader} cannot be set in this image: it has no /usr/bin/env`, {
    hint: 'Set it by a program of the image, or clear it in the image.',
  });
}

/** Engines make the working directory when the image has none. It lasts as long as the run, as everything that the program writes. */
async function withFolder(
  { host, cache, mounts, options }: Program,
  { facts, folder }: { readonly facts: BaseFacts; readonly folder: string },
  work: (mounts: readonly Mount[]) => Promise<number>,
): Promise<number> {
  const { stat } = await import('node:fs/promises');
  const given = hostPathOf(mounts, folder);
  if (given !== undefined) {
    if ((await stat(given).catch(() => undefined))?.isDirectory()) return work(mounts);
    throw noFolder(folder, `${given} is no folder of this host`);
  }
  const at = resolvePath(facts, folder, { follow: true });
  const found = facts.entries.get(at);
  if (at === '' || OWN_FOLDERS.test(at) || found?.type === 'directory') return work(mounts);
  if (found) throw noFolder(folder, `it is a ${found.type} of the image`);
  return cache.scratch(async (source) => {
    try {
      return await work([{ source, target: folder, kind: 'directory', isReadOnly: options.isReadOnly }, ...mounts]);
    } finally {
      await removeFolder(host, source);
    }
  });
}

/** The sandbox makes them. */
const OWN_FOLDERS = /^(?:proc|dev|sys)(?:\/|$)/;

function noFolder(folder: string, why: string): ImageSpecError {
  return new ImageSpecError('USAGE', `The program cannot start in ${folder}: ${why}`, {
    hint: 'Choose a folder of the image with --workdir.',
    facts: { path: folder },
  });
}
