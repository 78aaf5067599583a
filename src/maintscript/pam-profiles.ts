// What packages say of their PAM modules in /usr/share/pam-configs, and the lines that pam-auth-update(8) makes of it.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import { linesOf } from './paths.ts';

const FOLDER = '/usr/share/pam-configs';
/** A profile that names it is passed over: the module does not exist any more. */
const GONE_MODULE = 'pam_tally';

/** One of the five files; `session-noninteractive` has lines of the type `session`. */
export const PAM_TYPES = ['auth', 'account', 'password', 'session', 'session-noninteractive'] as const;
export type PamType = (typeof PAM_TYPES)[number];
export type Block = 'Primary' | 'Additional';

export interface Profile {
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** Highest priority first, then names from the end of the alphabet. Throws `NotInterpretable` for a priority that is no number. */
export function readProfiles(tree: WritableTree): Profile[] {
  const profiles = tree
    .list(FOLDER)
    .filter((name) => !/~$|^#.+#$/.test(name))
    .map((name) => ({ name, fields: parseProfile(tree.readText(`${FOLDER}/${name}`)) }))
    .filter(({ fields }) => !fields.has('disabled'));
  const odd = profiles.find(({ fields }) => !/^\d+\s*$/.test(fields.get('Priority') ?? ''));
  if (odd) throw new NotInterpretable(`the PAM profile ${odd.name} has no priority`);
  return profiles.sort(compareProfiles);
}

export function compareProfiles(a: Profile, b: Profile): number {
  const priority = ({ fields }: Profile): number => Number(fields.get('Priority'));
  return priority(b) - priority(a) || Buffer.compare(Buffer.from(b.name), Buffer.from(a.name));
}

function parseProfile(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of linesOf(text)) {
    const [, name, value = ''] = /^(\S+):(?:$|\s+(.*)$)/.exec(line) ?? [];
    if (name !== undefined) {
      last = name.replace(/-Final$/, '');
      fields.set(last, value);
      continue;
    }
    const more = line.trim();
    const joined = `${fields.get(last) ?? ''}${more === '' ? '' : `\n${more}`}`.trimStart();
    if (joined.includes(GONE_MODULE)) fields.set('disabled', 'yes');
    fields.set(last, joined);
  }
  if (!fields.has('Session-Interactive-Only')) {
    for (const suffix of ['', '-Type', '-Initial']) {
      const value = fields.get(`Session${suffix}`);
      if (value !== undefined) fields.set(`Session-noninteractive${suffix}`, value);
    }
  }
  return fields;
}

/** The lines of a profile; the first one of its block may have others (`-Initial`). Empty without any. */
export function profileLines({ fields }: Profile, type: PamType, isFirst: boolean): string[] {
  const field = fieldOf(type);
  const text = (isFirst ? fields.get(`${field}-Initial`) : undefined) || fields.get(field) || '';
  return text === '' ? [] : text.split('\n');
}

export const blockOf = ({ fields }: Profile, type: PamType): string => fields.get(`${fieldOf(type)}-Type`) ?? '';

const fieldOf = (type: PamType): string => `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;

/** Control and module of a line, and the module's options. */
export interface ModuleLine {
  readonly module: string;
  readonly options: string[];
}

export function parseModuleLine(line: string): ModuleLine {
  const [, module, options = ''] = /^((?:\[[^\]]+\]|\w+)\s+\S+)\s*(.*)/.exec(line) ?? [];
  if (module === undefined) throw new NotInterpretable(`a line of a PAM profile is of an unknown form: ${line}`);
  return { module, options: wordsOf(options) };
}

export const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** Lengths of jumps do not count when lines are compared. */
export const withoutJumps = (line: string): string => line.replaceAll(/(\[[^0-9]*)[0-9]+(.*\])/g, '$1$2');

export const withoutEnds = (line: string): string => line.replaceAll(/(\[.*)end(.*\])/g, '$1$2');
