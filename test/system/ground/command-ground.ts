// What the tests of commands build on: an image with a shell, Python and setcap, made by our own command line, and further layers on top.
import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildResult, PlatformResult } from '../../../src/build/result.ts';
import type { CliOptions } from '../../cli/run-cli.ts';
import { runCli } from '../../cli/run-cli.ts';
import { certificates } from './environment.ts';
import { GROUND, run } from './folder.ts';
import { asRoot } from './overlay.ts';
import { plainUser } from './tools.ts';

interface CommandBuild {
  readonly status: number | null;
  readonly stderr: string;
  /** What the commands printed. */
  readonly lines: readonly string[];
  /** Undefined when it failed. */
  readonly image: PlatformResult | undefined;
  /** Host path of the blob of the layer of the commands. */
  readonly layer: string;
}

export interface CommandOptions extends Partial<CliOptions> {
  /** Tag in the layout of bases, or another base_image; `base` without it. */
  readonly base?: string;
  /** Further fields of the spec. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Folder for the spec, the result and nothing else; must be there. */
  readonly place?: string;
  /** In the layout `out` of that folder. */
  readonly tag?: string;
}

export interface CommandGround {
  readonly folder: string;
  /** Layout with the bases. */
  readonly layout: string;
  readonly cache: string;
  /** Where builds have their `out` when nothing else is said. */
  readonly own: string;
  readonly build: (commands: readonly string[], options?: CommandOptions) => Promise<CommandBuild>;
  readonly close: () => Promise<void>;
}

const PACKAGES = ['python3-minimal', 'libcap2-bin', 'mount'];

