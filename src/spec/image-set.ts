// Several images in one file: each under its name in `images`, and each may stand on another by that name.
import { camelCase } from './field-names.ts';
import type { Issue, Origin, Path, SpecFields } from './check.ts';
import { collectIssues, specError } from './check.ts';
import { kindOf } from './finding.ts';
import { isImageSpec } from './mark.ts';
import { nameRule } from './rules.ts';
import { ImageSpec, specOf } from './spec.ts';

/** A spec as its file has it. */
export interface NamedSpec {
  /** Its name under `images`; absent where the file is one spec. */
  readonly key?: string | undefined;
  readonly spec: ImageSpec;
}

/** Whether a file holds several images. */
export function isImageSet(value: unknown): value is { readonly images: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, 'images');
}

/**
 * All images of a file, in its order. Parameters beside `images` hold for each image that does not set them itself.
 * Throws `SPEC_INVALID` or `NOT_SUPPORTED` with every issue of all images at once.
 */
export function readImageSet(value: { readonly images: unknown }, origin: Origin): NamedSpec[] {
  const { images, ...shared } = value;
  const issues: Issue[] = [];
  const defaults = collectIssues(shared, origin, [], issues, false);
  if (defaults.name !== undefined) issues.push({ path: ['name'], ...SHARED_NAME });
  const told = new Set(issues.map(({ path: [field] }) => field));
  const given = mappingOf(images, issues).map(([key, one]) => [key, one, ['images', key]] as const);
  const drafts = new Map<string, ImageSpec | SpecFields>();
  for (const [key, one, path] of given) {
    const finding = nameRule(key);
    if (finding) issues.push({ path, ...finding });
    const own: Issue[] = [];
    const isPlain = typeof one === 'object' && one !== null && !Array.isArray(one) && !isImageSpec(one);
    const fields = collectIssues(isPlain ? { ...shared, ...one } : one, origin, path, own);
    // What is wrong beside `images` is told once, there.
    const isOwn = ({ path: [, , field = ''] }: Issue): boolean =>
      !told.has(field) || Object.hasOwn(one as object, field);
    issues.push(...own.filter(isOwn));
    drafts.set(key, one instanceof ImageSpec ? one : { name: key, ...fields });
  }
  const specs = issues.length > 0 ? [] : joinSpecs(drafts, origin, issues);
  if (issues.length > 0) throw specError(issues, origin);
  return specs;
}

const SHARED_NAME = {
  what: 'beside `images` would be the name of each of them',
  todo: 'Write it into the image that it is meant for; without it, the name under `images` is that of the image.',
};

function mappingOf(images: unknown, issues: Issue[]): [key: string, spec: unknown][] {
  const isMapping = typeof images === 'object' && images !== null && !Array.isArray(images);
  const all = isMapping ? Object.entries(images) : [];
  if (all.length === 0) {
    const what = isMapping ? 'is empty' : `must be a mapping of names to specs, not ${kindOf(images)}`;
    issues.push({ path: ['images'], what, todo: 'Write one NAME: per image, with its parameters below.' });
  }
  return all;
}

/** Names under `base_image` become the specs that they mean. */
function joinSpecs(drafts: ReadonlyMap<string, ImageSpec | SpecFields>, origin: Origin, issues: Issue[]): NamedSpec[] {
  const made = new Map<string, ImageSpec>();
  const make = (key: string, above: readonly string[]): ImageSpec | undefined => {
    const known = made.get(key);
    if (known) return known;
    const draft = drafts.get(key)!;
    const spec = draft instanceof ImageSpec ? draft : join(draft, [...above, key]);
    if (spec) made.set(key, spec);
    return spec;
  };
  const join = (fields: SpecFields, above: readonly string[]): ImageSpec | undefined => {
    const { base_image: base, ...rest } = fields;
    if (typeof base === 'object' && !isImageSpec(base)) {
      const inner = join(base, above);
      return inner && specOf(rest).withBase(inner);
    }
    if (typeof base !== 'string' || !drafts.has(base)) return specOf(fields);
    if (above.includes(base)) {
      issues.push(cycle([...above, base], origin));
      return undefined;
    }
    const found = make(base, above);
    return found && specOf(rest).withBase(found);
  };
  return [...drafts.keys()].flatMap((key) => {
    const spec = make(key, []);
    return spec ? [{ key, spec }] : [];
  });
}

function cycle(keys: readonly string[], { naming }: Origin): Issue {
  const [first = ''] = keys;
  const path: Path = ['images', first, naming === 'camelCase' ? camelCase('base_image') : 'base_image'];
  return {
    path,
    what: `leads back to itself: ${keys.join(' → ')}`,
    todo: 'Give one of them another base; an image of this name in a registry is written with it, as docker.io/library/NAME.',
  };
}
