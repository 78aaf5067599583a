// update-alternatives(1) as dpkg 1.21 and 1.22 have it, without its log file.
import { FileError } from '../filesystem/writable-tree.ts';
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call } from '../shell/program.ts';
import { currentFile, installLinks, linksDiffer, removeLink } from './alternative-links.ts';
import { refuseOption } from './arguments.ts';
import { displayAlternatives } from './display-alternatives.ts';
import { bestChoice, groupNames, readGroup, removeGroup, writeGroup } from './link-group.ts';
import type { Choice, LinkGroup } from './link-group.ts';

/** Options of the real program that change nothing here. */
const QUIET = new Set(['--quiet', '--verbose', '--skip-auto', '--force']);

interface Session {
  readonly tree: WritableTree;
  readonly say: (text: string) => void;
  readonly warn: (text: string) => void;
}

/** Status 2 as the real one's for errors. */
export function updateAlternatives(call: Call): number {
  const words = call.argv.slice(1);
  let isQuiet = false;
  while (QUIET.has(words[0] ?? '')) {
    if (words[0] === '--force') refuseOption(call.argv, '--force');
    isQuiet ||= words.shift() === '--quiet';
  }
  const told = (text: string): string => `update-alternatives: ${text}\n`;
  const session: Session = {
    tree: call.tree,
    say: (text) => (isQuiet ? undefined : call.stdout(told(text))),
    warn: (text) => (isQuiet ? undefined : call.stderr(told(`warning: ${text}`))),
  };
  try {
    return carryOut(call, session, words);
  } catch (error) {
    if (!(error instanceof FileError) || error.code !== 'ENOENT') throw error;
    // It fails and leaves half of its links as `.dpkg-tmp`.
    throw new NotInterpretable(`update-alternatives cannot make ${error.path}: its folder does not exist`);
  }
}

function carryOut(call: Call, session: Session, words: string[]): number {
  const action = words.shift() ?? '';
  const [name = '', path = ''] = words;
  if (action === '--install') return install(call, session, words);
  if (
    !/^--(set|remove|remove-all|auto|query|list|display)$/.test(action) ||
    words.some((word) => word.startsWith('--'))
  )
    refuseOption(call.argv, [action, ...words].join(' '));
  const group = readGroup(session.tree, name);
  if (!group) {
    if (action !== '--remove') call.stderr(`update-alternatives: error: no alternatives for ${name}\n`);
    return action === '--remove' ? 0 : 2;
  }
  if (action === '--list') return list(call, group);
  if (action === '--query') return query(call, session.tree, group);
  if (action === '--display') {
    call.stdout(displayAlternatives(session.tree, group));
    return 0;
  }
  if (action === '--remove-all') return removeAll(session, group);
  if (action === '--remove') return remove(session, group, path);
  if (action === '--auto')
    return finish(session, { ...group, mode: 'auto' }, bestChoice(group.choices, currentFile(session.tree, group)));
  const choice = group.choices.find((one) => one.path === path);
  if (choice) return finish(session, { ...group, mode: 'manual' }, choice);
  call.stderr(`update-alternatives: error: alternative ${path} for ${name} not registered; not setting\n`);
  return 2;
}

interface Wanted {
  readonly link: string;
  readonly name: string;
  readonly slaves: ReadonlyMap<string, string>;
  readonly choice: Choice;
}

function install(call: Call, session: Session, words: readonly string[]): number {
  const wanted = parseInstall(call, words);
  const { tree } = session;
  const error = (text: string): number => {
    call.stderr(`update-alternatives: error: ${text}\n`);
    return 2;
  };
  if (!tree.get(wanted.choice.path)) return error(`alternative path ${wanted.choice.path} doesn't exist`);
  const before = readGroup(tree, wanted.name);
  checkNames(tree, wanted, before);
  const group: LinkGroup = before ?? {
    name: wanted.name,
    mode: 'auto',
    link: wanted.link,
    slaves: new Map(),
    choices: [],
  };
  const current = currentFile(tree, group);
  const judged = modeOf(session, group, current);
  // The real one warns of a link where no group was, and then makes the group anew: automatic, and without knowing the link.
  const mode = before ? judged : 'auto';
  const { choice } = wanted;
  const isThere = group.choices.some(({ path }) => path === choice.path);
  const choices = isThere
    ? group.choices.map((one) => (one.path === choice.path ? choice : one))
    : [...group.choices, choice];
  const changed = { ...group, mode, choices, slaves: new Map([...group.slaves, ...wanted.slaves]) };
  const chosen = mode === 'auto' ? bestChoice(choices, current) : choices.find(({ path }) => path === current);
  return finish(session, changed, chosen, before === undefined);
}

