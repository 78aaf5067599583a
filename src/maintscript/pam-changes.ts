// What an administrator changed in the managed blocks of /etc/pam.d/common-*, as pam-auth-update(8) finds it and keeps it.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { PAM_TYPES, parseModuleLine, withoutEnds, withoutJumps, wordsOf } from './pam-profiles.ts';
import type { PamType } from './pam-profiles.ts';
import { linesOf, textOf } from './paths.ts';

export const MARKS = {
  primary: /^# here are the per-package modules \(the "Primary" block\)/,
  fallback: /^# here's the fallback if no module succeeds/,
  additional: /^# and here are more per-package modules \(the "Additional" block\)/,
  end: /^# end of pam-auth-update config/,
} as const;

export const CONFIG_FOLDER = '/etc/pam.d';
export const STATE_FOLDER = '/var/lib/pam';

/** Options by control and module, without the lengths of jumps. */
export interface OptionChanges {
  readonly added: ReadonlyMap<string, Set<string>>;
  readonly removed: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface PamChanges {
  /** Profiles that are in use, some of them several times. */
  readonly profiles: readonly string[];
  readonly options: ReadonlyMap<PamType, OptionChanges>;
}

/** Undefined when there is no state, or when more than options was changed. */
export function findChanges(tree: WritableTree): PamChanges | undefined {
  const profiles: string[] = [];
  const options = new Map<PamType, OptionChanges>();
  for (const type of PAM_TYPES) {
    const saved = textOf(tree, `${STATE_FOLDER}/${type}`);
    const current = textOf(tree, `${CONFIG_FOLDER}/common-${type}`);
    const lines = current === undefined ? undefined : managedLines(current, type.replace('-noninteractive', ''));
    const changes = saved === undefined || !lines ? undefined : compareLines(parseSaved(saved), lines, profiles);
    if (!changes) return undefined;
    options.set(type, changes);
  }
  return { profiles, options };
}

interface SavedLine {
  readonly profile: string;
  readonly line: string;
}

function parseSaved(text: string): SavedLine[] {
  let profile = '';
  return linesOf(text).flatMap((line) => {
    const [, name] = /^Module: (.*)/.exec(line) ?? [];
    if (name === undefined) return [{ profile, line: withoutEnds(withoutJumps(line)) }];
    profile = name;
    return [];
  });
}

/** Lines of both blocks without their type; undefined where a mark is missing. */
function managedLines(text: string, type: string): string[] | undefined {
  const order = [MARKS.primary, MARKS.fallback, MARKS.additional, MARKS.end];
  const found: string[] = [];
  let state = 0;
  for (const line of linesOf(text)) {
    if (state === order.length) break;
    if (order[state]!.test(line)) state += 1;
    else if (state % 2 === 1) found.push(line.replace(new RegExp(`^${type}\\s+`), ''));
  }
  return state < order.length - 1 ? undefined : found;
}

/** Both are in one order; lines of the state that are not there any more are passed over. */
function compareLines(
  saved: readonly SavedLine[],
  lines: readonly string[],
  profiles: string[],
): OptionChanges | undefined {
  const added = new Map<string, Set<string>>();
  const removed = new Map<string, Set<string>>();
  const left = [...saved];
  for (const line of lines.map(withoutJumps)) {
    for (;;) {
      const next = left.shift();
      if (!next) return undefined;
      const { module, options } = parseModuleLine(next.line);
      if (!line.startsWith(module)) continue;
      profiles.push(next.profile);
      const now = wordsOf(line.slice(module.length));
      note(
        added,
        module,
        now.filter((option) => !options.includes(option)),
      );
      note(
        removed,
        module,
        options.filter((option) => !now.includes(option)),
      );
      break;
    }
  }
  return { added, removed };
}

function note(changes: Map<string, Set<string>>, module: string, options: readonly string[]): void {
  if (options.length > 0) changes.set(module, new Set([...(changes.get(module) ?? []), ...options]));
}
