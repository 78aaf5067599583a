// Packages in memory are opened through a cache of their own.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../src/core/digest.ts';
import type { ExpectedDeb } from '../../src/deb/open-deb.ts';
import { openDeb } from '../../src/deb/open-deb.ts';
import type { OpenedDeb } from '../../src/deb/opened-deb.ts';
import { readRangeBytes } from '../../src/deb/read-range-bytes.ts';
import type { LocalCache } from '../../src/store/cache.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { createNames, temporaryFolder } from '../store/temporary-folder.ts';
import type { ArMember, DebOptions } from './make-deb.ts';
import { debMembers, makeAr } from './make-deb.ts';

export async function temporaryCache(): Promise<LocalCache> {
  return createLocalCache(join(await temporaryFolder(), 'cache'), { now: () => 0, random: createNames() });
}

/** Host path of a .deb with these bytes. */
export async function debFile(bytes: Uint8Array): Promise<string> {
  const file = join(await temporaryFolder(), 'demo.deb');
  await writeFile(file, bytes);
  return file;
}

export async function openBytes(bytes: Uint8Array, expected?: ExpectedDeb, cache?: LocalCache): Promise<OpenedDeb> {
  const services = { cache: cache ?? (await temporaryCache()) };
  return openDeb(testContext(), await debFile(bytes), digestOf(bytes), expected, services);
}

/** Demands that the package is refused with these words. */
export async function expectRefused(bytes: Uint8Array, words: RegExp | string): Promise<void> {
  const error = await expectCode(() => openBytes(bytes), 'DEB_INVALID');
  if (!(typeof words === 'string' ? error.message.includes(words) : words.test(error.message)))
    throw new Error(`expected ${String(words)} in: ${error.message}`);
}

/** A package one member of which is other bytes, or has another name. */
export function withMember(name: string, change: Partial<ArMember>, options?: DebOptions): Buffer {
  return makeAr(debMembers(options).map((member) => (member.name === name ? { ...member, ...change } : member)));
}

/** Content by path. */
export function contentsOf(deb: OpenedDeb): Map<string, Uint8Array> {
  return new Map(
    deb.entries.flatMap((entry) => {
      if (entry.type !== 'file') return [];
      return [[entry.path, entry.content.kind === 'inline' ? entry.content.bytes : readRangeBytes(entry.content)]];
    }),
  );
}
