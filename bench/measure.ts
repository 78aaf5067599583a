// One command as a whole process tree: wall, CPU and peak memory, by GNU time.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../test/system/ground/folder.ts';

export interface Measure {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Of the largest process, in MB. */
  readonly peakMegabytes: number;
}

export async function measure(command: string, env: Readonly<Record<string, string | undefined>>): Promise<Measure> {
  const folder = await mkdtemp(join(tmpdir(), 'imagespec-bench-'));
  try {
    const file = join(folder, 'time');
    await run('/usr/bin/time', ['-o', file, '-f', '%e %U %S %M', 'bash', '-euc', `exec 2>&1; ${command}`], { env });
    const [wall = 0, user = 0, system = 0, kibibytes = 0] = (await readFile(file, 'utf8'))
      .trim()
      .split(' ')
      .map(Number);
    return { wallSeconds: wall, cpuSeconds: user + system, peakMegabytes: (kibibytes * 1024) / 1e6 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The run with the least CPU time: on a shared machine, the one that was disturbed least. */
export function best(measures: readonly Measure[]): Measure {
  return [...measures].sort((a, b) => a.cpuSeconds - b.cpuSeconds)[0]!;
}
