// A base with Debian packages on top: what the rest of a build sees as its base, and the layers that make it so.
import { z } from 'zod';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import { DEB_FORMAT } from '../deb/deb-format.ts';
import type { LockedDeb } from '../deb/locked-deb.ts';
import type { OpenedDeb } from '../deb/opened-deb.ts';
import type { Deferred } from '../dpkg/deferral.ts';
import type { Entry } from '../filesystem/entry.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { decodeFacts, encodeFacts } from '../filesystem/facts-record.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import type { LocalCache } from '../store/cache.ts';
import type { Base } from './base.ts';
import { captureForBuild } from './base.ts';
import type { Configured, Unfinished } from './debian-configure.ts';
import { groupPackages } from './group.ts';
import { entriesOfPart, layerKey } from './layer-key.ts';
import type { OutlinedLayer, WantedLayer } from './make-layers.ts';

/** Raised whenever equal packages would be installed in another way: it is part of every key. */
const CONFIGURE_FORMAT = 5;

export interface DebianInput {
  readonly base: Base;
  /** As dpkg names it. */
  readonly architecture: string;
  readonly packages: readonly LockedDeb[];
  readonly leavesUnpacked: boolean;
  /** Facts of the base itself, with what packages need of it. */
  readonly facts: (ctx: Context) => Promise<BaseFacts>;
  /** Throws `CONFIGURE_UNSUPPORTED` where the image's own dpkg cannot do what is left. */
  readonly requireDpkg: (facts: BaseFacts, deferred: Deferred) => Promise<void>;
  /** Has it do that; undefined where nothing may be run. Throws what `configureInSandbox` throws. */
  readonly configure: ((ctx: Context, unfinished: Unfinished) => Promise<Configured>) | undefined;
  /** Opens all packages, in their order. */
  readonly open: (ctx: Context) => Promise<readonly OpenedDeb[]>;
  readonly cache: LocalCache;
  /** Seconds since the epoch: the time of what scripts make. */
  readonly epoch: number;
  readonly ignoreKnown: boolean;
}

export interface DebianBase {
  /** Bytes of all packages. */
  readonly size: number;
  /** The base under a key that stands for the packages too. */
  readonly base: Base;
  readonly facts: (ctx: Context) => Promise<BaseFacts>;
  readonly layers: (ctx: Context, onStage: () => void) => Promise<readonly WantedLayer[]>;
  /** The layers as far as they are known before a package is opened. */
  readonly outline: (ctx: Context) => Promise<readonly OutlinedLayer[]>;
  /** What people should know about the packages; after staging. */
  readonly warnings: () => readonly string[];
  /** Whether the facts are those of the finished tree: not so where the image's dpkg would have to run and may not. */
  readonly isWhole: () => boolean;
}

interface Part extends OutlinedLayer {
  readonly kind: 'debian';
  readonly key: Digest;
  readonly entries: readonly Entry[];
}

interface Stage {
  readonly parts: readonly Part[];
  readonly facts: BaseFacts;
  readonly warnings: readonly string[];
  /** What is still to be done; nothing of it is kept then. */
  readonly left: OutlinedLayer | undefined;
}

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const recordSchema = z.object({
  parts: z.array(z.object({ kind: z.literal('debian'), content: z.string(), key: digest, size: z.number() })),
  warnings: z.array(z.string()),
});
type Known = z.output<typeof recordSchema>;

export function withDebianPackages(input: DebianInput): DebianBase {
  const { base, cache, ignoreKnown } = input;
  const key = stageKey(input);
  let staging: Promise<Stage> | undefined;
  let said: readonly string[] = [];
  let left: Stage | undefined;
  const stageOnce = (ctx: Context): Promise<Stage> =>
    (staging ??= stage(ctx, input, key).then((staged) => (left = staged.left && staged) ?? staged));
  const known = async (): Promise<Known | undefined> => {
    const bytes = ignoreKnown ? undefined : await cache.readRecord('debian', key);
    const parsed = bytes && recordSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    said = parsed?.data?.warnings ?? said;
    return parsed?.data;
  };
  const facts = async (ctx: Context): Promise<BaseFacts> => {
    const bytes = staging || ignoreKnown ? undefined : await cache.readRecord('facts', key);
    return (bytes && decodeFacts(bytes)) ?? (await stageOnce(ctx)).facts;
  };
  const stageNow = async (ctx: Context, onStage: () => void): Promise<readonly Part[]> => {
    onStage();
    const staged = await stageOnce(ctx);
    said = staged.warnings;
    return staged.parts;
  };
  const layers = async (ctx: Context, onStage: () => void): Promise<readonly WantedLayer[]> => {
    const found = (await known())?.parts ?? (await stageNow(ctx, onStage));
    if (left?.left) throw unfinished(left.left);
    return found.map((part) => ({
      ...part,
      entries: async () => entriesOfPart(part.key, (await stageOnce(ctx)).parts),
    }));
  };
  const outline = async (): Promise<readonly OutlinedLayer[]> =>
    left?.left ? [...left.parts, left.left] : ((await known())?.parts ?? guess(input));
  const size = input.packages.reduce((sum, one) => sum + one.size, 0);
  return {
    size,
    base: { ...base, key },
    facts,
    layers,
    outline,
    warnings: () => said,
    isWhole: () => left === undefined,
  };
}

