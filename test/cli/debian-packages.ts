// A small Debian of hand-made packages: what an image from nothing needs, a library, a tool on top of it, and variants that go wrong.
import type { DebOptions } from '../deb/make-deb.ts';
import { makeDeb } from '../deb/make-deb.ts';

export const SCRIPT = '#!/bin/sh\nset -e\n';

/** Both are wanted by every image from nothing (debootstrap starts with them too). */
const BASE_FILES: DebOptions = {
  name: 'base-files',
  version: '12.4',
  fields: { Essential: 'yes', Priority: 'required' },
  entries: [
    { path: 'etc/debian_version', content: '12.5\n' },
    { path: 'root', type: 'directory', mode: 0o700 },
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'usr/lib/os-release', content: 'ID=debian\nVERSION_ID="12"\n' },
    { path: 'etc/os-release', target: '../usr/lib/os-release' },
  ],
};

const BASE_PASSWD: DebOptions = {
  name: 'base-passwd',
  version: '3.6.1',
  fields: { Essential: 'yes', Priority: 'required' },
  entries: [
    {
      path: 'usr/share/base-passwd/passwd.master',
      content: 'root:*:0:0:root:/root:/bin/sh\nmail:*:8:8:mail:/var/mail:/usr/sbin/nologin\n',
    },
    { path: 'usr/share/base-passwd/group.master', content: 'root:*:0:\nmail:*:8:\n' },
  ],
  members: {
    postinst: `${SCRIPT}for file in passwd group; do
  [ -e /etc/$file ] || sed 's/:\\*:/:x:/' /usr/share/base-passwd/$file.master > /etc/$file
done
`,
  },
};

export const LIBRARY: DebOptions = {
  name: 'libtool1',
  version: '1.2-1',
  fields: { 'Multi-Arch': 'same', Priority: 'optional' },
  entries: [
    { path: 'usr/lib/tool/libtool.so.1.2', content: '\x7fELF library' },
    { path: 'usr/lib/tool/libtool.so.1', target: 'libtool.so.1.2' },
  ],
  compression: 'xz',
};

export const TOOL: DebOptions = {
  name: 'tool',
  version: '2.0-1',
  fields: { Depends: 'libtool1 (>= 1.0)', Priority: 'optional' },
  entries: [
    { path: 'usr/bin/tool', content: '#!/bin/sh\necho tool\n', mode: 0o755 },
    { path: 'usr/bin/tool-again', type: 'hardlink', target: 'usr/bin/tool' },
    { path: 'etc/tool.conf', content: 'level=1\n' },
    { path: 'var/spool/tool', type: 'directory', mode: 0o2770, uid: 8, gid: 8, user: 'mail', group: 'mail' },
  ],
  members: {
    conffiles: '/etc/tool.conf\n',
    postinst: `${SCRIPT}if [ "$1" = configure ]; then
  umask 027
  mkdir -p /var/lib/tool
  echo "for $(dpkg --print-architecture)" > /var/lib/tool/made
  chown root:mail /var/lib/tool/made
  ln -sf tool /usr/bin/t
fi
`,
  },
  compression: 'zst',
};

/** Of Debian, what builds look for in a base: an interpreter at its place, and the C library that wheels are chosen by. */
const PYTHON: readonly DebOptions[] = [
  {
    name: 'python3.11',
    version: '3.11.2-6',
    fields: { Depends: 'libc6' },
    entries: [{ path: 'usr/bin/python3.11', content: '\x7fELF', mode: 0o755 }],
  },
  {
    name: 'python3',
    version: '3.11.2-1+b1',
    fields: { Depends: 'python3.11' },
    entries: [{ path: 'usr/bin/python3', target: 'python3.11' }],
  },
  { name: 'libc6', version: '2.36-9+deb12u13', fields: { 'Multi-Arch': 'same' }, entries: [] },
];

const ARCHITECTURES = ['amd64', 'arm64'];

/** The same package for both architectures. */
export const forBoth = (options: DebOptions): Buffer[] =>
  ARCHITECTURES.map((architecture) => makeDeb({ ...options, architecture }));

/** Independent of architecture, unless said otherwise. */
export const forAll = (options: DebOptions): Buffer[] => [makeDeb({ architecture: 'all', ...options })];

/** What an image from nothing gets in any case. */
export const SEEDS: readonly Buffer[] = [...forAll(BASE_PASSWD), ...forBoth(BASE_FILES)];

export const DEBIAN: readonly Buffer[] = [...SEEDS, ...forBoth(LIBRARY), ...forBoth(TOOL), ...PYTHON.flatMap(forBoth)];
