// Which wheels fit the target: compatibility tags (PEP 425, 600, 656, 803) in the order in which packaging prefers them.
import type { Interpreter } from './interpreter.ts';
import { isVersion } from './version.ts';

export interface WheelFilename {
  /** As written. */
  readonly name: string;
  readonly version: string;
  /** `1` or `1_local`; breaks ties. */
  readonly build: string | undefined;
  /** `cp312-cp312-manylinux_2_17_x86_64`; compressed sets are spread. */
  readonly tags: readonly string[];
}

/** File systems allow no more, and spreading the tags of a longer name could take memory. */
const FILENAME_LIMIT = 255;

const PARTS =
  /^(?<name>[A-Za-z0-9][\w.]*)-(?<version>[^-]+)(?:-(?<build>\d[\w.]*))?-(?<python>[\w.]+)-(?<abi>[\w.]+)-(?<platform>[\w.]+)\.whl$/;

/** The parts of a wheel's name (binary distribution format, "File name convention"), or undefined when it is not one. */
export function parseWheelFilename(filename: string): WheelFilename | undefined {
  const parts = filename.length > FILENAME_LIMIT ? undefined : PARTS.exec(filename)?.groups;
  if (!parts) return undefined;
  const { name = '', version = '', build, python = '', abi = '', platform = '' } = parts;
  if (!isVersion(version)) return undefined;
  const tags = spread(python).flatMap((py) =>
    spread(abi).flatMap((a) => spread(platform).map((p) => `${py}-${a}-${p}`)),
  );
  return { name, version, build, tags };
}

/** The last part of a URL's path, decoded; the empty string when there is none. */
export function filenameOfUrl(url: string): string {
  try {
    return decodeURIComponent(URL.parse(url)?.pathname.split('/').at(-1) ?? '');
  } catch {
    // `%` that encodes nothing: no file name that we could use.
    return '';
  }
}

const spread = (set: string): string[] => set.toLowerCase().split('.');

/** All tags that the interpreter accepts, best first. */
export function compatibleTags(interpreter: Interpreter): readonly string[] {
  const minor = Number(interpreter.version.split('.')[1]);
  const platforms = platformTags(interpreter);
  const on = (tag: string): string[] => platforms.map((platform) => `${tag}-${platform}`);
  const current = `cp3${minor}`;
  const abi = interpreter.freeThreaded ? `${current}t` : current;
  const stable = interpreter.freeThreaded ? 'abi3t' : 'abi3';
  // The stable ABI began with 3.2 (PEP 384).
  const older = descending(minor - 1, 2).map((version) => `cp3${version}-${stable}`);
  const pure = [`py3${minor}`, 'py3', ...descending(minor - 1, 0).map((version) => `py3${version}`)];
  return [
    ...[`${current}-${abi}`, `${current}-${stable}`, `${current}-none`, ...older].flatMap(on),
    ...pure.flatMap((version) => on(`${version}-none`)),
    `${current}-none-any`,
    ...pure.map((version) => `${version}-none-any`),
  ];
}

/** Machines that have manylinux tags (PEP 600, as packaging reads it). */
const MANYLINUX = new Set(['x86_64', 'i686', 'aarch64', 'armv7l', 'ppc64le', 's390x', 'riscv64', 'loongarch64']);
/** Names from before PEP 600, by the minor version of glibc that they stand for. */
const LEGACY: Readonly<Record<number, string>> = { 17: 'manylinux2014', 12: 'manylinux2010', 5: 'manylinux1' };

function platformTags({ machine, libc }: Interpreter): string[] {
  const native = `linux_${machine}`;
  if (libc.kind === 'musl') {
    return [native, ...descending(libc.minor, 0).map((minor) => `musllinux_${libc.major}_${minor}_${machine}`)];
  }
  if (!MANYLINUX.has(machine)) return [native];
  const oldest = machine === 'x86_64' || machine === 'i686' ? 5 : 17;
  const ladder = descending(libc.minor, oldest).flatMap((minor) => {
    const legacy = LEGACY[minor];
    return [`manylinux_2_${minor}_${machine}`, ...(legacy ? [`${legacy}_${machine}`] : [])];
  });
  return [native, ...ladder];
}

function descending(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => from - i);
}

/**
 * The wheel that fits best: by its best tag, then by the higher build. Undefined when none fits.
 * @param tags of `compatibleTags`
 */
export function bestWheel<T extends { readonly filename: string }>(
  wheels: readonly T[],
  tags: readonly string[],
): T | undefined {
  const ranks = new Map(tags.map((tag, rank) => [tag, rank]));
  const fitting = wheels.flatMap((wheel) => {
    const parsed = parseWheelFilename(wheel.filename);
    const rank = Math.min(...(parsed?.tags ?? []).map((tag) => ranks.get(tag) ?? Infinity));
    return parsed && rank < Infinity ? [{ wheel, rank, build: parsed.build }] : [];
  });
  return fitting.sort((a, b) => a.rank - b.rank || compareBuilds(b.build, a.build))[0]?.wheel;
}

/** Number first, then the rest as text; none is lowest. */
function compareBuilds(a: string | undefined, b: string | undefined): number {
  const [numberA, restA] = splitBuild(a);
  const [numberB, restB] = splitBuild(b);
  if (numberA !== numberB) return numberA - numberB;
  return restA === restB ? 0 : restA < restB ? -1 : 1;
}

function splitBuild(build: string | undefined): [number, string] {
  const [, digits, rest = ''] = /^(\d+)(.*)$/.exec(build ?? '') ?? [];
  return [digits === undefined ? -1 : Number(digits), rest];
}
