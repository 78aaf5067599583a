// What programs leave behind that no layer keeps: logs, locks, caches and copies, which tell when and where they ran or that the image does without.
import type { Entry, FileEntry } from '../filesystem/entry.ts';

/** The same as where our own shell carries scripts out; docs/debian-differences.md has the reasons. */
const RESIDUE: readonly RegExp[] = [
  /^var\/log\/(?:alternatives\.log|dpkg\.log|fontconfig\.log|apt(?:\/.*)?)$/,
  /^var\/cache\/debconf\//,
  /(?:^|\/)__pycache__(?:\/|$)/,
  /^var\/cache\/fontconfig\//,
  /^var\/cache\/ldconfig(?:\/|$)/,
  /^etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-$/,
  /^var\/lib\/dpkg\/(?:status|diversions|statoverride)-old$/,
  /^run\/adduser$|^etc\/\.pwd\.lock$|^var\/lib\/dpkg\/(?:lock|lock-frontend|triggers\/Lock)$/,
  // Temporary files have names of chance.
  /^(?:var\/)?tmp(?:\/|$)/,
  // One for each machine: systemd and dbus make it when they start and find none.
  /^etc\/machine-id$|^var\/lib\/dbus\/machine-id$/,
];

/** The rest. A hard link to a file that is left out becomes that file. */
export function withoutResidue(entries: readonly Entry[]): Entry[] {
  const contents = new Map<string, FileEntry>();
  const names = new Map<string, string>();
  return entries.flatMap((entry): Entry[] => {
    if (RESIDUE.some((pattern) => pattern.test(entry.path))) {
      if (entry.type === 'file') contents.set(entry.path, entry);
      // Where it was removed, the base keeps it.
      return [];
    }
    if (entry.type !== 'hardlink') return [entry];
    const content = contents.get(entry.target);
    if (!content) return [entry];
    const first = names.get(entry.target);
    if (first !== undefined) return [{ ...entry, target: first }];
    names.set(entry.target, entry.path);
    return [{ ...content, path: entry.path }];
  });
}
