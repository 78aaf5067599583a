// The kinds of values that a spec is made of, as zod schemas whose messages are findings.
import { z } from 'zod';
import type { Finding, Rule } from './finding.ts';
import { kindOf, printFinding } from './finding.ts';
import {
  aptLineRule,
  environmentNameRule,
  environmentValueRule,
  filledRule,
  packageHintRule,
  platformRule,
  pythonVersionRule,
  secretTargetRule,
  secretVariableRule,
  snapshotRule,
} from './rules.ts';

/** A value of the wrong type, and where it stands. */
interface Misfit {
  readonly input?: unknown;
  readonly path?: PropertyKey[] | undefined;
}

/** A check that reports what the rule finds. */
export function keeps<T>(rule: Rule<T>) {
  return (value: T, ctx: z.RefinementCtx): void => {
    const finding = rule(value);
    if (finding) ctx.addIssue({ code: 'custom', message: printFinding(finding) });
  };
}

/** The error of a schema as a finding. */
function says(find: (misfit: Misfit) => Finding) {
  return { error: (misfit: Misfit): string => printFinding(find(misfit)) };
}

const isScalar = (value: unknown): boolean => ['number', 'boolean', 'bigint'].includes(typeof value);
const inQuotes = (value: unknown): string | undefined =>
  isScalar(value) ? `Write it in quotes: "${String(value)}".` : undefined;

const notText = ({ input }: Misfit): Finding => ({
  what: `must be text, not ${kindOf(input)}`,
  todo: inQuotes(input) ?? 'Write one piece of text.',
});

/** Text that is not empty and keeps a rule. */
export function text(rule: Rule<string> = filledRule, misfit = notText) {
  return z.string(says(misfit)).superRefine(keeps<string>((value) => filledRule(value) ?? rule(value)));
}

/** In flytekit's words. */
const LIST = 'must be a list of strings or None';

const notList = ({ input }: Misfit): Finding => ({
  what: LIST,
  todo:
    typeof input === 'string' && /\.(?:txt|in|lock|toml)$/.test(input)
      ? 'The path of a requirements file goes under `requirements`.'
      : 'Write [one, two], or one item per line with "- " in front.',
});

const notItem = ({ input, path }: Misfit): Finding => ({
  what: `is ${kindOf(input)}, but \`${String(path?.[0])}\` ${LIST}`,
  todo: inQuotes(input) ?? 'Write the item as one piece of text; quotes help where it holds ": " or " #".',
});

/** A list of texts, each of which keeps a rule. */
export function texts(rule: Rule<string> = filledRule) {
  return z.array(z.string(says(notItem)).superRefine(keeps(rule)), says(notList));
}

/** Overlay filesystems mount 127 layers at most, and others need theirs. */
const GROUPS_MAX = 32;

/** A list of lists of names, none of which is twice there. */
export function groups() {
  const error = says(() => ({
    what: `must be a list of lists of names, ${GROUPS_MAX} at most`,
    todo: 'Write [[torch, nvidia-*], [numpy]].',
  }));
  const name = z.string(error).superRefine(keeps(packageHintRule));
  return z
    .array(z.array(name, error).min(1, error), error)
    .max(GROUPS_MAX, error)
    .superRefine(
      keeps((all) => {
        const names = all.flat();
        const twice = names.find((one, index) => names.indexOf(one) !== index);
        return twice === undefined
          ? undefined
          : { what: `names "${twice}" twice`, todo: 'A package lies in one layer.' };
      }),
    );
}

/** A list of pairs: a file of the host and its place in the image. */
export function secretMounts() {
  const error = says(() => ({
    what: 'must be a list of tuples of two strings or None',
    todo: 'Write [[SOURCE, DESTINATION]].',
  }));
  const source = z.string(error).superRefine(keeps(filledRule));
  const target = z.string(error).superRefine(keeps(secretTargetRule));
  return z.array(z.tuple([source, target], error), error).superRefine((mounts, ctx) =>
    keeps(oncePlaced)(
      mounts.map(([, path]) => path),
      ctx,
    ),
  );
}

const oncePlaced: Rule<readonly string[]> = (targets) => {
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice === undefined) return undefined;
  return { what: `has two secrets for ${twice}`, todo: 'Give one of them another target.' };
};