/** Layers that lack something are given to nobody. */
function unfinished({ content }: OutlinedLayer): ImageSpecError {
  return new ImageSpecError('CONFIGURE_UNSUPPORTED', `A plan runs nothing, and would have to: ${content}`, {
    hint: 'Build once without --plan: what was configured is remembered.',
  });
}

function stageKey({ base, architecture, packages, leavesUnpacked, epoch }: DebianInput): Digest {
  return keyOf({
    formats: [LAYER_FORMAT, DEB_FORMAT, CONFIGURE_FORMAT],
    base: base.key,
    architecture,
    packages: packages.map(({ digest: one, requested }) => ({ digest: one, requested })),
    leavesUnpacked,
    epoch,
  });
}

/** Groups as they will be, from the sizes of the packages. */
function guess({ packages, leavesUnpacked }: DebianInput): OutlinedLayer[] {
  const groups = groupPackages(packages).map(({ content, members }): OutlinedLayer => {
    return { kind: 'debian', content, size: members.reduce((sum, { size }) => sum + size, 0) };
  });
  const content = leavesUnpacked ? DATABASE_TITLE : `${DATABASE_TITLE}${MAY_RUN}`;
  return [...groups, { kind: 'debian', content, size: 0 }];
}

const DATABASE_TITLE = 'Debian package database and configuration';
/** Their scripts are not known yet. */
const MAY_RUN = ' (by dpkg in the sandbox, where a script needs it)';

/** Installs all packages over the base and cuts the result into layers; keeps what is asked for again. */
async function stage(ctx: Context, input: DebianInput, key: Digest): Promise<Stage> {
  const { parts, warnings, facts, unfinished } = await install(ctx, input, key);
  if (!unfinished) return keep(input, key, { parts, facts, warnings });
  await input.requireDpkg(facts, unfinished.deferred);
  const content = `configured in the sandbox: ${unfinished.deferred.packages.join(', ')}`;
  const layer = { kind: 'debian', content, size: 0 } as const;
  if (!input.configure) return { parts, facts, warnings, left: layer };
  const done = await input.configure(ctx, unfinished);
  const last: Part = { ...layer, key: keyOf({ key, content }), entries: done.entries };
  const all = [...parts, last].filter((part) => part.entries.length > 0);
  return keep(input, key, { parts: all, facts: done.facts, warnings });
}

async function install(ctx: Context, input: DebianInput, key: Digest) {
  const { packages, base, architecture, leavesUnpacked, epoch } = input;
  const [facts, debs] = await Promise.all([input.facts(ctx), input.open(ctx)]);
  return step(ctx, { step: 'install', subject: `${packages.length} Debian packages`, unit: 'items' }, async () => {
    const { installOver } = await import('../dpkg/install-over.ts');
    const wanted = debs.map((deb, i) => ({ deb, requested: packages[i]!.requested }));
    const installed = installOver(facts, wanted, {
      architecture,
      otherwise: leavesUnpacked ? 'leave' : 'defer',
      epoch,
      base: base.name,
      capture: await captureForBuild(),
    });
    const { tree, byPackage, rest, deferred, warnings } = installed;
    const parts = cut(input, tree, byPackage, rest, key);
    const lockedOf = (deb: OpenedDeb): LockedDeb => packages[debs.indexOf(deb)]!;
    const unfinished = deferred && { deferred, facts: installed.facts, layers: parts.map(wantedLayer), lockedOf };
    return { parts, warnings, facts: installed.facts, unfinished };
  });
}

const wantedLayer = (part: Part): WantedLayer => ({ ...part, entries: () => Promise.resolve(part.entries) });

/** Only what is finished is remembered. */
async function keep(
  { cache }: DebianInput,
  key: Digest,
  { parts, facts, warnings }: Omit<Stage, 'left'>,
): Promise<Stage> {
  const outlined = parts.map(({ entries: _entries, ...part }) => part);
  await cache.writeRecord('debian', key, new TextEncoder().encode(JSON.stringify({ parts: outlined, warnings })));
  await cache.writeRecord('facts', key, encodeFacts(facts));
  return { parts, facts, warnings, left: undefined };
}

function cut(
  { packages }: DebianInput,
  tree: { readonly layerEntries: (origins: readonly string[]) => readonly Entry[] },
  origins: readonly string[],
  rest: string,
  key: Digest,
): Part[] {
  const members = packages.map((one, i) => ({ ...one, origin: origins[i]! }));
  const groups = groupPackages(members).map(({ content, members: group }): Part => {
    const entries = tree.layerEntries(group.map(({ origin }) => origin));
    const debs = group.map((member) => member.digest);
    const size = group.reduce((sum, member) => sum + member.size, 0);
    return { kind: 'debian', content, key: layerKey(entries, { debs, format: DEB_FORMAT }), size, entries };
  });
  const entries = tree.layerEntries([rest]);
  const last: Part = { kind: 'debian', content: DATABASE_TITLE, key: layerKey(entries, { key }), size: 0, entries };
  return [...groups, last].filter((part) => part.entries.length > 0);
}
