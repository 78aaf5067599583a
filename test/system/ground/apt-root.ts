// A base unpacked, in which real apt can be asked: the root itself, and beside it what apt has fetched.
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseName } from './bases.ts';
import { blobOf, makeBase } from './bases.ts';
import { GROUND, run } from './folder.ts';
import { asRoot, inOverlay } from './overlay.ts';
import { exists } from './tools.ts';

export interface AptRoot {
  /** Hexadecimal; other packages in the root, another digest. */
  readonly digest: string;
  /** What an image is laid over: the unpacked base, or an empty folder. */
  readonly beneath: string;
  /** Packages that the root has and `beneath` has not: `name version architecture`. */
  readonly packages: readonly string[];
  /** Folders for an overlay in which apt knows what the mirror has, and starts no service. */
  readonly lowers: readonly string[];
  /** Package files, shared by all runs; for `var/cache/apt/archives`. */
  readonly archives: string;
  /** For bash: makes the function `apt_get`, the root's own or, where it has none, the machine's. */
  readonly apt: string;
  /** Fields of a spec whose image starts from the same packages; `oci:../base` is the base as a layout. */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Keeps maintainer scripts from starting services, as the file in Docker's images does; a lower folder, so that no tree has it. */
const POLICY = `mkdir -p policy/usr/sbin && printf '#!/bin/sh\\nexit 101\\n' > policy/usr/sbin/policy-rc.d && chmod 755 policy/usr/sbin/policy-rc.d`;

/** Unpacks the base where that was not done yet, and asks the mirror what there is. Takes seconds; once per run of the tests. */
export async function aptRoot(base: BaseName): Promise<AptRoot> {
  const { digest, folder, root } = await unpackedBase(base);
  const { archives, policy } = await besideRoot(folder);
  const [apt, work] = [join(folder, 'apt'), join(folder, 'apt-work')];
  const script = 'inside apt-get update -qq && inside apt-cache gencaches -qq';
  await inOverlay({ lowers: [policy, root], script, kept: { upper: apt, work } });
  return {
    digest,
    beneath: root,
    packages: [],
    lowers: [policy, apt, root],
    archives,
    apt: 'apt_get() { inside apt-get "$@"; }\n',
    spec: { base_image: 'oci:../base' },
  };
}

/** Folders that every root has beside it. */
export async function besideRoot(folder: string): Promise<{ archives: string; policy: string }> {
  await run(...asRoot('sh', ['-euc', `umask 022; cd "$0" && mkdir -p archives/partial && ${POLICY}`, folder]));
  return { archives: join(folder, 'archives'), policy: join(folder, 'policy') };
}

/** The base as a folder that nobody changes. */
async function unpackedBase(base: BaseName): Promise<{ digest: string; folder: string; root: string }> {
  await makeBase(base);
  const facts = JSON.parse(await readFile(`${blobOf(base)}.json`, 'utf8')) as { readonly digest: string };
  const digest = facts.digest.slice('sha256:'.length);
  const folder = join(GROUND, 'apt-roots', `${base}-${digest.slice(0, 16)}`);
  await mkdir(folder, { recursive: true });
  await unpackRoot(blobOf(base), join(folder, 'root'));
  return { digest, folder, root: join(folder, 'root') };
}

/** Where it is not there yet; without some of its paths. */
export async function unpackRoot(tar: string, root: string, without: readonly string[] = []): Promise<void> {
  if (await exists(root)) return;
  const part = `${root}.part`;
  const script = `umask 022; rm -rf "$1"; mkdir "$1"; tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' -xpf "$0"; cd "$1"; shift; rm -rf "$@"`;
  await run(...asRoot('sh', ['-euc', script, tar, part, ...without]));
  await rename(part, root);
}
