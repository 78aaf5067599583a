// One layer's tar as the tar of the folder that overlayfs stacks: canonical paths, the parents that overlayfs would otherwise make plain, no
// devices; whiteouts are listed, to be made as devices afterwards.
import { createHash } from 'node:crypto';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { decompressed } from '../filesystem/decompress.ts';
import type { BaseEntry, BaseFacts } from '../filesystem/facts.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import type { RawEntry } from '../filesystem/raw-tar.ts';
import { readRawTar } from '../filesystem/raw-tar.ts';
import { FactsBuilder } from '../filesystem/read-layers.ts';
import { cleanPath } from '../filesystem/read-tar.ts';
import { resolveWith } from '../filesystem/resolve.ts';
import { TAR_BLOCK } from '../filesystem/tar-fields.ts';
import { paddingOf, tarHeader } from '../layer/tar.ts';

const ACCOUNTS_LIMIT_BYTES = 1 << 20;
/** Files whose contents are kept with the facts of a stack. */
const captureAccounts = (path: string): number | undefined =>
  path === 'etc/passwd' || path === 'etc/group' ? ACCOUNTS_LIMIT_BYTES : undefined;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const OPAQUE_XATTR = { 'user.overlay.opaque': Buffer.from('y').toString('base64') };

export interface TranslationOptions {
  /** Whether everything belongs to one id. */
  readonly isSingle: boolean;
  /** Whether opaque directories bear the attribute of overlayfs. */
  readonly marksOpaque: boolean;
}

/** One layer's tar as the tar of its folder: canonical paths, the parents that overlayfs would otherwise make plain, no devices. */
export class Translation {
  readonly whiteouts: string[] = [];
  /** Directories that hide what the layers below have in them. */
  readonly opaque: string[] = [];
  readonly refuse: Refuse;
  readonly #builder: FactsBuilder;
  readonly #below: BaseFacts;
  readonly #options: TranslationOptions;
  readonly #changes: { path: string; entry: BaseEntry; bytes?: Uint8Array }[] = [];
  readonly #links = new Map<string, string>();
  readonly #directories = new Map<string, BaseEntry>();

  /** @param below what the layer is applied to */
  constructor(below: BaseFacts, refuse: Refuse, options: TranslationOptions) {
    this.#builder = new FactsBuilder(below);
    this.#below = below;
    this.refuse = refuse;
    this.#options = options;
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
    for (const path of this.opaque) {
      const own = this.#directories.get(path) ?? this.#below.entries.get(path) ?? IMPLICIT;
      const mark = this.#options.marksOpaque ? OPAQUE_XATTR : {};
      yield this.#header(path, { ...own, xattrs: { ...own.xattrs, ...mark } });
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
      const hidden = name.slice(WHITEOUT.length);
      if (name === OPAQUE) this.opaque.push(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      else if (/^\.{0,2}$/.test(hidden)) throw this.refuse(`has the whiteout ${path}, which is of nothing`);
      else this.whiteouts.push(path.slice(0, path.length - name.length) + hidden);
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
      uid: this.#options.isSingle ? 0 : uid,
      gid: this.#options.isSingle ? 0 : gid,
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
