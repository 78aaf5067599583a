// What the package database keeps of a package that was unpacked: its stanza, its control files, and the list of its paths.
import { printStanza } from '../deb/control.ts';
import type { OpenedDeb } from '../deb/opened-deb.ts';
import type { WritableTree } from '../filesystem/writable-tree.ts';
import type { InstalledPackage } from '../maintscript/dpkg-state.ts';
import type { DpkgDatabase } from './database.ts';
import { readTriggers } from './database.ts';

/** @param paths absolute, of the package's files */
export function recordPackage(
  tree: WritableTree,
  database: DpkgDatabase,
  one: InstalledPackage,
  deb: OpenedDeb,
  paths: readonly string[],
): void {
  database.put(one);
  if (database.kind === 'status.d') {
    const md5sums = deb.members.get('md5sums');
    tree.write(`var/lib/dpkg/status.d/${deb.name}`, printStanza(deb.control));
    tree.write(`var/lib/dpkg/status.d/${deb.name}.md5sums`, md5sums?.bytes ?? madeSums(deb));
    database.setFiles(one, paths);
    return;
  }
  tree.makeDirectories('var/lib/dpkg/info');
  forgetMembers(tree, database.infoPath(one, ''), deb);
  for (const [member, { bytes, mode }] of deb.members) {
    tree.write(database.infoPath(one, member), bytes, { mode: mode & 0o777 });
  }
  if (!deb.members.has('md5sums')) tree.write(database.infoPath(one, 'md5sums'), madeSums(deb));
  database.setFiles(one, paths);
  database.addInterests(one);
  const triggers = textOf(deb, 'triggers') ?? '';
  for (const { isInterest, trigger } of readTriggers(triggers)) if (!isInterest) database.activate(trigger);
}

/** Control files that the older version left and the newer one does not have. */
function forgetMembers(tree: WritableTree, start: string, deb: OpenedDeb): void {
  for (const name of tree.list('var/lib/dpkg/info')) {
    const path = `var/lib/dpkg/info/${name}`;
    const member = path.slice(start.length);
    const isOld = path.startsWith(start) && !member.includes('.') && !deb.members.has(member);
    if (isOld && member !== 'list' && member !== 'md5sums') tree.remove(path);
  }
}

/** A control file, if the package has it. */
export function textOf(deb: OpenedDeb, member: string): string | undefined {
  const found = deb.members.get(member);
  return found && new TextDecoder().decode(found.bytes);
}

/** What dpkg writes for a package that brings no checksums of its own: `md5  path`, conffiles left out. */
function madeSums(deb: OpenedDeb): string {
  const conffiles = new Set((textOf(deb, 'conffiles') ?? '').split('\n').map((line) => line.trim().slice(1)));
  const lines = [...deb.md5].filter(([path]) => !conffiles.has(path)).map(([path, md5]) => `${md5}  ${path}\n`);
  return lines.join('');
}
