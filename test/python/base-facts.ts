// Facts of a base written as a list of paths: what a test needs of an image, without the image.
import type { BaseEntry, BaseFacts } from '../../src/filesystem/facts.ts';

const OWNED = { uid: 0, gid: 0, mtime: 0 };

/** One line per path: `usr/bin/python3.12` is a program, `usr/bin/python3 -> python3.12` a link; contents are what was captured. */
export function factsOf(lines: string, contents: Readonly<Record<string, string>> = {}): BaseFacts {
  const entries = new Map<string, BaseEntry>();
  for (const line of lines.trim().split('\n')) {
    const [path = '', target] = line.trim().split(' -> ');
    if (target === undefined) entries.set(path, { type: 'file', mode: 0o755, size: 1, ...OWNED });
    else entries.set(path, { type: 'symlink', mode: 0o777, target, ...OWNED });
  }
  for (const path of Object.keys(contents)) entries.set(path, { type: 'file', mode: 0o644, size: 1, ...OWNED });
  const captured = new Map(Object.entries(contents).map(([path, text]) => [path, Buffer.from(text)]));
  return { entries, captured };
}
