// One image: spec → bases, locks and files → layers → images → index → copy → names. Layers are sent while others are packed.
import type { Sender } from '../content/copy.ts';
import { createSender } from '../content/copy.ts';
import type { Context } from '../core/context.ts';
import { together } from '../core/context.ts';
import { createPacker } from '../layer/packer.ts';
import { registryStore } from '../registry/store.ts';
import { assembleRoot, imageAnnotations } from './assemble.ts';
import { resolveRoot } from './bases.ts';
import type { RunTools } from './run-over.ts';
import { runTools, requireRuns } from './run-tools.ts';
import type { Existing } from './existing.ts';
import { differences, findExisting } from './existing.ts';
import { createFlights } from './flights.ts';
import { unusedHints } from './group.ts';
import { existingResult, imageResult } from './image-result.ts';
import type { Inputs } from './inputs.ts';
import { readInputs, strictKey } from './inputs.ts';
import type { Job } from './job.ts';
import { contentFinder, epochOf } from './job.ts';
import { writeLockFile } from './lock-file.ts';
import { rememberPush } from './memo.ts';
import type { PlatformImage } from './platform-build.ts';
import { buildPlatform, platformInput } from './platform-build.ts';
import type { Preparation } from './prepare.ts';
import { prepare } from './prepare.ts';
import type { ImageResult } from './result.ts';
import { requireUncopied } from './secrets.ts';
import { openTarget } from './services.ts';
import { createShelf, indexOpener } from './wheels.ts';

/** The image where it would be pushed; undefined where it is not there, or nothing is pushed. */
export async function existing(ctx: Context, { request, services }: Job): Promise<Existing | undefined> {
  if (!request.pushed) return undefined;
  return findExisting(ctx, registryStore(request.pushed, services), request.tag);
}

/** @param argv the command line, remembered for the fast path */
export async function buildImage(ctx: Context, job: Job, argv: readonly string[]): Promise<ImageResult> {
  const { request, options } = job;
  const onlyPush = request.pushed !== undefined && request.outputs.length === 1;
  const found = onlyPush && !options.force && !job.loaded.spec.forced ? await existing(ctx, job) : undefined;
  const inputs = await readInputs(ctx, job.loaded, epochOf(job));
  if (found) return leave(ctx, job, found, inputs, argv);
  await requireUncopied(await job.secrets(), Object.values(inputs.userFiles).flat());
  await requireRuns(job);
  return job.services.cache.scratch(async (scratch) => {
    const runs = runTools(ctx, job, inputs, scratch);
    const prepared = await prepare(ctx, job, inputs, 'build', runs);
    const result = await make(ctx, job, inputs, prepared, runs);
    await rememberPush(job, { argv, inputs, bases: prepared.bases, result });
    return result;
  });
}

async function keepLock({ services, loaded, writesLock }: Job, { locks }: Preparation): Promise<void> {
  if (locks.file === undefined || !locks.changed) return;
  const { file, content } = locks;
  const options = { key: loaded.key, temporaryName: services.environment.uniqueName() };
  await writesLock(() => writeLockFile(file, content, options));
}

/** The image is there already: nothing is made, but what has changed since is said. */
async function leave(
  ctx: Context,
  job: Job,
  found: Existing,
  inputs: Inputs,
  argv: readonly string[],
): Promise<ImageResult> {
  const bases = await resolveRoot(ctx, job);
  const warnings = differences(found, job.request.platforms, inputs.digest, bases.rootDigest);
  const key = strictKey(inputs.digest, bases.rootDigest, found.lock ?? inputs.digest);
  const result = existingResult(job.request, found, key, warnings);
  if (warnings.length === 0) await rememberPush(job, { argv, inputs, bases, result });
  return result;
}

/** From this many bytes of packages on, threads gain more than their start costs. */
const WORKERS_FROM_BYTES = 60e6;
function startsThreads({ options }: Job, { platforms }: Preparation): boolean {
  if (options.workers !== undefined) return true;
  const wheels = platforms.flatMap(({ lock }) => lock?.wheels ?? []).reduce((sum, { size }) => sum + (size ?? 0), 0);
  const bytes = wheels + platforms.reduce((sum, { debian }) => sum + (debian?.size ?? 0), 0);
  // The calling thread sends what they pack, and packs what is small.
  return bytes >= WORKERS_FROM_BYTES;
}

async function make(
  ctx: Context,
  job: Job,
  inputs: Inputs,
  prepared: Preparation,
  runs: RunTools,
): Promise<ImageResult> {
  const { request, services, options } = job;
  const { scratch } = runs;
  const targets = await Promise.all(request.outputs.map(({ transport }) => openTarget(transport, services, scratch)));
  let senders: Sender[] = [];
  const flights = createFlights(ctx, (inner) => (senders = targets.map((target) => createSender(inner, target))));
  const packer = createPacker(flights.ctx, { pool: job.pool, startsThreads: startsThreads(job, prepared) });
  const identity = {
    strictKey: strictKey(inputs.digest, prepared.bases.rootDigest, prepared.locks.digest),
    lock: prepared.locks.digest,
  };
  const wheels = prepared.platforms.flatMap(({ lock }) => lock?.wheels ?? []);
  const shelf = createShelf(indexOpener(job, inputs), wheels, services, options.offline ?? false, contentFinder(job));
  const { cache } = services;
  const ignoreKnown = options.cache === false;
  const tools = {
    cache,
    packer,
    ignoreKnown,
    find: shelf.find,
    digests: [shelf.digests, job.debs.digests, job.pythons.digests],
    once: runs.once,
    onReady: flights.send,
  };
  const work = together(
    flights.ctx,
    prepared.platforms.map((platform) => (inner): Promise<PlatformImage> => {
      const { image } = platform.reader.base;
      const baseLayers = (image?.layers ?? []).map((layer) => ({ ...layer, title: 'base image' }));
      baseLayers.forEach(flights.send);
      const input = platformInput(job, inputs, platform, shelf, runs);
      return buildPlatform(inner, input, tools, baseLayers, identity);
    }),
  );
  const platforms = await flights.land(work);
  const images = platforms.map(({ image }) => image);
  // When all packages have turned out to be sound, and before any name tells of them.
  await keepLock(job, prepared);
  const root = assembleRoot(
    images,
    imageAnnotations(prepared.platforms[0]!.reader.base, identity, job.loaded.spec.annotations),
  );
  const reports = await Promise.all(
    senders.map(async (sender, i) => {
      const report = await sender.finish(root, request.outputs[i]!.tags);
      await targets[i]!.close?.(ctx);
      return report;
    }),
  );
  const downloaded = services.downloads.total();
  const warnings = warningsOf(job, prepared);
  return imageResult({ request, root, platforms, reports, strictKey: identity.strictKey, downloaded, warnings });
}

function warningsOf({ loaded }: Job, { platforms }: Preparation): string[] {
  const hints = loaded.spec.layers ?? [];
  const names = platforms.flatMap(({ lock }) => (lock?.wheels ?? []).map(({ name }) => name));
  return [
    ...platforms.flatMap(({ name, debian, warnings }) =>
      [...(debian?.warnings() ?? []), ...warnings].map((text) => `${name}: ${text}`),
    ),
    ...unusedHints(names, hints).map((hint) => `\`layers\` names "${hint}", which is no package of this image`),
  ];
}
