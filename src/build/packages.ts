// The packages of one platform: lock → wheels → environment and package layers, or their records when the inputs are known.
import { z } from 'zod';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import { mapLimited } from '../core/limit.ts';
import type { Entry } from '../filesystem/entry.ts';
import { createTree } from '../filesystem/stage.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import { INSTALL_FORMAT } from '../python/install-format.ts';
import type { Interpreter } from '../python/interpreter.ts';
import type { Lock, LockedWheel } from '../python/lock.ts';
import { ENVIRONMENT_ROOT, venvEntries, venvLayout } from '../python/venv.ts';
import type { LocalCache } from '../store/cache.ts';
import type { BaseReader } from './base.ts';
import type { ImageUser } from './user.ts';
import type { LayerHints } from './group.ts';
import { groupPackages } from './group.ts';
import { entriesOfPart, layerKey } from './layer-key.ts';
import type { LayerKind, OutlinedLayer, WantedLayer } from './make-layers.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

const partSchema = z.array(
  z.object({ kind: z.enum(['environment', 'packages']), content: z.string(), key: digest, size: z.number() }),
);

export interface PackagesInput {
  readonly reader: BaseReader;
  readonly interpreter: Interpreter;
  readonly lock: Lock;
  /** Whether packages of the interpreter itself are seen in the environment. */
  readonly seesSystem: boolean;
  readonly cache: LocalCache;
  /** Host paths of the wheels by digest; called only when some layer is not known. */
  readonly wheels: () => Promise<ReadonlyMap<Digest, string>>;
  readonly ignoreKnown: boolean;
  readonly hints: LayerHints;
  /** To whom the environment belongs: who runs the image may install into it. */
  readonly owner: Owner;
  /** Called when wheels must be opened, so that layers will have to be packed. */
  readonly onStage?: (() => void) | undefined;
}

export type Owner = Pick<ImageUser, 'uid' | 'gid'>;

const SKELETON = 'environment';
/** The disk answers at once: more wheels at a time would only hold more of their directories in memory. */
const WHEELS_AT_ONCE = 4;

/**
 * The layers that hold the environment. Which layers there are, and under which keys, is itself kept by the digest of base and
 * lock, so that a known environment is recognised without opening a wheel.
 */
export async function packageLayers(ctx: Context, input: PackagesInput): Promise<WantedLayer[]> {
  const staged = once(() => stage(ctx, input));
  const parts = (await knownParts(input)) ?? (await keepParts(input, await staged()));
  return parts.map((part) => ({
    ...part,
    entries: async () => entriesOfPart(part.key, await staged()),
  }));
}

/** The same layers as far as they are known before a wheel is fetched or opened: without keys when they were never made here. */
export async function outlinePackages(input: PackagesInput): Promise<OutlinedLayer[]> {
  const known = await knownParts(input);
  if (known) return known;
  const members = input.lock.wheels.map(({ name, version, size = 0 }) => ({ name, version, size }));
  const groups = groupPackages(members, input.hints).map(({ content, members: group }): OutlinedLayer => {
    return { kind: 'packages', content, size: group.reduce((sum, { size }) => sum + size, 0) };
  });
  return [{ kind: 'environment', content: environmentTitle(input.interpreter), size: 0 }, ...groups];
}

function environmentKey({ reader, interpreter, lock, hints, owner, seesSystem }: PackagesInput): Digest {
  return keyOf({
    ...(seesSystem && { seesSystem }),
    formats: [LAYER_FORMAT, INSTALL_FORMAT],
    base: reader.base.key,
    root: ENVIRONMENT_ROOT,
    owner: { uid: owner.uid, gid: owner.gid },
    interpreter: { ...interpreter, libc: { ...interpreter.libc } },
    wheels: lock.wheels.map(installKey),
    ...(hints.length > 0 && { hints }),
  });
}

type KnownPart = Omit<Part, 'entries'>;

