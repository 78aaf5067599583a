// A folder of its own for each test that asks, gone when the test ends.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'imagespec-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Names that never repeat within a test file. */
export function createNames(prefix = 'name'): () => string {
  let count = 0;
  return () => `${prefix}-${++count}`;
}
