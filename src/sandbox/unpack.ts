// Layers as folders that overlayfs stacks: each is unpacked once, under the chain ID of itself and all layers below (image-spec, config.md),
// because what its paths mean depends on the links and directories below it.
import { createHash } from 'node:crypto';
import { chmod, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { abortedError, step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf, hexOf } from '../core/digest.ts';
import { decompressed } from '../filesystem/decompress.ts';
import type { BaseEntry, BaseFacts } from '../filesystem/facts.ts';
import { EMPTY_FACTS } from '../filesystem/facts.ts';
import { decodeFacts, encodeFacts } from '../filesystem/facts-record.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import { refusalOf } from '../filesystem/layer-error.ts';
import type { RawEntry } from '../filesystem/raw-tar.ts';
import { readRawTar } from '../filesystem/raw-tar.ts';
import { FactsBuilder } from '../filesystem/read-layers.ts';
import { cleanPath } from '../filesystem/read-tar.ts';
import { resolveWith } from '../filesystem/resolve.ts';
import { paddingOf, TAR_BLOCK, tarHeader } from '../layer/tar.ts';
import type { LocalCache } from '../store/cache.ts';
import { cachePlace } from '../store/cache.ts';
import { writeError } from '../store/disk.ts';
import { removeFolder } from './remove.ts';
import { startScript, textOf } from './namespace.ts';
import type { SandboxHost } from './namespace.ts';

/** Raised when folders or facts of equal layers would be different: older ones are not used any more. */
const FORMAT = 1;

export interface Stack {
  /** Of the topmost layer; undefined for no layers at all. */
  readonly chainId: Digest | undefined;
  /** Host folders, lowest first. */
  readonly folders: readonly string[];
}

/** Which files' contents are kept with the facts of a stack. */
export type Capture = (path: string) => number | undefined;
const ACCOUNTS_LIMIT_BYTES = 1 << 20;
const captureAccounts: Capture = (path) =>
  path === 'etc/passwd' || path === 'etc/group' ? ACCOUNTS_LIMIT_BYTES : undefined;

export function chainIds(layers: readonly Layer[]): Digest[] {
  let above: Digest | undefined;
  return layers.map(({ diffId }) => (above = above === undefined ? diffId : digestOf(`${above} ${diffId}`)));
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
  for (const [index, layer] of layers.entries()) {
    const folder = layerFolder(cache, host, ids[index]!);
    if (!(await isThere(folder))) {
      const subject = layer.title ?? layer.descriptor.digest;
      const below = async (): Promise<BaseFacts> => stackFacts(ctx, host, cache, layers.slice(0, index));
      await step(ctx, { step: 'unpack', subject, total: layer.descriptor.size, unit: 'bytes' }, () =>
        cache.scratch(async (scratch) =>
          unpackLayer(ctx, { host, cache, layer, below, id: ids[index]!, folder, scratch }),
        ),
      );
    }
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
  await removeFolder(ctx, host, layerFolder(cache, host, id));
  await unpackLayers(ctx, host, cache, layers);
  return stackFacts(ctx, host, cache, layers);
}

const factsKey = (id: Digest): Digest => digestOf(`sandbox facts ${FORMAT} ${id}`);

function layerFolder(cache: LocalCache, { ids }: SandboxHost, id: Digest): string {
  return join(cache.folder('layers'), `${FORMAT}-${ids.kind}`, hexOf(id));
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
  readonly below: () => Promise<BaseFacts>;
  readonly id: Digest;
  readonly folder: string;
  readonly scratch: string;
}

/** Whiteouts are devices 0:0 (overlayfs documentation), which tar may not make for ordinary users and mknod may. */
const UNPACK = `
cd "$1"
tar -C root --extract --file - --preserve-permissions $TAR
xargs -0 -r -a whiteouts -I % mknod root/% c 0 0
`;

async function unpackLayer(ctx: Context, job: Job): Promise<void> {
  const { host, cache, layer, id, folder, scratch } = job;
  const owners = host.ids.kind === 'single' ? '--no-same-owner' : '--same-owner --numeric-owner';
  await mkdir(join(scratch, 'root'));
  await chmod(join(scratch, 'root'), 0o755);
  const builder = new FactsBuilder(await job.below());
  const translation = new Translation(builder, refusalOf(layer.descriptor.digest), host.ids.kind === 'single');
  // The list of whiteouts is known when the tar ends, and read only then.
  const running = await startScript(ctx, host, {
    text: UNPACK,
    args: [scratch],
    variables: { TAR: `${owners} --xattrs --xattrs-include=*` },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const said = textOf(running.child.stderr!);
  try {
    await feed(ctx, running.child.stdin!, translation.translate(ctx, layer), running.ended, () =>
      writeFile(join(scratch, 'whiteouts'), translation.whiteouts.map((path) => `${path}\0`).join('')),
    );
    const status = await running.ended;
    if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
    if (status !== 0) throw unpackError((await said).trim(), translation.refuse, cache);
  } catch (error) {
    running.child.stdin!.destroy();
    await running.ended;
    await removeFolder(ctx, host, scratch);
    throw error;
  }
  await cache.writeRecord('facts', factsKey(id), encodeFacts(translation.facts()));
  await mkdir(dirname(folder), { recursive: true });
  // Somebody else may have been first, with the same content.
  await rename(join(scratch, 'root'), folder).catch(async (error: unknown) => {
    if (!(await isThere(folder))) throw error;
    await removeFolder(ctx, host, join(scratch, 'root'));
  });
}

/** What GNU tar says when a disk is full, in the locale C that scripts run in. */
const FULL = /No space left on device|: Wrote only \d+ of \d+ bytes/;

function unpackError(said: string, refuse: Refuse, cache: LocalCache): unknown {
  if (!FULL.test(said)) return refuse(`could not be unpacked: ${said}`);
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

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const OPAQUE_XATTR = { 'user.overlay.opaque': Buffer.from('y').toString('base64') };

/** One layer's tar as the tar of its folder: canonical paths, the parents that overlayfs would otherwise make plain, no devices. */
class Translation {
  readonly whiteouts: string[] = [];
  readonly refuse: Refuse;
  readonly #builder: FactsBuilder;
  readonly #below: BaseFacts;
  readonly #isSingle: boolean;
  readonly #changes: { path: string; entry: BaseEntry; bytes?: Uint8Array }[] = [];
  readonly #links = new Map<string, string>();
  readonly #directories = new Map<string, BaseEntry>();
  readonly #opaque: string[] = [];

  constructor(builder: FactsBuilder, refuse: Refuse, isSingle: boolean) {
    this.#builder = builder;
    this.#below = builder.facts();
    this.refuse = refuse;
    this.#isSingle = isSingle;
  }

  facts(): BaseFacts {
    this.#builder.apply(this.#changes);
    return this.#builder.facts();
  }

  async *translate(ctx: Context, layer: Layer): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    const hashed = async function* (refuse: Refuse): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of decompressed(layer.open(ctx), refuse)) {
        hash.update(chunk);
        yield chunk;
      }
    };
    for await (const entry of readRawTar(hashed(this.refuse), this.refuse)) yield* this.#translate(entry);
    for (const path of this.#opaque) {
      const own = this.#directories.get(path) ?? this.#below.entries.get(path) ?? IMPLICIT;
      yield this.#header(path, { ...own, xattrs: { ...own.xattrs, ...OPAQUE_XATTR } });
    }
    yield Buffer.alloc(2 * TAR_BLOCK);
    const found = `sha256:${hash.digest('hex')}`;
    if (found !== layer.diffId)
      throw this.refuse(`unpacks to ${found} instead of its diff ID ${layer.diffId}`, { code: 'DIGEST_MISMATCH' });
  }

  async *#translate(entry: RawEntry): AsyncGenerator<Uint8Array, void, undefined> {
    const written = cleanPath(entry.name, this.refuse);
    const path = this.#canonical(written);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const known = toBaseEntry(entry, (target) => this.#canonical(cleanPath(target, this.refuse)));
    const bytes = entry.type === 'file' && captureAccounts(path) !== undefined ? await whole(entry) : undefined;
    this.#changes.push({ path: written, entry: known, ...(bytes && { bytes }) });
    if (name.startsWith(WHITEOUT)) {
      yield* this.#parents(path);
      if (name === OPAQUE) this.#opaque.push(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      else this.whiteouts.push(path.slice(0, path.length - name.length) + name.slice(WHITEOUT.length));
      return;
    }
    if (entry.type === 'character' || entry.type === 'block') return;
    yield* this.#parents(path);
    if (known.type === 'symlink') this.#links.set(path, known.target ?? '');
    if (known.type === 'directory') this.#directories.set(path, known);
    if (known.type === 'other') return;
    yield this.#header(path, known);
    if (entry.type !== 'file') return;
    if (bytes) yield bytes;
    else yield* entry.content();
    yield Buffer.alloc(paddingOf(entry.size));
  }

  /** Directories that the layer does not state, as those below have them. */
  *#parents(path: string): Generator<Uint8Array, void, undefined> {
    const parts = path.split('/').slice(0, -1);
    for (const [index] of parts.entries()) {
      const parent = parts.slice(0, index + 1).join('/');
      if (this.#directories.has(parent)) continue;
      const below = this.#below.entries.get(parent);
      const entry = below?.type === 'directory' ? below : IMPLICIT;
      this.#directories.set(parent, entry);
      yield this.#header(parent, entry);
    }
  }

  #header(path: string, entry: BaseEntry): Uint8Array {
    const { type, mode, uid, gid, mtime, size = 0, target = '' } = entry;
    const isLink = type === 'symlink' || type === 'hardlink';
    return tarHeader({
      name: type === 'directory' && path !== '' ? `./${path}/` : `./${path}`,
      type: type === 'other' ? 'file' : type,
      mode,
      uid: this.#isSingle ? 0 : uid,
      gid: this.#isSingle ? 0 : gid,
      mtime,
      size: type === 'file' ? size : 0,
      linkName: isLink ? (type === 'hardlink' ? `./${target}` : target) : '',
      xattrs: entry.xattrs,
    });
  }

  #canonical(path: string): string {
    const slash = path.lastIndexOf('/');
    if (slash < 0) return path;
    const parent = resolveWith((at) => this.#linkAt(at), path.slice(0, slash), true);
    return parent === '' ? path.slice(slash + 1) : `${parent}/${path.slice(slash + 1)}`;
  }

  #linkAt(path: string): string | undefined {
    const own = this.#links.get(path);
    if (own !== undefined) return own;
    const below = this.#directories.has(path) ? undefined : this.#below.entries.get(path);
    return below?.type === 'symlink' ? below.target : undefined;
  }
}

