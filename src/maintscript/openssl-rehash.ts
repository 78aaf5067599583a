// `openssl rehash`: links that bear the hash of a certificate's subject as their name, by which OpenSSL finds it in a directory.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import type { Call, Program } from '../shell/program.ts';
import { NotInterpretable } from '../shell/program.ts';
import { readCertificates } from './pem.ts';
import { readBytes } from './read-bytes.ts';
import { hashSubject, InvalidDer } from './x509-name-hash.ts';

/** Links of one hash: openssl's MAX_COLLISIONS. */
const COLLISION_LIMIT = 256;
/** openssl's hash table, whose order is that of what it prints. */
const TABLE_SIZE = 257;
const NO_NUMBER = 0xffff;

/** A file that has a link of a hash, or wants one. */
interface Linked {
  readonly file: string;
  /** The least number of the links that are there. */
  number: number;
  /** DER; undefined while only a link to the file was seen. */
  certificate: Uint8Array | undefined;
}

export interface RehashOptions {
  readonly isVerbose: boolean;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** `openssl`: only `rehash [-v] DIRECTORY…` (openssl-rehash(1)). */
export const openssl: Program = (call) => {
  const [, command, ...args] = call.argv;
  const directories = args.filter((arg) => !arg.startsWith('-'));
  const options = args.filter((arg) => arg.startsWith('-'));
  if (command !== 'rehash' || options.some((option) => option !== '-v') || directories.length === 0) {
    throw new NotInterpretable(`openssl ${[command, ...args].join(' ')}`);
  }
  return rehashAll(call, directories, options.length > 0);
};

function rehashAll(call: Call, directories: readonly string[], isVerbose: boolean): number {
  for (const directory of directories) {
    const path = directory.startsWith('/') ? directory : `${call.cwd}/${directory}`;
    if (call.tree.get(path)?.type !== 'directory') throw new NotInterpretable(`openssl rehash ${directory}`);
    if (isVerbose) call.stdout(`Doing ${directory}\n`);
    rehash(call.tree, path, { isVerbose, stdout: call.stdout, stderr: call.stderr });
  }
  return 0;
}

/** Makes missing links, gives changed ones their new place and removes those of certificates that are gone. `directory` is absolute. */
export function rehash(tree: WritableTree, directory: string, options: RehashOptions): void {
  const table = new Map<string, Linked[]>();
  for (const name of tree.list(directory).sort(compareBytes)) {
    const path = `${directory}/${name}`;
    const node = tree.get(path, false);
    const link = node?.type === 'symlink' ? /^([0-9a-f]{8})\.(r?)(\d{1,5})$/i.exec(name) : undefined;
    if (link?.[2]) throw new NotInterpretable(`openssl rehash with a link to a revocation list, ${path}`);
    if (link && node?.type === 'symlink') noteLink(table, link[1]!.toLowerCase(), node.target, Number(link[3]));
    else noteFile(table, tree, directory, name, options);
  }
  const inOrder = [...table].reverse().sort(([a], [b]) => slotOf(a) - slotOf(b));
  for (const [hash, entries] of inOrder) writeLinks(tree, directory, hash, entries, options);
}

const slotOf = (hash: string): number => Number.parseInt(hash, 16) % TABLE_SIZE;
const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function noteLink(table: Map<string, Linked[]>, hash: string, file: string, number: number): void {
  const entries = entriesOf(table, hash);
  const known = entries.find((entry) => entry.file === file);
  if (known) known.number = Math.min(known.number, number);
  else entries.push({ file, number, certificate: undefined });
}

function noteFile(
  table: Map<string, Linked[]>,
  tree: WritableTree,
  directory: string,
  name: string,
  { stderr }: RehashOptions,
): void {
  if (!/\.(?:pem|crt|cer|crl)$/i.test(name)) return;
  const path = `${directory}/${name}`;
  const found = tree.get(path)?.type === 'file' ? readCertificates(readBytes(tree, path)) : undefined;
  if (!found) throw new NotInterpretable(`openssl rehash with ${path}`);
  const [certificate, ...more] = found;
  if (!certificate || more.length > 0) {
    stderr(`rehash: warning: skipping ${name}, it does not contain exactly one certificate or CRL\n`);
    return;
  }
  const entries = entriesOf(table, hashOf(certificate, path));
  if (entries.some((entry) => entry.certificate && Buffer.compare(entry.certificate, certificate) === 0)) {
    stderr(`rehash: warning: skipping duplicate certificate in ${name}\n`);
    return;
  }
  if (entries.length >= COLLISION_LIMIT)
    throw new NotInterpretable(`openssl rehash with ${path}: too many of one name`);
  const known = entries.find((entry) => entry.file === name);
  if (known) known.certificate ??= certificate;
  else entries.push({ file: name, number: NO_NUMBER, certificate });
}

function hashOf(certificate: Uint8Array, path: string): string {
  try {
    return hashSubject(certificate);
  } catch (cause) {
    if (cause instanceof InvalidDer)
      throw new NotInterpretable(`openssl rehash with ${path}: ${cause.message}`, { cause });
    throw cause;
  }
}

function entriesOf(table: Map<string, Linked[]>, hash: string): Linked[] {
  const entries = table.get(hash) ?? [];
  table.set(hash, entries);
  return entries;
}

/** Links whose number is below the count of certificates stay as they are; the others get the numbers that are left. */
function writeLinks(
  tree: WritableTree,
  directory: string,
  hash: string,
  entries: readonly Linked[],
  { isVerbose, stdout }: RehashOptions,
): void {
  const count = entries.filter((entry) => entry.certificate).length;
  const taken = new Set(entries.map(({ number }) => number).filter((number) => number < count));
  let next = 0;
  const say = (text: string): void => {
    if (isVerbose) stdout(text);
  };
  for (const { file, number, certificate } of entries) {
    if (number < count) {
      say(`link ${file} -> ${hash}.${number}\n`);
    } else if (certificate) {
      while (taken.has(next)) next++;
      taken.add(next);
      say(`link ${file} -> ${hash}.${next}\n`);
      removeIfThere(tree, `${directory}/${hash}.${next}`);
      tree.symlink(`${directory}/${hash}.${next}`, file);
    } else {
      say(`unlink ${hash}.${number}\n`);
      removeIfThere(tree, `${directory}/${hash}.${number}`);
    }
  }
}

function removeIfThere(tree: WritableTree, path: string): void {
  if (tree.get(path, false)) tree.remove(path);
}
