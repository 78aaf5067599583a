// Pools for tests, closed when the test is over.
import { onTestFinished } from 'vitest';
import type { WorkPool } from '../../src/layer/work-pool.ts';
import { createWorkPool } from '../../src/layer/work-pool.ts';

export function poolOf(workers: number): WorkPool {
  const pool = createWorkPool(workers);
  onTestFinished(() => pool.close());
  return pool;
}
