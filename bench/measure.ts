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

export type Variables = Readonly<Record<string, string | undefined>>;

/** Without its own files: bash reads them when its input is a socket. */
const BASH = ['--norc', '-euo', 'pipefail', '-c'];

/** Runs shell commands; throws what they said when they fail. */
export function shell(command: string, env: Variables): Promise<string> {
  return run('bash', [...BASH, command], { env });
}

/** @param times how often it runs; the figures are those of one run */
export async function measure(command: string, env: Variables, times = 1): Promise<Measure> {
  const folder = await mkdtemp(join(tmpdir(), 'imagespec-bench-'));
  try {
    const file = join(folder, 'time');
    const repeated = times === 1 ? command : `for i in {1..${times}}; do ${command}; done`;
    const timed = ['-o', file, '-f', '%e %U %S %M', 'bash', ...BASH, repeated];
    await run('/usr/bin/time', timed, { env });
    const numbers = (await readFile(file, 'utf8')).trim().split(' ').map(Number);
    const [wall = 0, user = 0, system = 0, kibibytes = 0] = numbers;
    return { wallSeconds: wall / times, cpuSeconds: (user + system) / times, peakMegabytes: (kibibytes * 1024) / 1e6 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The least of each figure: others on the machine only ever add. */
export function least(measures: readonly Measure[]): Measure {
  const smallest = (of: (one: Measure) => number): number => Math.min(...measures.map(of));
  return {
    wallSeconds: smallest((one) => one.wallSeconds),
    cpuSeconds: smallest((one) => one.cpuSeconds),
    peakMegabytes: smallest((one) => one.peakMegabytes),
  };
}
