// Digest and size of a file that may be too large to be held.
import { createHash } from 'node:crypto';
import type { Digest } from '../core/digest.ts';
import { readRange } from './disk.ts';

export async function digestFile(file: string): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of readRange(file)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}
