// Names in a zip that would leave the folder, hide each other, or mean another file on some systems.
import { invalidZip } from './invalid-zip.ts';

/** Throws `WHEEL_INVALID` for the first name that is not a plain relative path of its own. */
export function checkNames(names: readonly string[], what: string): void {
  const known = new Map<string, string>();
  for (const name of names) {
    if (!isPlainPath(name)) throw invalidZip(what, `has a member with a path that is not allowed: "${name}"`);
    const key = keyOf(name);
    const before = known.get(key);
    if (before === name) throw invalidZip(what, `has the member "${name}" twice`);
    if (before !== undefined)
      throw invalidZip(what, `has two members that some systems cannot tell apart: "${before}" and "${name}"`);
    known.set(key, name);
  }
  refuseFilesAsFolders(known, what);
}

/** Relative, `/` between its parts, no part that is empty, `.` or `..`, no drive letter, nothing that is not text. */
function isPlainPath(name: string): boolean {
  const parts = name.replace(/\/$/, '').split('/');
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (/[\\\u0000-\u001f\u007f\ufffd]|^[A-Za-z]:/.test(name)) return false;
  return !parts.some((part) => part === '' || part === '.' || part === '..');
}

/** Equal for names that are one file where case or Unicode form do not count (macOS, Windows). */
function keyOf(name: string): string {
  return name.replace(/\/$/, '').normalize('NFC').toLowerCase();
}

/** A file `a` and another `a/b` cannot both be. */
function refuseFilesAsFolders(known: ReadonlyMap<string, string>, what: string): void {
  const seen = new Set<string>();
  for (const key of known.keys()) {
    for (let slash = key.lastIndexOf('/'); slash > 0; slash = key.lastIndexOf('/', slash - 1)) {
      const parent = key.slice(0, slash);
      if (seen.has(parent)) break;
      seen.add(parent);
      const name = known.get(parent);
      if (name !== undefined && !name.endsWith('/'))
        throw invalidZip(what, `has "${name}" both as a file and as a folder`);
    }
  }
}
