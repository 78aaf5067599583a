// One platform of an image: base → packages, user and files → layers → image.
import type { Image, Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import { createTree } from '../filesystem/stage.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import type { ImageSpec } from '../spec/spec.ts';
import { secretTarget } from '../spec/value-kinds.ts';
import { lockOf } from '../python/lock.ts';
import { lacking } from '../python/replaced.ts';
import { ENVIRONMENT_ROOT } from '../python/venv.ts';
import type { LocalCache } from '../store/cache.ts';
import type { Identity } from './assemble.ts';
import { assembleImage, imageAnnotations } from './assemble.ts';
import type { UserFiles } from './files.ts';
import { FILES_ROOT, fileLayers } from './files.ts';
import type { CommandsInput } from './commands.ts';
import { commandsLayer, outlineCommands } from './commands.ts';
import type { BytecodeInput } from './bytecode.ts';
import { bytecodeLayer, outlineBytecode } from './bytecode.ts';
import type { LayerTools, MadeLayer, OutlinedLayer, WantedLayer } from './make-layers.ts';
import { makeLayers } from './make-layers.ts';
import type { PackagesInput } from './packages.ts';
import { outlinePackages, packageLayers } from './packages.ts';
import type { Inputs } from './inputs.ts';
import type { Job } from './job.ts';
import { epochOf } from './job.ts';
import type { PreparedPlatform } from './prepare.ts';
import type { RunSettings } from './run-config.ts';
import { RUNTIME_PACKAGES, runtimeVariables } from './runtime-packages.ts';
import type { RunTools } from './run-over.ts';
import { runConfig } from './run-config.ts';
import { userEntries } from './user.ts';
import type { WheelShelf } from './wheels.ts';

export interface PlatformInput {
  readonly spec: ImageSpec;
  /** flytekit's id of the spec, for `_F_IMG_ID`. */
  readonly specId: string;
  readonly platform: PreparedPlatform;
  readonly userFiles: UserFiles;
  readonly cache: LocalCache;
  readonly shelf: WheelShelf;
  readonly ignoreKnown: boolean;
  readonly runs: RunTools;
  /** Seconds since the epoch, for `created` and generated files. */
  readonly epoch: number;
}

export function platformInput(
  job: Job,
  inputs: Inputs,
  platform: PreparedPlatform,
  shelf: WheelShelf,
  runs: RunTools,
): PlatformInput {
  return {
    spec: job.loaded.spec,
    specId: job.request.specId,
    platform,
    userFiles: inputs.userFiles,
    cache: job.services.cache,
    shelf,
    ignoreKnown: job.options.cache === false,
    runs,
    epoch: epochOf(job),
  };
}

/** The layers this platform needs above its base, lowest first, slow-changing before fast-changing: those of packages, and those of files. */
async function wantedLayers(ctx: Context, input: PlatformInput, onStage: () => void) {
  const environment = packagesInput(ctx, input);
  const [debian, packages, copied] = await Promise.all([
    input.platform.debian?.layers(ctx, onStage) ?? [],
    environment ? packageLayers(ctx, { ...environment, onStage }) : [],
    copiedLayers(ctx, input),
  ]);
  const { brought } = input.platform;
  const interpreter = brought ? [brought.layer(ctx)] : [];
  return { packages: [...debian, ...interpreter, ...userLayers(ctx, input), ...packages], copied };
}

/** The same with what programs of the image will add, but nothing is fetched or run for it. */
export async function outlinedLayers(ctx: Context, input: PlatformInput): Promise<OutlinedLayer[]> {
  const environment = packagesInput(ctx, input);
  const [debian, packages, copied] = await Promise.all([
    input.platform.debian?.outline(ctx) ?? [],
    environment ? outlinePackages(environment) : [],
    copiedLayers(ctx, input),
  ]);
  const { brought } = input.platform;
  const installed = [...debian, ...(brought ? [brought.outline] : []), ...userLayers(ctx, input), ...packages];
  const bytecode = bytecodeInput(input);
  const below = [...installed, ...(bytecode ? [outlineBytecode(bytecode, installed)] : []), ...copied];
  return input.spec.commands?.length ? [...below, outlineCommands(commandsInput(input), below)] : below;
}

function bytecodeInput({ spec, platform, epoch }: PlatformInput): BytecodeInput | undefined {
  const { reader, details } = platform;
  return spec.compile && details.interpreter
    ? { base: reader.base, interpreter: details.interpreter, owner: details.user, epoch }
    : undefined;
}

/** The environment of the image but for what no command asks for, and would make every layer of them another one. */
function commandsInput(input: PlatformInput): CommandsInput {
  const { spec, platform, epoch } = input;
  const { base } = platform.reader;
  const { Env = [] } = runConfig(base.image?.config.config, runSettings(input));
  const env = Env.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  return {
    name: spec.name,
    commands: spec.commands ?? [],
    env: env.filter(([name]) => name !== IMAGE_ID && name !== RUNTIME_PACKAGES),
    secrets: (spec.secrets ?? []).map((secret) => secretTarget(secret) ?? `$${secret.env}`),
    base,
    epoch,
  };
}

const IMAGE_ID = '_F_IMG_ID';

function runSettings({ spec, specId, platform: { lock, details } }: PlatformInput): RunSettings {
  return {
    programs: lock ? `${ENVIRONMENT_ROOT}/bin` : undefined,
    env: [
      ['PYTHONPATH', FILES_ROOT],
      ...runtimeVariables(spec.runtimePackages),
      ...(spec.env ?? []),
      [IMAGE_ID, specId],
    ],
    user: details.user.name,
    workingDirectory: spec.workdir ?? FILES_ROOT,
    entrypoint: spec.entrypoint,
    cmd: spec.cmd,
    labels: spec.labels,
  };
}

function packagesInput(
  ctx: Context,
  { cache, ignoreKnown, shelf, platform, spec }: PlatformInput,
): PackagesInput | undefined {
  const { reader, details, lock: whole } = platform;
  const { interpreter, installed } = details;
  const lock = whole && lockOf(lacking(whole.wheels, installed));
  const wheels = (): Promise<ReadonlyMap<Digest, string>> => shelf.fetch(ctx, lock?.wheels ?? []);
  const hints = spec.layers ?? [];
  const seesSystem = spec.pythonExec !== undefined;
  return lock && interpreter
    ? { reader, interpreter, lock, seesSystem, cache, wheels, ignoreKnown, hints, owner: details.user }
    : undefined;
}

function copiedLayers(
  ctx: Context,
  { userFiles: files, epoch, platform, spec }: PlatformInput,
): Promise<WantedLayer[]> {
  const { reader, details } = platform;
  const { sourceRoot: root, copy: copies = [] } = spec;
  return fileLayers(ctx, { files, reader, user: details.user, root, copies, epoch });
}

/** None for root, to whom /root belongs already. */
function userLayers(ctx: Context, { platform, epoch }: PlatformInput): WantedLayer[] {
  const { reader, details } = platform;
  const { user } = details;
  if (user.uid === 0) return [];
  const entries = async (): Promise<readonly Entry[]> => {
    const facts = await reader.facts(ctx);
    const tree = createTree(facts);
    tree.add(userEntries(facts, user.name, epoch).entries, 'user');
    return tree.layerEntries(['user']);
  };
  const key = keyOf({ format: LAYER_FORMAT, kind: 'user', user: user.name, base: reader.base.key, epoch });
  return [{ kind: 'user', content: `user ${user.name}`, key, size: 0, entries }];
}

export interface PlatformImage {
  readonly image: Image;
  readonly layers: readonly MadeLayer[];
}

export async function buildPlatform(
  ctx: Context,
  input: PlatformInput,
  tools: LayerTools,
  baseLayers: readonly Layer[],
  identity: Identity,
): Promise<PlatformImage> {
  const { spec, epoch } = input;
  const { reader } = input.platform;
  const wanted = await wantedLayers(ctx, input, tools.packer.prepare);
  const made = await makeLayers(ctx, [...wanted.packages, ...wanted.copied], tools);
  const installed = made.slice(0, wanted.packages.length);
  const copied = made.slice(wanted.packages.length);
  const over = (below: readonly MadeLayer[]): Layer[] => [...baseLayers, ...below.map(({ layer }) => layer)];
  const bytecode = bytecodeInput(input);
  const compiled = bytecode
    ? await makeLayers(ctx, [bytecodeLayer(ctx, bytecode, wanted.packages, over(installed), input.runs)], tools)
    : [];
  const below = [...installed, ...compiled, ...copied];
  const outlines = below.map(({ kind, content, key }) => ({ kind, content, key, size: 0 }));
  const commanded = spec.commands?.length
    ? await makeLayers(ctx, [commandsLayer(ctx, commandsInput(input), outlines, over(below), input.runs)], tools)
    : [];
  const layers = [...below, ...commanded];
  const image = assembleImage({
    base: reader.base,
    platform: reader.base.platform,
    baseLayers,
    layers,
    run: runSettings(input),
    created: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
    annotations: imageAnnotations(reader.base, identity, spec.annotations),
  });
  return { image, layers };
}
