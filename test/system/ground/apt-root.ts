// A base unpacked, in which real apt can be asked: the root itself, and beside it what apt has fetched.
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseName } from './bases.ts';
import { blobOf, makeBase } from './bases.ts';
import { GROUND, run } from './folder.ts';
import { asRoot, inOverlay } from './overlay.ts';
import { exists } from './tools.ts';

export interface AptRoot {
  /** The base's digest, hexadecimal. */
  readonly digest: string;
  /** The unpacked base. */
  readonly root: string;
  /** Folders for an overlay in which apt knows what the mirror has, and starts no service. */
  readonly lowers: readonly string[];
  /** Package files, shared by all runs; for `var/cache/apt/archives`. */
  readonly archives: string;
}

/** Keeps maintainer scripts from starting services, as the file in Docker's images does; a lower folder, so that no tree has it. */
const POLICY = `mkdir -p policy/usr/sbin && printf '#!/bin/sh\\nexit 101\\n' > policy/usr/sbin/policy-rc.d && chmod 755 policy/usr/sbin/policy-rc.d`;

/** Unpacks the base where that was not done yet, and asks the mirror what there is. Takes seconds; once per run of the tests. */
export async function aptRoot(base: BaseName): Promise<AptRoot> {
  const { digest, folder, root } = await unpackedBase(base);
  const [apt, work, archives] = ['apt', 'apt-work', 'archives'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await run(...asRoot('sh', ['-euc', `umask 022; cd "$0" && mkdir -p archives/partial && ${POLICY}`, folder]));
  const script = 'inside apt-get update -qq && inside apt-cache gencaches -qq';
  await inOverlay({ lowers: [join(folder, 'policy'), root], script, kept: { upper: apt, work } });
  return { digest, root, lowers: [join(folder, 'policy'), apt, root], archives };
}

/** The base as a folder that nobody changes. */
export async function unpackedBase(base: BaseName): Promise<{ digest: string; folder: string; root: string }> {
  await makeBase(base);
  const facts = JSON.parse(await readFile(`${blobOf(base)}.json`, 'utf8')) as { readonly digest: string };
  const digest = facts.digest.slice('sha256:'.length);
  const folder = join(GROUND, 'apt-roots', `${base}-${digest.slice(0, 16)}`);
  const root = join(folder, 'root');
  if (!(await exists(root))) {
    await mkdir(folder, { recursive: true });
    const part = join(folder, 'root.part');
    const script = `umask 022; rm -rf "$1"; mkdir "$1"; tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' -xpzf "$0"`;
    await run(...asRoot('sh', ['-euc', script, blobOf(base), part]));
    await rename(part, root);
  }
  return { digest, folder, root };
}
