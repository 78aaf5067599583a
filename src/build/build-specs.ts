// What callers ask for, a file or specs, becomes images: all that they need is opened once, and each image is built by `build.ts`.
import type { Context } from '../core/context.ts';
import { createContext } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Limit } from '../core/limit.ts';
import { createLimit } from '../core/limit.ts';
import { Once } from '../core/once.ts';
import type { WorkPool } from '../layer/work-pool.ts';
import { createWorkPool } from '../layer/work-pool.ts';
import type { LoadedSpec } from '../spec/load.ts';
import type { Transport } from '../store/transport.ts';
import { buildImage, existing } from './build.ts';
import { createDebShelf } from './debs.ts';
import type { Environment } from './environment.ts';
import { missingPlatforms } from './existing.ts';
import type { ImageTask } from './images.ts';
import { buildTasks, listTasks, platformsOf } from './images.ts';
import type { Job } from './job.ts';
import { loadFiles } from './load-files.ts';
import { planImage, planUpon } from './plan.ts';
import { createPythonShelf } from './python-shelf.ts';
import type { BuildOptions } from './request.ts';
import { createRequest } from './request.ts';
import type { BuildResult, ImageResult, PlanResult, PlanResults } from './result.ts';
import { withSandbox } from './sandbox.ts';
import type { BuildSecrets } from './secrets.ts';
import { openSecrets } from './secrets.ts';
import type { Services } from './services.ts';
import { createMeter, withServices } from './services.ts';
import { withSwitches } from './switches.ts';

export interface FileOptions extends BuildOptions {
  /** Of files with several images, those to build, by name; without it, all. */
  readonly images?: readonly string[] | undefined;
}

/**
 * Loads the specs of files or folders, or of standard input for `-`, and builds them, or those of `images` by name. `argv` is the command
 * line, remembered for the fast path.
 */
export async function buildFiles(
  paths: readonly string[],
  { images, ...options }: FileOptions,
  environment: Environment,
  argv: readonly string[] = [],
): Promise<BuildResult> {
  return buildSpecs(await loadFiles(paths, images, environment), options, environment, argv);
}

/** What `buildFiles` would do. Of an image upon one that is yet to be built, no more is said than that. */
export async function planFiles(
  paths: readonly string[],
  { images, ...given }: FileOptions,
  environment: Environment,
): Promise<PlanResults> {
  const options = withSwitches(given, environment);
  const specs = await loadFiles(paths, images, environment);
  return withCall(specs, options, environment, async (ctx, call) => {
    const plans = await buildTasks<Planned>(ctx, call.tasks, async (inner, task, base) => {
      const job = await createJob(inner, call, task, base?.place);
      const exists = job.request.pushed && (await existing(inner, job)) !== undefined;
      const isUpon = base !== undefined && base.place === undefined;
      const plan = isUpon ? planUpon(job, base.plan, exists) : await planImage(inner, job, exists);
      return { plan, place: exists ? { kind: 'registry', reference: job.request.pushed } : undefined };
    });
    return { images: plans.map(({ plan }) => plan) };
  });
}

export async function buildSpecs(
  specs: readonly LoadedSpec[],
  options: BuildOptions,
  environment: Environment,
  argv: readonly string[] = [],
): Promise<BuildResult> {
  const built = await buildListed(specs, options, environment, argv);
  return { images: built.map(({ result }) => result) };
}

/** The images of specs that may come from several files, each with the place where it is now. */
export async function buildListed(
  specs: readonly LoadedSpec[],
  given: BuildOptions,
  environment: Environment,
  argv: readonly string[] = [],
): Promise<readonly Built[]> {
  const options = withSwitches(given, environment);
  return withCall(specs, options, environment, (ctx, call) => {
    const isAlone = call.tasks.length === 1;
    return buildTasks<Built>(ctx, call.tasks, async (inner, task, base) => {
      const job = await createJob(inner, call, task, base?.place);
      const result = await buildImage(inner, job, isAlone ? argv : []);
      if (!isAlone) inner.emit({ type: 'log', level: 'info', message: `${result.status}: ${result.reference}` });
      return { loaded: task.loaded, result, place: placeOf(job, result) };
    });
  });
}

/**
 * Whether the registry of a spec has its image, for every platform that is wanted. Any other answer than yes or no throws: nothing is
 * assumed. Throws `USAGE` for a spec without a registry.
 */