const IMPLICIT: BaseEntry = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 };

const KINDS: Readonly<Record<RawEntry['type'], BaseEntry['type']>> = {
  file: 'file',
  hardlink: 'hardlink',
  symlink: 'symlink',
  directory: 'directory',
  character: 'other',
  block: 'other',
  fifo: 'other',
};

function toBaseEntry(entry: RawEntry, canonical: (target: string) => string): BaseEntry {
  const { mode, uid, gid, mtime, size, xattrs } = entry;
  const type = KINDS[entry.type];
  return {
    type,
    mode,
    uid,
    gid,
    mtime,
    ...(type === 'file' && { size }),
    ...(type === 'symlink' && { target: entry.target }),
    ...(type === 'hardlink' && { target: canonical(entry.target) }),
    ...(xattrs && { xattrs: withoutOverlay(xattrs) }),
  };
}

/** Those of overlayfs are ours to set: in a layer they are nothing but names, which would hide and move what is below. */
function withoutOverlay(xattrs: NonNullable<RawEntry['xattrs']>): NonNullable<RawEntry['xattrs']> {
  return Object.fromEntries(Object.entries(xattrs).filter(([name]) => !/^(?:user|trusted)\.overlay\./.test(name)));
}

async function whole(entry: RawEntry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry.content()) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
