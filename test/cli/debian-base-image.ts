// Bases that packages are installed on: of a few files, with a package database of whichever kind.
import { pack } from 'tar-stream';
import type { Image } from '../../src/content/content.ts';
import { LINUX, sampleImage, sampleLayer } from '../contract/sample-image.ts';
import { drain } from '../expect-code.ts';

/** Files by path; a target makes a symbolic link. */
export type BaseFiles = Readonly<Record<string, string | { readonly target: string }>>;

export async function baseOf(
  files: BaseFiles,
  platform = LINUX,
  modeOf: (name: string) => number = () => 0o644,
): Promise<Image> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) {
    const mtime = new Date(0);
    if (typeof content === 'string') tar.entry({ name, mode: modeOf(name), mtime }, content);
    else tar.entry({ name, type: 'symlink', linkname: content.target, mtime });
  }
  tar.finalize();
  return sampleImage('base', platform, [sampleLayer(await drain(tar as AsyncIterable<Uint8Array>))]);
}

export const MERGED: BaseFiles = { bin: { target: 'usr/bin' }, lib: { target: 'usr/lib' }, 'usr/bin/sh': '\x7fELF' };
const ACCOUNTS: BaseFiles = { 'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n', 'etc/group': 'root:x:0:\n' };

function stanza(name: string, version: string, more = ''): string {
  return `Package: ${name}\nStatus: install ok installed\nMaintainer: Some One <one@mirror.example>\nArchitecture: amd64\n${more}Version: ${version}\nDescription: of the base\n`;
}

/** Of Debian, with an old library, which has a file that the newer one lacks, and settings of apt. */
export function debianBase(apt: BaseFiles): Promise<Image> {
  const info = 'var/lib/dpkg/info';
  return baseOf({
    ...MERGED,
    ...ACCOUNTS,
    ...apt,
    'usr/lib/libtool.so.1': 'old library',
    'usr/lib/libtool-old.so': 'old library',
    'var/lib/apt/extended_states': 'Package: other\nArchitecture: amd64\nAuto-Installed: 1\n\n',
    'var/lib/dpkg/status': `${stanza('libtool1', '0.9', 'Multi-Arch: same\n')}\n${stanza('other', '1.0')}\n`,
    [`${info}/libtool1:amd64.list`]: '/.\n/usr\n/usr/lib\n/usr/lib/libtool-old.so\n/usr/lib/libtool.so.1\n',
    [`${info}/other.list`]: '/.\n',
    [`${info}/format`]: '1\n',
  });
}

/** As distroless images are: no dpkg, a file for each package. */
export function distrolessBase(): Promise<Image> {
  return baseOf({
    ...MERGED,
    ...ACCOUNTS,
    'etc/os-release': 'ID=debian\n',
    'usr/lib/libtool.so.1': 'library',
    'var/lib/dpkg/status.d/libtool1': stanza('libtool1', '1.0').replace(/^Status.*\n/m, ''),
    'var/lib/dpkg/status.d/libtool1.md5sums': `${'0'.repeat(32)}  usr/lib/libtool.so.1\n`,
  });
}

export function alpineBase(): Promise<Image> {
  return baseOf({
    ...ACCOUNTS,
    'etc/alpine-release': '3.20.0\n',
    'lib/apk/db/installed': 'P:musl\nV:1.2.5-r0\nA:x86_64\n\n',
    'bin/busybox': '\x7fELF',
  });
}