/** `LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…` */
function parseInstall(call: Call, words: readonly string[]): Wanted {
  const [link = '', name = '', path = '', priority = ''] = words;
  const slaves = new Map<string, string>();
  const files = new Map<string, string>();
  for (let at = 4; at < words.length; at += 4) {
    const [option, slaveLink, slave, file] = words.slice(at, at + 4);
    if (option !== '--slave' || slaveLink === undefined || slave === undefined || file === undefined)
      return refuseOption(call.argv, words.slice(at).join(' '));
    slaves.set(slave, slaveLink);
    files.set(slave, file);
  }
  if (!link.startsWith('/') || !path.startsWith('/') || /[/\s]/.test(name) || !/^-?\d+$/.test(priority))
    refuseOption(call.argv, `--install ${words.join(' ')}`);
  return { link, name, slaves, choice: { path, priority: Number(priority), slaves: files } };
}

/** A generic name that moves, or that another group has, is rare and has many rules. */
function checkNames(tree: WritableTree, wanted: Wanted, before: LinkGroup | undefined): void {
  const moved =
    (before && before.link !== wanted.link) ||
    [...wanted.slaves].some(([name, link]) => (before?.slaves.get(name) ?? link) !== link);
  if (moved) throw new NotInterpretable(`update-alternatives: the links of ${wanted.name} change their place`);
  for (const name of groupNames(tree)) {
    if (name === wanted.name) continue;
    const other = readGroup(tree, name);
    const links = other ? [other.link, ...other.slaves.values()] : [];
    const names = other ? [name, ...other.slaves.keys()] : [];
    const taken =
      names.some((one) => one === wanted.name || wanted.slaves.has(one)) ||
      links.some((one) => one === wanted.link || [...wanted.slaves.values()].includes(one));
    if (taken) throw new NotInterpretable(`update-alternatives: ${wanted.name} and ${name} want the same link`);
  }
}

/** A choice that somebody made by hand makes a group manual; a missing or dangling link makes it automatic. */
function modeOf({ tree, warn }: Session, group: LinkGroup, current: string | undefined): LinkGroup['mode'] {
  if (current === undefined) return 'auto';
  if (group.choices.some(({ path }) => path === current)) return group.mode;
  const link = `/etc/alternatives/${group.name}`;
  if (!tree.get(current)) {
    warn(`${link} is dangling; it will be updated with best choice`);
    return 'auto';
  }
  if (group.mode === 'auto')
    warn(`${link} has been changed (manually or by a script); switching to manual updates only`);
  return 'manual';
}

function remove(session: Session, group: LinkGroup, path: string): number {
  const current = currentFile(session.tree, group);
  const mode = modeOf(session, group, current);
  const choices = group.choices.filter((choice) => choice.path !== path);
  const left = { ...group, mode, choices };
  if (current !== path)
    return finish(
      session,
      left,
      choices.find((choice) => choice.path === current),
    );
  if (mode === 'manual') session.warn(`removing manually selected alternative - switching ${group.name} to auto mode`);
  return finish(session, { ...left, mode: 'auto' }, bestChoice(choices, current));
}

function removeAll(session: Session, group: LinkGroup): number {
  return finish(session, { ...group, choices: [] }, undefined);
}

/** Links first where they change, then the administrative file. */
function finish(session: Session, group: LinkGroup, chosen: Choice | undefined, isNew = false): number {
  const { tree, say, warn } = session;
  if (group.choices.length === 0) {
    for (const [name, link] of [[group.name, group.link] as const, ...group.slaves]) removeLink(tree, name, link, warn);
    removeGroup(tree, group.name);
    return 0;
  }
  if (chosen && (isNew || chosen.path !== currentFile(tree, group))) {
    say(`using ${chosen.path} to provide ${group.link} (${group.name}) in ${group.mode} mode`);
    installLinks(tree, group, chosen, warn);
  } else if (chosen && linksDiffer(tree, group, chosen)) installLinks(tree, group, chosen, warn);
  writeGroup(tree, group);
  return 0;
}

function list(call: Call, group: LinkGroup): number {
  for (const { path } of group.choices) call.stdout(`${path}\n`);
  return 0;
}

function query(call: Call, tree: WritableTree, group: LinkGroup): number {
  const slaveLines = (pairs: Iterable<readonly [string, string]>): string =>
    [...pairs].map(([name, value]) => ` ${name} ${value}\n`).join('');
  const slaves = group.slaves.size > 0 ? `Slaves:\n${slaveLines(group.slaves)}` : '';
  const current = currentFile(tree, group);
  const best = bestChoice(group.choices, current);
  call.stdout(
    `Name: ${group.name}\nLink: ${group.link}\n${slaves}Status: ${group.mode}\n` +
      `${best ? `Best: ${best.path}\n` : ''}Value: ${current ?? 'none'}\n`,
  );
  for (const { path, priority, slaves: files } of group.choices) {
    const lines = group.slaves.size > 0 ? `Slaves:\n${slaveLines(files)}` : '';
    call.stdout(`\nAlternative: ${path}\nPriority: ${priority}\n${lines}`);
  }
  return 0;
}
