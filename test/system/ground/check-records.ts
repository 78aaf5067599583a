// Whether the RECORD files of a tree tell the truth: every installed file in one of them, with its hash and size.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { InstalledTree, TreeFile } from './installed-tree.ts';

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
  const wrong = files.flatMap(([path, file]) => {
    const row = listed.get(path);
    if (row === undefined) return [`${path} is not listed`];
    const [algorithm = ''] = row.split('=');
    return row === '' || row.startsWith(`${hashOf(file, algorithm)},`) ? [] : [`${path} is not what its line says`];
  });
  return [...missing, ...wrong];
}

/** As RECORD writes it; another hash than sha256 is for files that are text. */
function hashOf({ sha256 = '', text = '' }: TreeFile, algorithm: string): string {
  const hex = algorithm === 'sha256' ? sha256 : createHash(algorithm).update(text).digest('hex');
  return `${algorithm}=${Buffer.from(hex, 'hex').toString('base64url')}`;
}

/** Path in the environment, and hash with size; the empty string for RECORD and its signatures. */
function rowsOf(text: string, site: string): [path: string, row: string][] {
  return [...text.matchAll(/^(?:"((?:[^"]|"")*)"|([^,\n]*)),(.*)$/gm)].map(([, quoted, plain = '', row = '']) => {
    const path = posix.join(site, quoted?.replaceAll('""', '"') ?? plain);
    return [path, /\.dist-info\/RECORD(?:\.jws|\.p7s)?$/.test(path) ? '' : row];
  });
}
