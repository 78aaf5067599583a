// An image in a layout, read back as files: what lies where, with which owner, mode and content.
import { randomUUID } from 'node:crypto';
import { loadImage } from '../../src/content/load.ts';
import { createContext } from '../../src/core/context.ts';
import type { BaseEntry } from '../../src/filesystem/facts.ts';
import { readFacts } from '../../src/filesystem/read-layers.ts';
import { layoutStore } from '../../src/store/layout.ts';

export interface ReadImage {
  readonly entries: ReadonlyMap<string, BaseEntry>;
  /** Content of a file. */
  readonly text: (path: string) => string;
  /** `2770 8:8 directory`, or undefined for what is not there. */
  readonly about: (path: string) => string | undefined;
}

/** Test images hold small files only. */
const FILE_LIMIT_BYTES = 16 << 20;

export async function readImage(folder: string, architecture = 'amd64'): Promise<ReadImage> {
  const ctx = createContext();
  const store = layoutStore(folder, { random: randomUUID });
  const { layers } = await loadImage(ctx, store, '', { os: 'linux', architecture });
  const { entries, captured } = await readFacts(ctx, layers, { capture: () => FILE_LIMIT_BYTES });
  const about = (path: string): string | undefined => {
    const entry = entries.get(path);
    return entry && `${entry.mode.toString(8)} ${entry.uid}:${entry.gid} ${entry.type}`;
  };
  const text = (path: string): string => {
    const bytes = captured.get(path);
    if (!bytes) throw new Error(`${path} is no file of the image`);
    return Buffer.from(bytes).toString();
  };
  return { entries, text, about };
}
