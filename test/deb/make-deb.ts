// Packages for tests, made in memory: an honest .deb from a few words, and each of its layers (ar, compression, tar) alone, to be made wrong.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { storeXz } from './store-xz.ts';

export interface DebEntry {
  /** `usr/bin/x`; written as `./usr/bin/x`, unless it starts with a dot or slash. */
  readonly path: string;
  /** `file` unless said otherwise, `symlink` with a target. A single letter is a type flag of tar. */
  readonly type?: string;
  readonly content?: string | Uint8Array;
  /** Of symlinks as written, of hard links in the form of `path`. */
  readonly target?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly user?: string;
  readonly group?: string;
  readonly mtime?: number;
  /** Last change to the header; its checksum is made afterwards. */
  readonly spoil?: (header: Buffer) => void;
}

export type Compression = 'none' | 'gz' | 'xz' | 'zst';

export interface DebOptions {
  readonly name?: string;
  readonly version?: string;
  readonly architecture?: string;
  /** Further fields of the control file. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Text of the control file, in place of all fields. */
  readonly control?: string;
  /** Further members of control.tar by name; `preinst`, `postinst`, `prerm`, `postrm` and `config` are executable. */
  readonly members?: Readonly<Record<string, string>>;
  /** Contents of the package. Parent directories that are not listed are added, as dpkg-deb has them. */
  readonly entries?: readonly DebEntry[];
  readonly compression?: Compression;
}

export interface ArMember {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the header says, in place of the truth. */
  readonly size?: string;
}

const SCRIPTS: ReadonlySet<string> = new Set(['preinst', 'postinst', 'prerm', 'postrm', 'config']);
const TYPE_FLAGS: Readonly<Record<string, string>> = { file: '0', hardlink: '1', symlink: '2', directory: '5' };
const BLOCK = 512;

/** A whole .deb. */
export function makeDeb(options: DebOptions = {}): Buffer {
  return makeAr(debMembers(options));
}

/** The members of the archive, to be changed before `makeAr`. */
export function debMembers(options: DebOptions = {}): ArMember[] {
  const { compression = 'gz' } = options;
  const suffix = compression === 'none' ? '' : `.${compression}`;
  return [
    { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
    { name: `control.tar${suffix}`, bytes: compressWith(compression, controlTar(options)) },
    { name: `data.tar${suffix}`, bytes: compressWith(compression, makeTar(withParents(options.entries ?? []))) },
  ];
}

export function makeAr(members: readonly ArMember[]): Buffer {
  const parts = members.flatMap(({ name, bytes, size = String(bytes.length) }) => [
    Buffer.from(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${size.padEnd(10)}\`\n`,
    ),
    bytes,
    Buffer.alloc(bytes.length % 2, '\n'),
  ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}

export function compressWith(compression: Compression, bytes: Uint8Array): Buffer {
  if (compression === 'gz') return gzipSync(bytes);
  if (compression === 'zst') return zstdCompressSync(bytes);
  return compression === 'xz' ? storeXz(bytes) : Buffer.from(bytes);
}

export function controlTar(options: DebOptions = {}): Buffer {
  const { members = {}, control = controlText(options) } = options;
  const files = Object.entries({ control, ...members }).map(([path, content]): DebEntry => ({
    path,
    content,
    mode: SCRIPTS.has(path) ? 0o755 : 0o644,
  }));
  return makeTar([{ path: './', type: 'directory' }, ...files]);
}

function controlText({ name = 'demo', version = '1.0', architecture = 'amd64', fields = {} }: DebOptions): string {
  const all = {
    Package: name,
    Version: version,
    Architecture: architecture,
    Maintainer: 'Some One <one@mirror.example>',
    Description: 'for tests',
    ...fields,
  };
  return Object.entries(all)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
}

/** The entries in their order, each behind its parents. */
function withParents(entries: readonly DebEntry[]): DebEntry[] {
  const seen = new Set(entries.map(({ path }) => path));
  const all: DebEntry[] = [{ path: './', type: 'directory' }];
  for (const entry of entries) {
    const names = entry.path.startsWith('.') || entry.path.startsWith('/') ? [] : entry.path.split('/').slice(0, -1);
    for (const path of names.map((_, index) => names.slice(0, index + 1).join('/'))) {
      if (!seen.has(path)) all.push({ path, type: 'directory' });
      seen.add(path);
    }
    all.push(entry);
  }
  return all;
}

/** A GNU tar, as dpkg-deb makes them: long names and targets stand before their entry. */
export function makeTar(entries: readonly DebEntry[], end = Buffer.alloc(2 * BLOCK)): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), end]);
}

function tarEntry(entry: DebEntry): Buffer[] {
  const { type = entry.target === undefined ? 'file' : 'symlink', content = '', target = '' } = entry;
  const bytes = Buffer.from(content);
  const name = `${dotted(entry.path)}${type === 'directory' && !entry.path.endsWith('/') ? '/' : ''}`;
  const link = type === 'hardlink' ? dotted(target) : target;
  return [
    ...longName('L', name),
    ...longName('K', link),
    tarHeader(entry, type, name, link, bytes.length),
    bytes,
    Buffer.alloc(paddingOf(bytes.length)),
  ];
}

function longName(type: 'L' | 'K', text: string): Buffer[] {
  if (Buffer.byteLength(text) <= 100) return [];
  const bytes = Buffer.from(`${text}\0`);
  return [
    tarHeader({ path: '' }, type, '././@LongLink', '', bytes.length),
    bytes,
    Buffer.alloc(paddingOf(bytes.length)),
  ];
}

function tarHeader(entry: DebEntry, type: string, name: string, link: string, size: number): Buffer {
  const { mode = type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644 } = entry;
  const { uid = 0, gid = 0, user = 'root', group = 'root', mtime = 1_700_000_000, spoil } = entry;
  const header = Buffer.alloc(BLOCK);
  header.set(Buffer.from(name).subarray(0, 100), 0);
  header.write(mode.toString(8).padStart(7, '0'), 100);
  header.write(uid.toString(8).padStart(7, '0'), 108);
  header.write(gid.toString(8).padStart(7, '0'), 116);
  header.write(size.toString(8).padStart(11, '0'), 124);
  header.write(mtime.toString(8).padStart(11, '0'), 136);
  header.write(TYPE_FLAGS[type] ?? type, 156);
  header.set(Buffer.from(link).subarray(0, 100), 157);
  header.write('ustar  \0', 257);
  header.write(user, 265);
  header.write(group, 297);
  spoil?.(header);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function dotted(path: string): string {
  return /^[./]/.test(path) ? path : `./${path}`;
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