async function knownParts(input: PackagesInput): Promise<KnownPart[] | undefined> {
  const known = input.ignoreKnown ? undefined : await input.cache.readRecord('environment', environmentKey(input));
  const parsed = known && partSchema.safeParse(JSON.parse(new TextDecoder().decode(known)));
  return parsed?.data;
}

async function keepParts(input: PackagesInput, staged: readonly Part[]): Promise<KnownPart[]> {
  const parts = staged.map(({ entries: _entries, ...part }) => part);
  await input.cache.writeRecord('environment', environmentKey(input), new TextEncoder().encode(JSON.stringify(parts)));
  return parts;
}

function environmentTitle({ version }: Interpreter): string {
  return `Python ${version} environment`;
}

/** Everything about a wheel that decides the bytes it installs. */
function installKey(wheel: LockedWheel) {
  return { digest: wheel.digest, requested: wheel.requested, directUrl: wheel.directUrl?.url };
}

/** Entries of the environment, given to its owner; what lies elsewhere stays as it is. */
export function ownedBy({ uid, gid }: Owner, entries: readonly Entry[]): readonly Entry[] {
  const root = ENVIRONMENT_ROOT.slice(1);
  const isInside = ({ path, type }: Entry): boolean =>
    type !== 'whiteout' && (path === root || path.startsWith(`${root}/`));
  return entries.map((entry) => (isInside(entry) ? { ...entry, uid, gid } : entry));
}

interface Part {
  readonly kind: LayerKind & ('environment' | 'packages');
  readonly content: string;
  readonly key: Digest;
  readonly size: number;
  readonly entries: readonly Entry[];
}

/** Opens all wheels, lays their files over the base (which finds conflicts) and cuts the result into layers. */
async function stage(ctx: Context, input: PackagesInput): Promise<Part[]> {
  const { reader, interpreter, lock, owner, seesSystem } = input;
  const [{ installWheel }, { replacedFiles }, { readWheel }] = await Promise.all([
    import('../python/install.ts'),
    import('../python/replaced.ts'),
    import('../python/wheel.ts'),
  ]);
  const [facts, files] = await Promise.all([reader.facts(ctx), input.wheels()]);
  input.onStage?.();
  const layout = venvLayout(interpreter, ENVIRONMENT_ROOT);
  const tree = createTree(facts);
  tree.add(venvEntries(layout, interpreter, seesSystem), SKELETON);
  const members = await mapLimited(ctx, lock.wheels, WHEELS_AT_ONCE, async (locked) => {
    const file = files.get(locked.digest);
    if (!file) throw new Error(`wheel ${locked.filename} was not fetched`);
    const wheel = await readWheel(ctx, file, locked.filename);
    const { requested, directUrl } = locked;
    const entries = await installWheel(wheel, { venv: layout, requested, directUrl });
    return { locked, entries, name: locked.name, version: locked.version, size: wheel.size };
  });
  for (const { locked, entries } of members) tree.add(entries, locked.name);
  for (const [name, whiteouts] of replacedFiles(facts, layout, members)) tree.add(whiteouts, name);
  const own = (names: readonly string[]): readonly Entry[] => ownedBy(owner, tree.layerEntries(names));
  const skeleton = own([SKELETON]);
  const first: Part = {
    kind: 'environment',
    content: environmentTitle(interpreter),
    key: layerKey(skeleton, {
      format: INSTALL_FORMAT,
      interpreter: interpreter.path,
      version: interpreter.version,
      ...(seesSystem && { seesSystem }),
    }),
    size: 0,
    entries: skeleton,
  };
  const rest = groupPackages(members, input.hints).map(({ content, members: group }): Part => {
    const entries = own(group.map((member) => member.name));
    const wheels = group.map((member) => installKey(member.locked));
    const key = layerKey(entries, { format: INSTALL_FORMAT, root: layout.root, wheels });
    const size = group.reduce((sum, member) => sum + member.size, 0);
    return { kind: 'packages', content, key, size, entries };
  });
  return [first, ...rest];
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