export async function specExists(
  loaded: LoadedSpec,
  options: BuildOptions,
  environment: Environment,
): Promise<boolean> {
  return withCall([loaded], { ...options, push: true }, environment, async (ctx, call) => {
    const job = await createJob(ctx, call, call.tasks.at(-1)!, undefined);
    const found = await existing(ctx, job);
    return found !== undefined && missingPlatforms(found, job.request.platforms).length === 0;
  });
}

interface Planned {
  readonly plan: PlanResult;
  /** Where it is already. */
  readonly place: Transport | undefined;
}

/** An image that others may stand on. */
export interface Built {
  readonly loaded: LoadedSpec;
  readonly result: ImageResult;
  readonly place: Transport;
}

/** Where it is now, by digest. */
function placeOf({ request }: Job, { digest }: ImageResult): Transport {
  const { transport } = request.outputs[0]!;
  if (transport.kind !== 'registry') return { ...transport, name: digest } as Transport;
  return { kind: 'registry', reference: { ...transport.reference, tag: request.tag, digest } };
}

/** More threads than this only wait for memory and the network; each takes 20 MB. */
const WORKERS_MAX = 4;

/** What the images of one call share. */
interface Call {
  readonly tasks: readonly ImageTask[];
  readonly options: BuildOptions;
  readonly services: Services;
  readonly pool: WorkPool;
  readonly made: Job['made'];
  readonly writesLock: Limit;
  /** By full name of the image. */
  readonly names: Map<string, ImageTask>;
}

async function withCall<T>(
  specs: readonly LoadedSpec[],
  options: BuildOptions,
  environment: Environment,
  work: (ctx: Context, call: Call) => Promise<T>,
): Promise<T> {
  const ctx = createContext(options);
  const tasks = listTasks(specs);
  refuseOnePlace(tasks, options);
  return withServices(withSandbox(environment, options.sandbox), options.cacheFolder, async (services) => {
    const pool = createWorkPool(options.workers ?? Math.min(environment.processors - 1, WORKERS_MAX));
    try {
      return await work(ctx, {
        tasks,
        options,
        services,
        pool,
        made: new Once(),
        writesLock: createLimit(1),
        names: new Map(),
      });
    } finally {
      await pool.close();
    }
  });
}

/** Two images at one place would be one, and the other lost. */
function refuseOnePlace(tasks: readonly ImageTask[], { outputs = [], tags = [] }: BuildOptions): void {
  const asked = tasks.filter(({ isAsked }) => isAsked);
  if (asked.length < 2 || (outputs.length === 0 && tags.length === 0)) return;
  const what = outputs.length > 0 ? `the place ${outputs[0]}` : `the tag ${tags[0]}`;
  throw new ImageSpecError('USAGE', `${asked.length} images are asked for, but ${what} is that of one`, {
    hint: `Choose one with --image ${asked[0]!.label}, or leave it out.`,
  });
}

/** As with a fixed `tag_format`. Equal specs of several folders are one image where their names are. */
function refuseOneName({ names }: Call, imageName: string, task: ImageTask): void {
  const other = names.get(imageName);
  names.set(imageName, task);
  if (!other || JSON.stringify(other.loaded.spec) === JSON.stringify(task.loaded.spec)) return;
  const both = `${other.label} and ${task.label}`;
  throw new ImageSpecError('USAGE', `${both} are different images, but both would be ${imageName}`, {
    hint: 'Give one of them another `name`, or another `tag_format`.',
  });
}

async function createJob(ctx: Context, call: Call, task: ImageTask, base: Transport | undefined): Promise<Job> {
  const { loaded } = task;
  const { pool, made, writesLock } = call;
  const platforms = platformsOf(task, call.tasks, call.options.platforms);
  const options = { ...(task.isAsked ? call.options : optionsOfBase(call.options, loaded)), platforms };
  const services = { ...call.services, downloads: createMeter() };
  const imageName = await loaded.spec.imageName(loaded);
  refuseOneName(call, imageName, task);
  const request = createRequest(loaded.spec, imageName, options, services.environment.workingDirectory);
  const debs = createDebShelf(services, options.offline ?? false, pool);
  let opened: Promise<BuildSecrets> | undefined;
  const secrets = (): Promise<BuildSecrets> => (opened ??= openSecrets(ctx, { loaded, services }));
  const pythons = createPythonShelf(services, options.offline ?? false, pool);
  return { loaded, request, options, services, pool, made, writesLock, debs, pythons, secrets, base };
}

/** What others stand on is pushed beside them where it has a registry, and kept on this machine where it has none. */
function optionsOfBase(
  { push, outputs: _outputs, tags: _tags, ...options }: BuildOptions,
  { spec }: LoadedSpec,
): BuildOptions {
  return { ...options, push: push && Boolean(spec.registry) };
}
