// Packages in memory as a lock names them, and a mirror that has them.
import { digestOf } from '../../src/core/digest.ts';
import type { FetchDebOptions } from '../../src/deb/fetch-debs.ts';
import type { LockedDeb } from '../../src/deb/locked-deb.ts';
import type { LocalCache } from '../../src/store/cache.ts';

export function lockedDeb(bytes: Buffer, name = 'demo', more: Partial<LockedDeb> = {}): LockedDeb {
  return {
    name,
    version: '1.0',
    architecture: 'amd64',
    url: `http://mirror.example/pool/${name}.deb`,
    digest: digestOf(bytes),
    size: bytes.length,
    requested: true,
    suites: ['bookworm'],
    ...more,
  };
}

export interface Mirror extends FetchDebOptions {
  /** URLs that were opened. */
  readonly opened: string[];
}

/** @param files bytes by name of the package */
export function mirrorOf(cache: LocalCache, files: ReadonlyMap<string, Buffer>, offline = false): Mirror {
  const opened: string[] = [];
  return {
    cache,
    offline,
    opened,
    open: async function* (_ctx, { name, url }) {
      opened.push(url);
      const bytes = files.get(name) ?? Buffer.alloc(0);
      yield bytes.subarray(0, 10);
      yield bytes.subarray(10);
    },
  };
}
