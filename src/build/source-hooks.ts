// Hooks of build backends, run in the sandbox over what the target has so far.
import type { HookRunner } from '../python/hook-calls.ts';
import type { Ground } from './run-over.ts';

export interface HookSurroundings {
  /** Asked for when the first hook is called. */
  readonly ground: () => Promise<Ground>;
  /** Of the image. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Seconds since the epoch. */
  readonly epoch: number;
}

/** The oldest time that a zip archive, so a wheel, can hold: backends fail on older ones. */
const ZIP_EPOCH = 315_532_800;
/** Characters that are kept of what a hook says. */
const OUTPUT_LIMIT = 100_000;

export function hookRunner({ ground, env, epoch }: HookSurroundings): HookRunner {
  return async (ctx, { argv, folder, programs, mounts }) => {
    const { run } = await ground();
    let said = '';
    const { status } = await run(ctx, {
      argv,
      folder,
      env: [
        ['HOME', '/root'],
        ...env.map(([name, value]) => [name, name === 'PATH' ? `${programs}:${value}` : value] as const),
        ['VIRTUAL_ENV', programs.replace(/\/bin$/, '')],
        ['SOURCE_DATE_EPOCH', String(Math.max(epoch, ZIP_EPOCH))],
        // What a wheel holds must not follow the seed of a process.
        ['PYTHONHASHSEED', '0'],
        ['PYTHONDONTWRITEBYTECODE', '1'],
        ['PYTHONIOENCODING', 'utf-8:backslashreplace'],
      ],
      mounts,
      network: 'host',
      output: (text) => void (said = (said + text).slice(-OUTPUT_LIMIT)),
      epoch,
      isDiscarded: true,
    });
    return { status, output: said };
  };
}
