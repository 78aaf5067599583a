// Tar files for tests, with whatever names and types a stranger may have written.
import { writeFile } from 'node:fs/promises';
import type { Header } from 'tar-stream';
import { pack } from 'tar-stream';
import { drain } from '../expect-code.ts';

export interface Member extends Partial<Header> {
  readonly name: string;
  readonly content?: string | Uint8Array;
}

export async function makeTar(file: string, members: readonly Member[]): Promise<void> {
  const tar = pack();
  for (const { content, ...header } of members) {
    const full = { type: 'file' as const, mode: 0o644, mtime: new Date(0), ...header };
    if (full.type === 'file') tar.entry(full, Buffer.from(content ?? ''));
    else tar.entry(full);
  }
  tar.finalize();
  await writeFile(file, await drain(tar as AsyncIterable<Uint8Array>));
}
