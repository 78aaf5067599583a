// deb-systemd-helper(1p) of init-system-helpers: enables units by links, and remembers which links it made.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import { isExecutable, isFile, linesOf, linkTarget, removeIfThere, textOf } from './paths.ts';
import { findUnit, unitLinks } from './unit-links.ts';
import type { Instance } from './unit-links.ts';

interface Session {
  readonly tree: WritableTree;
  readonly instance: Instance;
  /** Folder that holds the state of enabled and of masked units. */
  readonly enabled: string;
  readonly masked: string;
}

type Action = (session: Session, name: string, unit: string) => boolean | void;

const ACTIONS: Readonly<Record<string, Action>> = {
  'was-enabled': (session, name) =>
    recordedLinks(session, name).every((link) => linkTarget(session.tree, link) !== undefined),
  'debian-installed': (session, name) => isFile(session.tree, stateFile(session, name)),
  'update-state': updateState,
  enable,
  unmask,
  mask,
  disable: (session, _name, unit) => disable(session, unit, false),
  purge: (session, _name, unit) => disable(session, unit, true),
};

export const debSystemdHelper: Program = (call: Call) => {
  const given = parseArguments(call.argv, { flags: ['--quiet', '--user', '--system'] });
  const [name = '', ...units] = given.rest;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) return refuseOption(call.argv, name);
  if (!call.env.get('DPKG_MAINTSCRIPT_PACKAGE')) {
    call.stderr(`${call.argv[0]} was not called from dpkg. Exiting.\n`);
    return 1;
  }
  const instance = given.flags.has('--user') ? 'user' : 'system';
  const state = `/var/lib/systemd/deb-systemd-${instance === 'user' ? 'user-' : ''}helper`;
  const session: Session = { tree: call.tree, instance, enabled: `${state}-enabled`, masked: `${state}-masked` };
  const answers = units.map((unit) => action(session, unit, findUnit(call.tree, unit, instance)));
  const isQuestion = name === 'was-enabled' || name === 'debian-installed';
  if (name === 'was-enabled' && !given.flags.has('--quiet'))
    for (const answer of answers) call.stderr(answer ? 'enabled\n' : 'disabled\n');
  return isQuestion && !answers.some(Boolean) ? 1 : 0;
};

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const stateFile = ({ enabled }: Session, name: string): string => `${enabled}/${baseName(name)}.dsh-also`;

const recordedLinks = (session: Session, name: string): string[] =>
  linesOf(textOf(session.tree, stateFile(session, name)) ?? '');

/** Replaces the file: the real one writes a new one, 0644, and renames it. */
function writeState(session: Session, name: string, links: readonly string[]): void {
  const path = stateFile(session, name);
  session.tree.makeDirectories(folderOf(path));
  removeIfThere(session.tree, path);
  session.tree.write(path, links.map((link) => `${link}\n`).join(''));
}

function updateState(session: Session, name: string, unit: string): void {
  writeState(
    session,
    name,
    unitLinks(session.tree, unit, session.instance).map(({ path }) => path),
  );
}

function enable(session: Session, name: string, unit: string): void {
  const { tree, instance, enabled } = session;
  if (isExecutable(tree, '/bin/systemctl') || isExecutable(tree, '/usr/bin/systemctl'))
    throw new NotInterpretable(`${name} is to be enabled by systemd's presets`);
  for (const { target, path } of unitLinks(tree, unit, instance)) {
    const recorded = recordedLinks(session, name);
    writeState(session, name, recorded.includes(path) ? recorded : [...recorded, path]);
    const marker = path.replace(`/etc/systemd/${instance}/`, `${enabled}/`);
    if (tree.get(marker)) continue;
    if (linkTarget(tree, path) === undefined) {
      tree.makeDirectories(folderOf(path));
      tree.symlink(path, target);
    }
    tree.makeDirectories(folderOf(marker));
    tree.write(marker, '');
  }
}

function disable(session: Session, unit: string, isPurge: boolean): void {
  const { tree, instance, enabled } = session;
  const recorded = recordedLinks(session, unit);
  const also = (textOf(tree, unit) ?? '').split('\n').some((line) => /^\s*Also=/i.test(line));
  if (also) throw new NotInterpretable(`${unit} names further units that are to be disabled`);
  if (isPurge) removeIfThere(tree, stateFile(session, unit));
  for (const path of recorded) {
    const isLink = linkTarget(tree, path) !== undefined;
    if (isPurge || isLink) removeIfThere(tree, path.replace(`/etc/systemd/${instance}/`, `${enabled}/`));
    if (isLink) tree.remove(path);
  }
  for (const kind of ['', 'user-']) removeEmptyFolders(tree, `/var/lib/systemd/deb-systemd-${kind}helper-enabled`);
  for (const one of ['system', 'user']) {
    const folder = `/etc/systemd/${one}`;
    for (const child of tree.get(folder) ? tree.list(folder) : []) removeEmptyFolders(tree, `${folder}/${child}`);
  }
}

function mask({ tree, instance, masked }: Session, _name: string, unit: string): void {
  const path = `/etc/systemd/${instance}/${baseName(unit)}`;
  // `-e` follows: a link to /dev/null counts as existing.
  if (tree.get(path) || linkTarget(tree, path) === '/dev/null') return;
  tree.makeDirectories(folderOf(path));
  removeIfThere(tree, path);
  tree.symlink(path, '/dev/null');
  tree.makeDirectories(masked);
  tree.write(`${masked}/${baseName(unit)}`, '');
}

function unmask({ tree, instance, masked }: Session, _name: string, unit: string): void {
  const path = `/etc/systemd/${instance}/${baseName(unit)}`;
  const marker = `${masked}/${baseName(unit)}`;
  if (linkTarget(tree, path) === '/dev/null' && tree.get(marker)) {
    tree.remove(path);
    tree.remove(marker);
  }
  for (const kind of ['', 'user-']) removeEmptyFolders(tree, `/var/lib/systemd/deb-systemd-${kind}helper-masked`);
}

/** Folders that are empty, or hold nothing but such ones. */
function removeEmptyFolders(tree: WritableTree, path: string): void {
  if (tree.get(path, false)?.type !== 'directory') return;
  // The shell's `*` leaves hidden ones out.
  for (const name of tree.list(path)) if (!name.startsWith('.')) removeEmptyFolders(tree, `${path}/${name}`);
  if (tree.list(path).length === 0) tree.remove(path);
}
