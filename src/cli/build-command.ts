// `imagespec build`: flags become options of the library; the result is printed for people or programs.
import type { FileOptions } from '../build/build-specs.ts';
import { buildFiles, planFiles } from '../build/build-specs.ts';
import { ImageSpecError } from '../core/error.ts';
import type { SandboxMaker } from '../build/sandbox.ts';
import { printPlan, printResult } from './print.ts';
import type { CommonOptions, Session } from './session.ts';

export interface BuildFlags extends CommonOptions {
  readonly push?: boolean;
  readonly output?: string[];
  readonly platform?: string[];
  readonly tag?: string[];
  readonly image?: string[];
  readonly defaultPython?: string;
  readonly plan?: boolean;
  readonly force?: boolean;
  readonly frozen?: boolean;
  readonly offline?: boolean;
  /** commander's `--no-cache`. */
  readonly cache?: boolean;
  readonly workers?: string;
  readonly sandbox?: SandboxMaker;
}

function toOptions(flags: BuildFlags, { signal, on }: Session): FileOptions {
  const { push, output, platform, tag, image, force, frozen, offline, cache, cacheDir, workers, sandbox } = flags;
  return {
    defaultPython: flags.defaultPython,
    push,
    outputs: output,
    platforms: platform,
    tags: tag,
    images: image,
    force,
    frozen,
    offline,
    cache,
    cacheFolder: cacheDir,
    workers: workers === undefined ? undefined : toCount(workers),
    sandbox,
    signal,
    on,
  };
}

function toCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new ImageSpecError('USAGE', `--workers "${text}" is not a number of threads`, {
    hint: 'For example --workers 4.',
  });
}

export async function runBuild(
  files: readonly string[],
  flags: BuildFlags,
  argv: readonly string[],
  session: Session,
): Promise<void> {
  const options = toOptions(flags, session);
  const { environment, result, say } = session;
  if (flags.plan) {
    const plan = await planFiles(files, options, environment);
    result(flags.json ? `${JSON.stringify(plan)}\n` : plan.images.map(printPlan).join('\n'));
    return;
  }
  const built = await buildFiles(files, options, environment, argv);
  if (flags.json) {
    result(`${JSON.stringify(built)}\n`);
    return;
  }
  result('');
  const isAlone = built.images.length === 1;
  for (const image of built.images) say(isAlone ? printResult(image) : `\n${image.name}\n${printResult(image)}`);
  result(built.images.map((image) => `${image.reference}\n`).join(''));
}
