// A base with a Python that nobody runs: what a build needs to know of one, in a few hundred bytes, and a project on top of it.
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import type { Image } from '../../src/content/content.ts';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { LINUX, sampleImage, sampleLayer } from '../contract/sample-image.ts';
import { drain } from '../expect-code.ts';
import type { Project } from './project.ts';

const STATUS = 'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u13\n';

/** Of Debian 12, with the interpreter at /usr/bin. */
export async function pythonBase(version = '3.12', platform = LINUX): Promise<Image> {
  const tar = pack();
  tar.entry({ name: `usr/bin/python${version}`, mode: 0o755, mtime: new Date(0) }, '\x7fELF');
  tar.entry({ name: 'usr/bin/python3', type: 'symlink', linkname: `python${version}`, mtime: new Date(0) });
  tar.entry({ name: 'var/lib/dpkg/status', mode: 0o644, mtime: new Date(0) }, STATUS);
  tar.finalize();
  const bytes = await drain(tar as AsyncIterable<Uint8Array>);
  return sampleImage(`python ${version}`, platform, [sampleLayer(bytes)]);
}

/** Writes the image as `oci:base` into the project. */
export async function addBase({ folder }: Project, image: Image): Promise<void> {
  await copy(createContext(), image, layoutStore(join(folder, 'base'), { random: randomUUID }), ['latest']);
}

export interface LockedFile {
  /** File name of the wheel. */
  readonly name: string;
  readonly bytes: Buffer;
  /** In place of a file beside the lock. */
  readonly url?: string;
  /** In place of the digest of the bytes. */
  readonly sha256?: string;
}

/** Writes `pylock.toml` with these wheels; those without a URL are written beside it. */
export async function addLock({ folder }: Project, files: readonly LockedFile[]): Promise<void> {
  const packages = files.map(async ({ name, bytes, url, sha256 = digestOf(bytes).slice(7) }) => {
    if (url === undefined) await writeFile(join(folder, name), bytes);
    const [distribution = '', version = ''] = name.split('-');
    const place = url === undefined ? `path = "${name}"` : `url = "${url}"`;
    const wheel = `{ ${place}, hashes = { sha256 = "${sha256}" } }`;
    return `[[packages]]\nname = "${distribution}"\nversion = "${version}"\nwheels = [${wheel}]\n`;
  });
  const text = (await Promise.all(packages)).join('\n');
  await writeFile(
    join(folder, 'pylock.toml'),
    `lock-version = "1.0"\n${packages.length === 0 ? 'packages = []\n' : text}`,
  );
}
