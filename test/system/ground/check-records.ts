// Whether the RECORD files of a tree tell the truth: every installed file in one of them, with its hash and size.
import { posix } from 'node:path';
import type { InstalledTree } from './installed-tree.ts';

/** Files of the environment itself, which no distribution has. */
const SKELETON = /^(?:pyvenv\.cfg|lib64|bin\/python[\d.t]*)$/;

/** What is not as RECORD says; none when all is well. */
export function falseRecords(tree: InstalledTree): string[] {
  const listed = new Map<string, string>();
  for (const [path, { text }] of tree) {
    const site = /^(lib\/[^/]+\/site-packages)\/[^/]+\.dist-info\/RECORD$/.exec(path)?.[1];
    if (site === undefined) continue;
    for (const [file, row] of rowsOf(text ?? '', site)) {
      // Several distributions may have one file, as long as it is the same.
      if ((listed.get(file) ?? row) !== row) return [`${file} is listed twice`];
      listed.set(file, row);
    }
  }
  const files = [...tree].filter(([path, { type }]) => type !== 'directory' && !SKELETON.test(path));
  const missing = [...listed.keys()].filter((path) => !tree.has(path)).map((path) => `${path} is not there`);
  const wrong = files.flatMap(([path, { sha256 = '' }]) => {
    const row = listed.get(path);
    if (row === undefined) return [`${path} is not listed`];
    const hash = `sha256=${Buffer.from(sha256, 'hex').toString('base64url')}`;
    return row === '' || row.startsWith(`${hash},`) ? [] : [`${path} is not what its line says`];
  });
  return [...missing, ...wrong];
}

/** Path in the environment, and hash with size; the empty string for RECORD and its signatures. */
function rowsOf(text: string, site: string): [path: string, row: string][] {
  return [...text.matchAll(/^(?:"((?:[^"]|"")*)"|([^,\n]*)),(.*)$/gm)].map(([, quoted, plain = '', row = '']) => {
    const path = posix.join(site, quoted?.replaceAll('""', '"') ?? plain);
    return [path, /\.dist-info\/RECORD(?:\.jws|\.p7s)?$/.test(path) ? '' : row];
  });
}
