// What a platform's Python stands on: its base with the Debian packages, those among them that bring an interpreter where the base has none.
import type { Context } from '../core/context.ts';
import { isImageSpecError } from '../core/error.ts';
import type { DebianLock } from '../deb/locked-deb.ts';
import type { ImageSpec } from '../spec/spec.ts';
import type { AddedDebian } from './add-debian.ts';
import { addDebian } from './add-debian.ts';
import type { Base, BaseDetails, BaseReader } from './base.ts';
import { readBase } from './base.ts';
import type { DebianBase } from './debian-base.ts';
import type { DebianWants, Inputs } from './inputs.ts';
import { debianWantsOf, wantsPython } from './inputs.ts';
import type { Answer } from './locks.ts';
import type { Round } from './prepare.ts';
import { usualUser } from './user.ts';

export interface PreparedBase {
  /** The base as all later steps see it: with the Debian packages. */
  readonly reader: BaseReader;
  readonly details: BaseDetails;
  /** What a plan supposes of a base whose packages were never opened: keys that are made of it mean nothing. */
  readonly isSupposed: boolean;
  readonly debian: DebianBase | undefined;
  readonly answer: Answer<DebianLock> | undefined;
  /** Why Python cannot be that of the base; undefined where it is, or where none is wanted. */
  readonly absence: string | undefined;
  /** Whether sources of packages were asked for a Python. */
  readonly hasAsked: boolean;
}

/** Throws what `addDebian` throws, and `INTERPRETER_MISSING` where `python_exec` names a Python that is not there. */
export async function prepareBase(ctx: Context, name: string, plain: Base, round: Round): Promise<PreparedBase> {
  const { job, inputs, purpose } = round;
  const { spec } = job.loaded;
  const { cache } = job.services;
  const { pythonVersion, pythonExec, user } = spec;
  const wantsDebian = inputs.debian !== undefined;
  const questions = { wantsPython: wantsPython(spec, inputs.wants), wantsDebian, pythonVersion, pythonExec, user };
  // One that the spec names may come with its packages.
  const looksHere = questions.wantsPython && pythonExec === undefined;
  const own = readBase(plain, { ...questions, wantsPython: looksHere }, cache);
  const before = questions.wantsPython ? await own.details(ctx) : undefined;
  const wants = before ? fullWants(before, plain, spec, inputs) : inputs.debian;
  const reader = wantsDebian ? own : readBase(plain, { ...questions, wantsDebian: true }, cache);
  const added = wants && (await addWanted(ctx, { name, wants, reader }, round));
  const debian = added && (wantsDebian || added.answer.lock.packages.length > 0) ? added.base : undefined;
  const over = debian
    ? readBase(debian.base, questions, cache, debian.facts, debian.isWhole)
    : readBase(plain, questions, cache, own.facts);
  const isGuessed = debian !== undefined && purpose === 'plan' && !questions.wantsPython;
  const details = await (isGuessed ? over.knownDetails() : over.details(ctx));
  return {
    reader: over,
    details: details ?? supposed(user),
    // Only now is it known what the packages leave to do.
    isSupposed: !details || debian?.isWhole() === false,
    debian,
    answer: added?.answer,
    absence: before?.absence,
    hasAsked: wants?.python !== undefined,
  };
}

/** Where a plan would have to open packages to know. */
const supposed = (user: string | undefined): BaseDetails => ({
  user: usualUser(user),
  interpreter: undefined,
  absence: undefined,
  installed: [],
  surroundings: { libc: undefined, hasDpkg: true, hasSources: true, hasCertificates: true },
});

/** What the spec asks for of Debian, with what a Python takes that the base lacks. */
function fullWants(
  { interpreter, surroundings }: BaseDetails,
  { image }: Base,
  spec: ImageSpec,
  { debian }: Inputs,
): DebianWants | undefined {
  const { pythonVersion: version, pythonExec, aptSources } = spec;
  const { hasDpkg, hasSources } = surroundings;
  const hasApt = (hasDpkg && hasSources) || ((hasDpkg || !image) && aptSources !== undefined);
  const python = !interpreter && pythonExec === undefined && (debian || hasApt) ? { version } : undefined;
  if (!debian && !python) return undefined;
  const certificates = surroundings.hasCertificates ? undefined : true;
  return { ...(debian ?? debianWantsOf(spec)), python, certificates };
}

async function addWanted(
  ctx: Context,
  asked: { readonly name: string; readonly wants: DebianWants; readonly reader: BaseReader },
  { job, inputs, kept, purpose, runs }: Round,
): Promise<AddedDebian | undefined> {
  try {
    return await addDebian(ctx, { ...asked, job, kept, runs: purpose === 'build' ? runs : undefined });
  } catch (error) {
    // Nobody has asked for Debian packages: another Python is as good.
    if (!inputs.debian && isImageSpecError(error) && error.code === 'APT_SOURCES_MISSING') return undefined;
    throw error;
  }
}
