// update-rc.d(8) and invoke-rc.d(8) of init-system-helpers, as they work where no init runs and neither insserv nor openrc is there.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import { isExecutable, linesOf, textOf } from './paths.ts';

/** `/etc/rc?.d`. */
const LEVELS = ['0', '1', '2', '3', '4', '5', '6', 'S'];
const OTHER_INITS = ['/usr/lib/insserv/insserv', '/sbin/insserv', '/sbin/openrc'];
/** invoke-rc.d: the policy forbids it. */
const FORBIDDEN = 101;

export const updateRc: Program = (call) => {
  const { rest } = parseArguments(call.argv, { flags: ['-f'] });
  const [name = '', action = ''] = rest;
  const { tree } = call;
  const other = OTHER_INITS.find((path) => isExecutable(tree, path));
  if (other !== undefined) throw new NotInterpretable(`update-rc.d would call ${other}`);
  if (name === '' || rest.length !== 2) refuseOption(call.argv, rest.join(' '));
  if (action === 'remove') {
    for (const link of linksOf(tree, name)) tree.remove(link);
    return 0;
  }
  if (action === 'defaults') return makeLinks(call, name, 'S');
  if (action === 'defaults-disabled') return makeLinks(call, name, 'K');
  return refuseOption(call.argv, action);
};

/** `/etc/rc?.d/[SK][0-9][0-9]NAME`. */
function linksOf(tree: WritableTree, name: string): string[] {
  return LEVELS.map((level) => `/etc/rc${level}.d`)
    .filter((folder) => tree.get(folder))
    .flatMap((folder) =>
      tree
        .list(folder)
        .filter((link) => /^[SK]\d\d/.test(link) && link.slice(3) === name)
        .map((link) => `${folder}/${link}`),
    );
}

function makeLinks(call: Call, name: string, start: 'S' | 'K'): number {
  const { tree } = call;
  if (linksOf(tree, name).length > 0) return 0;
  const script = textOf(tree, `/etc/init.d/${name}`);
  if (script === undefined) {
    call.stderr(`update-rc.d: error: unable to read /etc/init.d/${name}\n`);
    return 1;
  }
  const { starts, stops } = levelsOf(script);
  for (const [levels, kind] of [[starts, start] as const, [stops, 'K'] as const]) {
    for (const level of levels) {
      tree.makeDirectories(`/etc/rc${level}.d`);
      const path = `/etc/rc${level}.d/${kind}01${name}`;
      if (!tree.get(path, false)) tree.symlink(path, `../init.d/${name}`);
    }
  }
  return 0;
}

/** The LSB header of an init script. */
function levelsOf(script: string): { readonly starts: readonly string[]; readonly stops: readonly string[] } {
  const lines = linesOf(script);
  const first = lines.findIndex((line) => /^### BEGIN INIT INFO\s*$/.test(line));
  const last = lines.findIndex((line, at) => at > first && /^### END INIT INFO\s*$/.test(line));
  const header = first < 0 ? [] : lines.slice(first + 1, last < 0 ? lines.length : last);
  const levels = (field: string): string[] => {
    const values = header.flatMap((line) =>
      line.startsWith(`# ${field}:`) ? [line.slice(field.length + 3).trim()] : [],
    );
    return (values.at(-1) ?? '').split(/\s+/).filter((level) => level !== '');
  };
  return { starts: levels('Default-Start'), stops: levels('Default-Stop') };
}

/** Nothing is started: without init every action is forbidden, and told so only to those that ask. */
export const invokeRc: Program = (call) => {
  const asks = call.argv.includes('--disclose-deny') || call.argv.includes('--query');
  if (call.argv.includes('--force')) refuseOption(call.argv, '--force');
  call.stderr('invoke-rc.d: WARNING: No init system and policy-rc.d missing! Defaulting to block.\n');
  return asks ? FORBIDDEN : 0;
};