export async function createCommandGround(): Promise<CommandGround> {
  // podman and buildah take lower-case paths only.
  const folder = join(tmpdir(), `imagespec-commands-${randomUUID()}`);
  const layout = join(folder, 'bases');
  const cache = join(folder, 'cache');
  const own = join(folder, 'own');
  for (const path of [folder, own]) {
    await mkdir(path);
    await chmod(path, 0o755);
  }
  const spec = { name: 'base', base_image: 'scratch', apt_essential: true, apt_packages: PACKAGES, tag_format: 'base' };
  await writeFile(join(own, 'imagespec.yaml'), JSON.stringify({ ...spec, platform: 'linux/amd64' }));
  const made = await runCli(['build', '-o', `oci:${layout}:base`], {
    cwd: own,
    cache: join(GROUND, 'imagespec-cache'),
    env: certificates(),
  });
  if (made.status !== 0) throw new Error(made.stderr);
  return {
    folder,
    layout,
    cache,
    own,
    build: (commands, options) => build({ layout, cache, own }, commands, options),
    close: async () => {
      await run(...asRoot('rm', ['-rf', folder]));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Of the spec, and so before each line that its commands print. */
const NAME = 'commands-test';

async function build(
  ground: { readonly layout: string; readonly cache: string; readonly own: string },
  commands: readonly string[],
  { base = 'base', fields, place = ground.own, tag = 'latest', ...options }: CommandOptions = {},
): Promise<CommandBuild> {
  const base_image = base.includes(':') || base === 'scratch' ? base : `oci:${ground.layout}:${base}`;
  const spec = { name: NAME, base_image, platform: 'linux/amd64', commands, ...fields };
  await writeFile(join(place, 'imagespec.yaml'), JSON.stringify(spec));
  const args = ['build', '--json', '--progress', 'plain', '-o', `oci:out:${tag}`];
  const { status, stdout, stderr } = await runCli(args, { cwd: place, cache: ground.cache, ...options });
  const image = status === 0 ? (JSON.parse(stdout) as BuildResult).images[0]!.platforms[0]! : undefined;
  const digest = image?.layers.find(({ kind }) => kind === 'commands')?.digest ?? '';
  const start = `info: ${NAME}: `;
  const lines = stderr.split('\n').filter((line) => line.startsWith(start));
  return {
    status,
    stderr,
    lines: lines.map((line) => line.slice(start.length)),
    image,
    layer: join(place, 'out', 'blobs', ...digest.split(':')),
  };
}

/** Whose ids the sandbox has: root's, a range that is lent (subuid), or one alone. */
export type Caller = 'root' | 'range' | 'single';

/** A program that starts another as this caller, who has a folder and a cache of their own. The host's /etc/subuid stays as it is. */
export async function callerOf(ground: CommandGround, caller: Caller): Promise<CommandOptions> {
  const place = join(ground.folder, caller);
  const user = await plainUser();
  await mkdir(join(place, 'cache'), { recursive: true });
  if (caller !== 'root' && user !== undefined) await run('chown', ['-R', `${user}:`, place]);
  // runuser would stay between us and the program, and get its signals.
  const as = user === undefined || caller === 'root' ? '' : `setpriv --reuid=${user} --regid=${user} --init-groups --`;
  const alone = 'mount --bind /dev/null /etc/subuid; mount --bind /dev/null /etc/subgid;';
  const script = `set -e; ${caller === 'single' ? alone : ''} umask ${caller === 'root' ? '022' : '077'}; exec ${as} "$@"`;
  const before = caller === 'single' ? asRoot('unshare', ['-m']).flat() : [];
  return { place, cache: join(place, 'cache'), through: [...before, 'sh', '-c', script, 'sh'] };
}

/** What a build may leave behind: processes whose words have the text, mounts, folders of work in progress. */
export async function leftovers(cache: string, text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const words = pids.map(async (pid) =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' '),
  );
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const scratch = await readdir(join(cache, 'v1', 'scratch')).catch((): string[] => []);
  const processes = (await Promise.all(words)).filter((line) => line.includes(text));
  return [...processes, ...mounts.filter((line) => line.includes(cache)), ...scratch.map((name) => `scratch/${name}`)];
}

/** What ends by itself is given this many tenths of a second. */
const PATIENCE = 50;

/** The same after a while. @param isKilled what is killed at once leaves its folder to a later prune */
export async function leftAfter(cache: string, text: string, isKilled: boolean): Promise<string[]> {
  for (let i = 0; ; i++) {
    const left = (await leftovers(cache, text)).filter((one) => !isKilled || !one.startsWith('scratch/'));
    if (left.length === 0 || i === PATIENCE) return left;
    await sleep(100);
  }
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
interface Config {
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
}

/** The base under another tag, with one layer more, or with that one alone. @param tar not compressed */
export async function addBase(layout: string, tag: string, tar: Uint8Array, isAlone = false): Promise<void> {
  const index = await readJson<{ readonly manifests: readonly Descriptor[] }>(join(layout, 'index.json'));
  const base = index.manifests.find(
    ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === 'base',
  )!;
  const blob = (digest: string): string => join(layout, 'blobs', ...digest.split(':'));
  const keep = async (bytes: Uint8Array | string, mediaType: string): Promise<Descriptor> => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await writeFile(blob(digest), bytes);
    return { mediaType, digest, size: Buffer.from(bytes).length };
  };
  const manifest = await readJson<Manifest>(blob(base.digest));
  const config = await readJson<Config>(blob(manifest.config.digest));
  const layer = await keep(tar, 'application/vnd.oci.image.layer.v1.tar');
  const below = isAlone ? { layers: [], ids: [] } : { layers: manifest.layers, ids: config.rootfs.diff_ids };
  const rootfs = { type: 'layers', diff_ids: [...below.ids, layer.digest] };
  // buildah wants one line for each layer.
  const history = rootfs.diff_ids.map(() => ({ created_by: 'test' }));
  const newConfig = await keep(JSON.stringify({ ...config, history, rootfs }), manifest.config.mediaType);
  const whole = { ...manifest, config: newConfig, layers: [...below.layers, layer], annotations: {} };
  const top = await keep(JSON.stringify(whole), base.mediaType);
  const named = { ...top, annotations: { 'org.opencontainers.image.ref.name': tag } };
  await writeFile(join(layout, 'index.json'), JSON.stringify({ ...index, manifests: [...index.manifests, named] }));
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}
