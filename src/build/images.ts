// Several images of one call: what stands on others waits for them, all else is built at once, and what fails is told together.
import type { Context } from '../core/context.ts';
import { forImage, throwIfAborted } from '../core/context.ts';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import { createLimit } from '../core/limit.ts';
import type { LoadedSpec } from '../spec/load.ts';
import { ImageSpec } from '../spec/spec.ts';

/** One image of a call. */
export interface ImageTask {
  readonly loaded: LoadedSpec;
  /** Stands in front of its words where there are several images: its name in the file, else that of the image. */
  readonly label: string;
  /** Built before, since this one stands on it. */
  readonly base: ImageTask | undefined;
  /** Whether it was asked for; else it is built since others stand on it. */
  readonly isAsked: boolean;
}

/** The images that were asked for and those that they stand on, each once and behind its base. */
export function listTasks(asked: readonly LoadedSpec[]): ImageTask[] {
  const wanted = new Map(asked.map((loaded) => [identityOf(loaded), loaded]));
  const tasks = new Map<string, ImageTask>();
  const add = (loaded: LoadedSpec): ImageTask => {
    const key = identityOf(loaded);
    const known = tasks.get(key);
    if (known) return known;
    const below = baseOf(loaded);
    const base = below && add(wanted.get(identityOf(below)) ?? below);
    const task = { loaded, label: loaded.key ?? loaded.spec.name, base, isAsked: wanted.has(key) };
    tasks.set(key, task);
    return task;
  };
  asked.forEach(add);
  return [...tasks.values()];
}

/** Equal specs of one place are one image. */
export function identityOf({ spec, file, directory }: LoadedSpec): string {
  return JSON.stringify([spec, spec.forced, file, directory]);
}

/** A spec that stands in another one's `base_image`. */
function baseOf({ spec: { baseImage }, file, directory, key }: LoadedSpec): LoadedSpec | undefined {
  if (!(baseImage instanceof ImageSpec)) return undefined;
  return { spec: baseImage, file, directory, key: key === undefined ? 'base' : `${key}.base` };
}

/**
 * Platforms that an image is built for: its own; where its spec names none, also those of all images that stand on it.
 * @param asked of the call, in place of those of specs
 */
export function platformsOf(
  task: ImageTask,
  tasks: readonly ImageTask[],
  asked: readonly string[] | undefined,
): readonly string[] {
  if (asked) return asked;
  const { spec } = task.loaded;
  if ('platform' in spec.toJSON()) return spec.platforms;
  const above = tasks.filter(({ base }) => base === task).flatMap((one) => platformsOf(one, tasks, undefined));
  return [...new Set(above.length > 0 && !task.isAsked ? above : [...spec.platforms, ...above])];
}

/** Images that are built at once: each has its own network and threads share the processors. */
const AT_ONCE = 4;

type Outcome<T> = { readonly task: ImageTask } & (
  | { readonly result: T }
  | { readonly error: unknown }
  /** Not even begun, since its base failed. */
  | { readonly waitsFor: ImageTask }
);

/**
 * Builds all; a failure stops only what stands on the image. One image fails as it does alone; of several, `IMAGES_FAILED` tells all
 * failures. Throws `ABORTED`, and at once what is a bug.
 */
export async function buildTasks<T>(
  ctx: Context,
  tasks: readonly ImageTask[],
  build: (ctx: Context, task: ImageTask, base: T | undefined) => Promise<T>,
): Promise<T[]> {
  const [only, ...others] = tasks;
  if (only && others.length === 0) return [await build(ctx, only, undefined)];
  const limit = createLimit(AT_ONCE);
  const outcomes = new Map<ImageTask, Promise<Outcome<T>>>();
  const begin = async (task: ImageTask): Promise<Outcome<T>> => {
    const base = task.base && (await outcomes.get(task.base)!);
    if (base && !('result' in base)) return { task, waitsFor: base.task };
    try {
      const result = await limit(() => {
        throwIfAborted(ctx);
        return build(forImage(ctx, task.label), task, base?.result);
      });
      return { task, result };
    } catch (error) {
      return { task, error };
    }
  };
  for (const task of tasks) outcomes.set(task, begin(task));
  const all = await Promise.all(outcomes.values());
  throwIfAborted(ctx);
  const results = all.flatMap((one) => ('result' in one ? [one.result] : []));
  if (results.length < all.length) throw failureOf(all);
  return results;
}

function failureOf(all: readonly Outcome<unknown>[]): unknown {
  const failures = all.flatMap((one) => ('error' in one ? [one] : []));
  const bug = failures.find(({ error }) => !isImageSpecError(error));
  if (bug) return bug.error;
  const missing = all.filter((one) => !('result' in one));
  const issues = missing.map((one) => {
    if ('waitsFor' in one) return `${one.task.label}: not begun, since it stands on ${one.waitsFor.label}`;
    const { message, code, hint, issues: inner } = (one as (typeof failures)[number]).error as ImageSpecError;
    return [`${one.task.label}: ${message} [${code}]`, ...inner, ...(hint ? [hint] : [])].join('. ');
  });
  const names = missing.map(({ task }) => task.label).join(', ');
  return new ImageSpecError('IMAGES_FAILED', `${missing.length} of ${all.length} images were not built: ${names}`, {
    hint: 'The others are where they belong; correct these, and build again: what is done is not done twice.',
    issues,
    cause: new AggregateError(
      failures.map(({ error }) => error),
      names,
    ),
    facts: { images: names },
  });
}
