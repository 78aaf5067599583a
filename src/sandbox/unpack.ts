// Layers as folders that overlayfs stacks: each is unpacked once, under the chain ID of itself and all layers below (image-spec, config.md),
// because what its paths mean depends on the links and directories below it.
import { chmod, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { abortedError, step } from '../core/context.ts';
import { counted } from '../core/counted.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf, hexOf } from '../core/digest.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { EMPTY_FACTS } from '../filesystem/facts.ts';
import { decodeFacts, encodeFacts } from '../filesystem/facts-record.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import { refusalOf } from '../filesystem/layer-error.ts';
import type { LocalCache } from '../store/cache.ts';
import { cachePlace } from '../store/cache.ts';
import { writeError } from '../store/disk.ts';
import { removeFolder } from './remove.ts';
import { startScript, textOf } from './namespace.ts';
import type { SandboxHost } from './namespace.ts';

/** Raised when folders or facts of equal layers would be different: older ones are not used any more. */
const FORMAT = 2;

export interface Stack {
  /** Of the topmost layer; undefined for no layers at all. */
  readonly chainId: Digest | undefined;
  /** Host folders, lowest first. Those of chroot's maker hold `root`, `whiteouts` and `opaque`: paths, each ended by NUL. */
  readonly folders: readonly string[];
}

function chainIds(layers: readonly Pick<Layer, 'diffId'>[]): Digest[] {
  let above: Digest | undefined;
  return layers.map(({ diffId }) => (above = above === undefined ? diffId : digestOf(`${above} ${diffId}`)));
}

/** What `unpackLayers` gives, if all of it is there. */
export async function findStack(
  host: SandboxHost,
  cache: LocalCache,
  layers: readonly Pick<Layer, 'diffId'>[],
): Promise<Stack | undefined> {
  const ids = chainIds(layers);
  const folders = ids.map((id) => layerFolder(cache, host, id));
  const found = await Promise.all(folders.map((folder) => cache.useFolder(folder)));
  return found.every(Boolean) ? { chainId: ids.at(-1), folders } : undefined;
}

/** Unpacks what is not there yet, lowest first. Throws `LAYER_INVALID`, `DIGEST_MISMATCH`, `SANDBOX_UNAVAILABLE`, `DISK_FULL`. */
export async function unpackLayers(
  ctx: Context,
  host: SandboxHost,
  cache: LocalCache,
  layers: readonly Layer[],
): Promise<Stack> {
  const ids = chainIds(layers);
  const folders: string[] = [];
  /** Of the layer before, when that one was unpacked just now. */
  let last: BaseFacts | undefined;
  for (const [index, layer] of layers.entries()) {
    const folder = layerFolder(cache, host, ids[index]!);
    if (!(await cache.useFolder(folder))) {
      const subject = layer.title ?? layer.descriptor.digest;
      const below = last ?? (await stackFacts(ctx, host, cache, layers.slice(0, index)));
      const about = { step: 'unpack', subject, total: layer.descriptor.size, unit: 'bytes' } as const;
      last = await step(ctx, about, ({ progress }) => {
        const watched: Layer = { ...layer, open: (inner) => counted(layer.open(inner), progress) };
        return cache.scratch((scratch) =>
          unpackLayer(ctx, { host, cache, layer: watched, below, id: ids[index]!, folder, scratch }),
        );
      });
    } else last = undefined;
    folders.push(folder);
  }
  return { chainId: ids.at(-1), folders };
}

/** What is known of layers that are unpacked. */
export async function stackFacts(
  ctx: Context,
  host: SandboxHost,
  cache: LocalCache,
  layers: readonly Layer[],
): Promise<BaseFacts> {
  const id = chainIds(layers).at(-1);
  if (id === undefined) return EMPTY_FACTS;
  const record = await cache.readRecord('facts', factsKey(id));
  const known = record && decodeFacts(record);
  if (known) return known;
  // The record was lost: the folder alone does not say it.
  await removeFolder(host, layerFolder(cache, host, id));
  await unpackLayers(ctx, host, cache, layers);
  return stackFacts(ctx, host, cache, layers);
}

const factsKey = (id: Digest): Digest => digestOf(`sandbox facts ${FORMAT} ${id}`);

/** Chroot's maker has folders of its own: in the overlayfs of a container, nobody may make whiteouts. */
function layerFolder(cache: LocalCache, { maker, ids }: SandboxHost, id: Digest): string {
  return join(cache.folder('layers'), `${FORMAT}-${maker === 'chroot' ? maker : ids.kind}`, hexOf(id));
}

const isThere = async (folder: string): Promise<boolean> =>
  stat(folder).then(
    () => true,
    () => false,
  );

interface Job {
  readonly host: SandboxHost;
  readonly cache: LocalCache;
  readonly layer: Layer;
  readonly below: BaseFacts;
  readonly id: Digest;
  readonly folder: string;
  readonly scratch: string;
}

/** Whiteouts are devices 0:0 (overlayfs documentation), which tar may not make for ordinary users and mknod may.
 * tar ends with the archive, which may be before we know all of them and end its input.
 * A layer could put a link where its whiteout has its parent: nothing may be made behind it, which is somewhere on the host. */
const UNPACK = `
cd "$1"
tar -C "$2" --extract --file - --preserve-permissions --delay-directory-restore $TAR
cat > /dev/null
[ "$HAS_WHITEOUTS" ] || exit 0
xargs -0 -r -a whiteouts sh -euc '
for path; do
  parent=$path
  while [ "$parent" != "\${parent%/*}" ]; do
    parent=\${parent%/*}
    if [ -L "layer/$parent" ]; then echo "/$path lies behind a link of the same layer" >&2; exit 1; fi
  done
  mknod "layer/$path" c 0 0
done' sh
`;

async function unpackLayer(ctx: Context, job: Job): Promise<BaseFacts> {
  const { host, cache, layer, id, folder, scratch } = job;
  const owners = host.ids.kind === 'single' ? '--no-same-owner' : '--same-owner --numeric-owner';
  const isChroot = host.maker === 'chroot';
  const made = join(scratch, 'layer');
  // Either the tree itself, or a folder of the tree and what it hides.
  const inside = isChroot ? made : scratch;
  const root = isChroot ? 'root' : 'layer';
  await mkdir(join(inside, root), { recursive: true });
  await chmod(join(inside, root), 0o755);
  // What reads tars is loaded for a layer that is not here yet: programs of known images start sooner without it.
  const { Translation } = await import('./translation.ts');
  const translation = new Translation(job.below, refusalOf(layer.descriptor.digest), {
    isSingle: host.ids.kind === 'single',
    marksOpaque: !isChroot,
  });
  // The list of whiteouts is known when the tar ends, and read only then.
  const running = await startScript(ctx, host, {
    text: UNPACK,
    args: [inside, root],
    variables: { TAR: `${owners} --xattrs --xattrs-include=*`, HAS_WHITEOUTS: isChroot ? '' : 'yes' },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const said = textOf(running.child.stderr!);
  try {
    await feed(ctx, running.child.stdin!, translation.translate(ctx, layer), running.ended, async () => {
      for (const name of ['whiteouts', 'opaque'] as const)
        await writeFile(join(inside, name), translation[name].map((path) => `${path}\0`).join(''));
    });
    const status = await running.ended;
    if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
    if (status !== 0) throw unpackError((await said).trim(), translation.refuse, cache);
  } catch (error) {
    running.child.stdin!.destroy();
    await running.ended;
    await removeFolder(host, scratch);
    throw error;
  }
  const facts = translation.facts();
  await cache.writeRecord('facts', factsKey(id), encodeFacts(facts));
  await mkdir(dirname(folder), { recursive: true });
  // Somebody else may have been first, with the same content.
  await rename(made, folder).catch(async (error: unknown) => {
    if (!(await isThere(folder))) throw error;
    await removeFolder(host, made);
  });
  // Its time is that of the image.
  await cache.useFolder(folder);
  return facts;
}

/** What GNU tar says when a disk is full, in the locale C that scripts run in. */
const FULL = /No space left on device|Disk quota exceeded|: Wrote only \d+ of \d+ bytes/;

function unpackError(said: string, refuse: Refuse, cache: LocalCache): unknown {
  return diskError(said, cache) ?? refuse(`could not be unpacked: ${said}`);
}

/** Undefined when what a script said is not about space. */
export function diskError(said: string, cache: LocalCache): unknown {
  if (!FULL.test(said)) return undefined;
  return writeError(cachePlace(cache.root), Object.assign(new Error(said), { code: 'ENOSPC' }));
}

async function feed(
  ctx: Context,
  into: Writable,
  bytes: AsyncIterable<Uint8Array>,
  ended: Promise<unknown>,
  beforeEnd: () => Promise<void>,
): Promise<void> {
  let isBroken = false;
  let onReady: (() => void) | undefined;
  const wake = (): void => onReady?.();
  into.on('error', () => (isBroken = true));
  into.on('drain', wake).on('close', wake);
  void ended.then(wake);
  for await (const chunk of bytes) {
    if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
    if (isBroken) return;
    if (!into.write(chunk)) await new Promise<void>((resolve) => (onReady = resolve));
  }
  await beforeEnd();
  into.end();
}
