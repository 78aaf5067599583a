// An archive in the form of python-build-standalone's `install_only`, small enough for tests, and the list that offers it.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { digestOf } from '../../src/core/digest.ts';
import { drain } from '../expect-code.ts';

export interface ArchiveEntry {
  readonly name: string;
  readonly content?: string | Buffer;
  readonly type?: 'directory' | 'symlink' | 'link' | 'character-device';
  readonly linkname?: string;
  readonly mode?: number;
}

export const SYSCONFIG =
  "build_time_vars = {'AR': '/tools/clang/bin/llvm-ar',\n 'CC': 'clang -pthread',\n 'CXX': 'clang++ -pthread',\n" +
  " 'INSTALL': '/usr/bin/install -c',\n 'LDFLAGS': '-L/install/lib',\n 'prefix': '/install'}\n";

/** A Python of this version that nobody runs: each kind of entry, a long file, and the one that is corrected. */
export function pythonEntries(version: string): ArchiveEntry[] {
  const minor = version.split('.').slice(0, 2).join('.');
  return [
    { name: 'python/', type: 'directory' },
    { name: `python/bin/python${minor}`, content: '\x7fELF', mode: 0o755 },
    { name: 'python/bin/python3', type: 'symlink', linkname: `python${minor}`, mode: 0o777 },
    { name: `python/bin/same`, type: 'link', linkname: `python/bin/python${minor}`, mode: 0o755 },
    { name: `python/lib/python${minor}/os.py`, content: Buffer.alloc(20_000, 'import sys\n') },
    { name: `python/lib/python${minor}/empty.py`, content: '' },
    { name: `python/lib/python${minor}/_sysconfigdata__linux_x86_64-linux-gnu.py`, content: SYSCONFIG },
  ];
}

export async function packPython(
  entries: readonly ArchiveEntry[],
  compression: 'gzip' | 'zstd' = 'gzip',
): Promise<Buffer> {
  const tar = pack();
  for (const { name, content, type, linkname, mode } of entries) {
    const header = {
      name,
      mode: mode ?? (type === 'directory' ? 0o755 : 0o644),
      mtime: new Date(1e12),
      uid: 1000,
      gid: 1000,
    };
    tar.entry({ ...header, ...(type && { type }), ...(linkname !== undefined && { linkname }) }, content ?? '');
  }
  tar.finalize();
  const bytes = await drain(tar as AsyncIterable<Uint8Array>);
  return compression === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes);
}

export interface Offered {
  readonly version: string;
  readonly url: string;
  readonly sha256?: string | null;
  readonly arch?: string;
  readonly libc?: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Where a release lies below a host or mirror. */
export const releasePath = (file: string, date = '20261110'): string =>
  `python-build-standalone/releases/download/${date}/${encodeURIComponent(file)}`;

/** A list as `UV_PYTHON_DOWNLOADS_JSON_URL` names one. */
export function downloadsDocument(offers: readonly Offered[]): string {
  const rows = offers.map(({ version, url, sha256, arch = 'x86_64', libc = 'gnu', more = {} }) => {
    const [, major, minor, patch, prerelease] = /^(\d+)\.(\d+)\.(\d+)(.*)$/.exec(version)!;
    const numbers = { major: Number(major), minor: Number(minor), patch: Number(patch), prerelease };
    const about = { name: 'cpython', arch: { family: arch, variant: null }, os: 'linux', libc, variant: null };
    return [`cpython-${version}-linux-${arch}-${libc}`, { ...about, ...numbers, url, sha256: sha256 ?? null, ...more }];
  });
  return JSON.stringify(Object.fromEntries(rows));
}

export const hexOf = (bytes: Uint8Array): string => digestOf(bytes).slice('sha256:'.length);
