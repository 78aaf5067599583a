// pam-auth-update(8): the files of /etc/pam.d that all services include, put together from the profiles of packages.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Program } from '../shell/program.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import { CONFIG_FOLDER, findChanges, MARKS, STATE_FOLDER } from './pam-changes.ts';
import type { OptionChanges, PamChanges } from './pam-changes.ts';
import {
  blockOf,
  compareProfiles,
  PAM_TYPES,
  parseModuleLine,
  profileLines,
  readProfiles,
  withoutJumps,
} from './pam-profiles.ts';
import type { Block, PamType, Profile } from './pam-profiles.ts';
import { linesOf, removeIfThere, textOf } from './paths.ts';

const PRISTINE_FOLDER = '/usr/share/pam';
/** Of a stack without modules. */
const PERMIT = '[default=1]\t\t\tpam_permit.so';

/** Nobody is asked: all that is enabled stays so, new profiles get their default. */
export const pamAuthUpdate: Program = (call) => {
  const given = parseArguments(call.argv, { flags: ['--package', '--force'], values: ['--root'] });
  if (given.values.get('--root') || given.rest.length > 0) refuseOption(call.argv, call.argv.slice(1).join(' '));
  const { tree } = call;
  const isForced = given.flags.has('--force');
  const profiles = readProfiles(tree);
  const changes = findChanges(tree);
  if (!changes && !isForced) throw new NotInterpretable(`${CONFIG_FOLDER}/common-* were changed by hand`);
  const enabled = enabledOf(tree, profiles, changes);
  writeNew(tree, `${STATE_FOLDER}/seen`, profiles.map(({ name }) => `${name}\n`).join(''));
  for (const type of PAM_TYPES) {
    const target = `${CONFIG_FOLDER}/common-${type}`;
    const text = fillTemplate(templateOf(tree, target, type), enabled, type, changes?.options.get(type));
    if (isForced && tree.get(target)) tree.write(`${target}.pam-old`, tree.read(target));
    writeNew(tree, target, text);
    writeNew(tree, `${STATE_FOLDER}/${type}`, stateOf(enabled, type));
  }
  return 0;
};

function enabledOf(tree: WritableTree, profiles: readonly Profile[], changes: PamChanges | undefined): Profile[] {
  const before = profiles.filter(({ name }) => changes?.profiles.includes(name));
  const seen = before.length > 0 ? linesOf(textOf(tree, `${STATE_FOLDER}/seen`) ?? '') : [];
  const added = profiles.filter(({ name, fields }) => fields.get('Default') === 'yes' && !seen.includes(name));
  const enabled = [...new Set([...before, ...added])].sort(compareProfiles);
  if (enabled.length === 0) throw new NotInterpretable('no PAM profile is enabled');
  for (const { name, fields } of enabled) {
    const conflicts = (fields.get('Conflicts') ?? '').split(', ');
    const other = enabled.find((one) => conflicts.includes(one.name));
    if (other) throw new NotInterpretable(`the PAM profiles ${name} and ${other.name} exclude each other`);
  }
  return enabled;
}

/** What is there, where nothing but its blocks was changed: an older text around them is replaced by rules of its own. */
function templateOf(tree: WritableTree, target: string, type: PamType): string {
  const pristine = tree.readText(`${PRISTINE_FOLDER}/common-${type}`);
  const current = textOf(tree, target);
  if (current !== undefined && frameOf(current) !== frameOf(pristine))
    throw new NotInterpretable(`${target} was changed by hand, or is of another version`);
  return pristine;
}

const frameOf = (text: string): string => replaceBlocks(text, () => []);

/** Throws `NotInterpretable` where a mark is missing. */
function replaceBlocks(text: string, linesFor: (block: Block) => readonly string[]): string {
  const order = [MARKS.primary, MARKS.fallback, MARKS.additional, MARKS.end];
  const lines: string[] = [];
  let state = 0;
  for (const line of linesOf(text)) {
    const isMark = order[state]?.test(line) === true;
    if (state % 2 === 0 || isMark) lines.push(line);
    if (!isMark) continue;
    if (state % 2 === 0) lines.push(...linesFor(state === 0 ? 'Primary' : 'Additional'));
    state += 1;
  }
  if (state < order.length) throw new NotInterpretable('a file of PAM lacks the marks of pam-auth-update');
  return lines.map((line) => `${line}\n`).join('');
}

function fillTemplate(
  template: string,
  enabled: readonly Profile[],
  type: PamType,
  changes: OptionChanges | undefined,
): string {
  const kind = type.replace('-noninteractive', '');
  return replaceBlocks(template, (block) => {
    const lines = enabled
      .filter((profile) => blockOf(profile, type) === block)
      .flatMap((profile, at) => profileLines(profile, type, at === 0));
    if (block === 'Primary' && lines.length === 0) return [`${kind}\t${PERMIT}`];
    // A jump leads behind the block; from the last line of the second one nothing follows.
    const last = block === 'Primary' ? lines.length : lines.length - 1;
    return lines.map((line, at) => `${kind}\t${mergeLine(line, changes, last - at)}`);
  });
}

function mergeLine(line: string, changes: OptionChanges | undefined, jump: number): string {
  const { module: written, options } = parseModuleLine(line);
  const module = written.replaceAll('end', String(jump));
  const key = withoutJumps(module);
  const added = changes?.added.get(key);
  const removed = changes?.removed.get(key);
  for (const option of options) added?.delete(option);
  const kept = options.filter((option) => !removed?.has(option));
  return `${module} ${[...kept, ...[...(added ?? [])].sort()].join(' ')}`;
}

function stateOf(enabled: readonly Profile[], type: PamType): string {
  const entries = (other: Block): string[] =>
    enabled
      .filter((profile) => blockOf(profile, type) !== '' && blockOf(profile, type) !== other)
      .flatMap((profile, at) => {
        const lines = profileLines(profile, type, at === 0);
        return lines.length > 0 ? [`Module: ${profile.name}\n${lines.join('\n')}\n`] : [];
      });
  const hasPrimary = enabled.some((profile) => !['', 'Additional'].includes(blockOf(profile, type)));
  const primary = hasPrimary ? entries('Additional') : [`Module: null\n${PERMIT}\n`];
  return [...primary, ...entries('Primary')].join('');
}

/** Made beside the old one and renamed. */
function writeNew(tree: WritableTree, path: string, text: string): void {
  removeIfThere(tree, path);
  tree.write(path, text);
}