/** Secrets of the commands: a file of the host or a variable of the caller each. */
export function secrets() {
  const misfit = ({ input }: Misfit): Finding => ({
    what: `is ${kindOf(input)}, but a secret is a mapping of file or env, and target`,
    todo: 'Write {file: PATH} or {env: NAME}, with target: PATH where needed.',
  });
  const one = z
    .strictObject(
      {
        file: text().optional(),
        env: text(secretVariableRule).optional(),
        target: text(secretTargetRule).optional(),
      },
      // Of the mapping alone: unknown keys are told as everywhere.
      { error: (issue) => (issue.code === 'invalid_type' ? printFinding(misfit(issue)) : undefined) },
    )
    .superRefine(keeps(({ file, env }) => ((file === undefined) === (env === undefined) ? ONE_ORIGIN : undefined)));
  return z.array(one, says(notList)).superRefine((all, ctx) =>
    keeps(oncePlaced)(
      all.flatMap((secret) => secretTarget(secret) ?? []),
      ctx,
    ),
  );
}

const ONE_ORIGIN: Finding = {
  what: 'must have either file or env',
  todo: 'Write {file: PATH} or {env: NAME}, with target: PATH where needed.',
};

/** Where a secret is a file in the image; undefined for one that is a variable. */
export function secretTarget({
  file,
  target,
}: {
  readonly file?: string | undefined;
  readonly target?: string | undefined;
}): string | undefined {
  return target ?? (file === undefined ? undefined : `/run/secrets/${file.slice(file.lastIndexOf('/') + 1)}`);
}

/** Anything by name. */
export function mapping() {
  const misfit = ({ input }: Misfit): Finding => ({
    what: `must be a mapping, not ${kindOf(input)}`,
    todo: 'Write one KEY: VALUE per line.',
  });
  return z.record(z.string(), z.unknown(), says(misfit));
}

const notVariables = ({ input }: Misfit): Finding => ({
  what: `must be a mapping of names to text, not ${kindOf(input)}`,
  todo: 'Write one NAME: value per line, without a dash in front.',
});

const notVariable = ({ input }: Misfit): Finding =>
  kindOf(input) === 'empty'
    ? { what: 'has no value', todo: 'Write "" for an empty one.' }
    : { what: `must be text, not ${kindOf(input)}`, todo: 'Write the value in quotes.' };

/** Environment variables as a Map, which keeps names like "2" in their place. Whole numbers, true and false become text. */
export function variables() {
  const value = z
    .union([z.string(), z.int(), z.boolean()], says(notVariable))
    .transform(String)
    .superRefine(keeps(environmentValueRule));
  return z.map(z.string().superRefine(keeps(environmentNameRule)), value, says(notVariables));
}

/** Text by name. Whole numbers, true and false become text. */
export function notes(nameRule: Rule<string> = filledRule) {
  const value = z.union([z.string(), z.int(), z.boolean()], says(notVariable)).transform(String);
  const namesKeep: Rule<Readonly<Record<string, string>>> = (all) =>
    Object.keys(all)
      .map(nameRule)
      .find((finding) => finding !== undefined);
  return z.record(z.string(), value, says(notVariables)).superRefine(keeps(namesKeep));
}

const notPlatforms = ({ input }: Misfit): Finding => ({
  what: `must be text or a list of strings, not ${kindOf(input)}`,
  todo: 'Write for example "linux/amd64,linux/arm64".',
});

/** Platforms as a list or separated by commas; the result is the text that enters flytekit's tag. */
export function platforms() {
  return z
    .union([z.string(), z.array(z.string())], says(notPlatforms))
    .superRefine((value, ctx) => {
      const names = [value].flat().flatMap((part) => part.split(','));
      for (const name of names.length === 0 ? [''] : names) keeps(platformRule)(name, ctx);
    })
    .transform((value) => [value].flat().join(','));
}

export function pythonVersion() {
  return text(pythonVersionRule, (misfit) =>
    typeof misfit.input === 'number'
      ? {
          what: 'must be in quotes: without them 3.10 is read as the number 3.1',
          todo: 'Write it as "3.12", with the quotes.',
        }
      : notText(misfit),
  );
}

export function requirementsFile() {
  return text(filledRule, (misfit) =>
    Array.isArray(misfit.input)
      ? { what: 'must be the path of one file, not a list', todo: 'List packages under `packages`.' }
      : notText(misfit),
  );
}

/** Package sources: lines of sources.list(5), or mappings with the fields of a `.sources` file. */
export function aptSources() {
  const misfit = ({ input }: Misfit): Finding => ({
    what: `is ${kindOf(input)}, but a source is text or a mapping of uris, suites, components, signed_by, snapshot and trusted`,
    todo: 'Write "deb URI SUITE COMPONENT…", or a mapping.',
  });
  const line = z.string().superRefine(keeps(aptLineRule));
  const source = z.strictObject({
    uris: texts(),
    suites: texts(),
    components: texts().optional(),
    signed_by: text().optional(),
    snapshot: text(snapshotRule).optional(),
    trusted: z.boolean().optional(),
  });
  return z.array(z.union([line, source], says(misfit)), says(notList));
}
