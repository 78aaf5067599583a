// A project of Debian packages and a wheel whose scripts look at all that may differ from one host to another: clock, locale, user, umask, order.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FakeMirror } from './apt/fake-mirror.ts';
import { makeArchive, makeArchiveKey, startFakeMirror } from './apt/fake-mirror.ts';
import { forBoth, PACKAGES } from './cli/debian-archive.ts';
import type { Compression, DebOptions } from './deb/make-deb.ts';
import { smallWheel } from './small-wheel.ts';

const SCRIPT = '#!/bin/sh\nset -e\n';
const COMPRESSIONS: readonly Compression[] = ['xz', 'zst', 'gz', 'none'];
/** Sorted in one way by their bytes, and in others by the rules of languages. */
const NAMES = ['I', 'i', 'Ö', 'a-b', 'a_b', 'ab', 'B', 'İ', 'z', '.hidden'];

const LOOKS = `${SCRIPT}umask > /var/lib/looks
id -un >> /var/lib/looks
pwd >> /var/lib/looks
date +%s >> /var/lib/looks
for file in /usr/share/many0/*; do echo "$file"; done >> /var/lib/looks
ls /usr/share/many0 | sort -r >> /var/lib/looks
echo I i | tr '[:upper:]' '[:lower:]' >> /var/lib/looks
mkdir -m 0711 /var/lib/made
`;

/** Four packages in all compressions, one of them large enough for a layer of its own. */
const MANY: readonly DebOptions[] = COMPRESSIONS.map((compression, i) => ({
  name: `many${i}`,
  compression,
  fields: { Depends: 'base-passwd' },
  entries: [
    ...NAMES.map((name) => ({ path: `usr/share/many${i}/${name}`, content: `${name}\n`.repeat(i * 400 + 1) })),
    { path: `usr/share/many${i}/large`, content: Buffer.from(pseudoRandom(i === 1 ? 1_500_000 : 40_000)) },
  ],
}));

const PYTHON: readonly DebOptions[] = [
  { name: 'libc6', version: '2.36-9' },
  {
    name: 'python3.11',
    version: '3.11.2-6',
    fields: { Depends: 'libc6' },
    entries: [{ path: 'usr/bin/python3.11', content: '\x7fELF', mode: 0o755 }],
  },
  { name: 'python3', fields: { Depends: 'python3.11' }, entries: [{ path: 'usr/bin/python3', target: 'python3.11' }] },
];

const LOOKER: DebOptions = {
  name: 'looker',
  fields: { Depends: 'many0, many1, many2, many3, tool' },
  members: { postinst: LOOKS, triggers: 'interest-noawait /usr/share/many0\n' },
};

/** The same on every machine. */
function pseudoRandom(length: number): Uint8Array {
  let state = length;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16);
}

export interface DebianSample {
  readonly mirror: FakeMirror;
  /** Tells builds of `writeProject` where the mirror is. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes spec, keyring, wheel and lock of the wheel; with the lock file of an earlier build, if there is one. */
  readonly writeProject: (folder: string, earlier?: string) => Promise<void>;
}

/** To be closed by whoever starts it. */
export async function startDebianSample(): Promise<DebianSample> {
  const key = await makeArchiveKey();
  const packages = [...PACKAGES, ...MANY, ...PYTHON, LOOKER].flatMap(forBoth);
  const mirror = await startFakeMirror(await makeArchive({ packages, keys: [key], architectures: ['amd64', 'arm64'] }));
  const { filename, bytes, sha256 } = smallWheel('greeting', '1.0');
  const spec = {
    name: 'same',
    base_image: 'scratch',
    platform: 'linux/amd64,linux/arm64',
    apt_packages: ['looker', 'python3'],
    apt_sources: ['deb [signed-by=key.asc] ${MIRROR} bookworm main'],
    requirements: 'pylock.toml',
  };
  const lock = `lock-version = "1.0"\n[[packages]]\nname = "greeting"\nversion = "1.0"\nwheels = [{ path = "${filename}", hashes = { sha256 = "${sha256}" } }]\n`;
  const writeProject = async (folder: string, earlier?: string): Promise<void> => {
    await mkdir(folder, { recursive: true });
    // JSON is YAML.
    await writeFile(join(folder, 'imagespec.yaml'), JSON.stringify(spec));
    await writeFile(join(folder, 'key.asc'), key.public);
    await writeFile(join(folder, filename), bytes);
    await writeFile(join(folder, 'pylock.toml'), lock);
    if (earlier !== undefined) await copyFile(join(earlier, 'imagespec.lock'), join(folder, 'imagespec.lock'));
  };
  return { mirror, env: { MIRROR: mirror.uri }, writeProject };
}
