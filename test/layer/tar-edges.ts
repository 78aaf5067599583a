// Every value that some writer or reader of tars gets wrong, and what a good reader tells of it.
import type { Entry } from '../../src/filesystem/entry.ts';
import { directory, inlineFile, sizeOf, symlink } from '../../src/filesystem/entry.ts';
import { comparePaths } from './layer-fixture.ts';

const BINARY = Buffer.from([0, 1, 0x0a, 0x3d, 0xff, 0xfe, 0x80, 0]);
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const words = (length: number): string => 'n'.repeat(length);

/** Every value that some writer of tars gets wrong. */
export const EDGES: readonly Entry[] = [
  inlineFile('mode-0', 'x', { mode: 0 }),
  inlineFile('mode-all', 'x', { mode: 0o7777 }),
  inlineFile('empty', ''),
  inlineFile('block', 'b'.repeat(512)),
  inlineFile('block-and-one', 'b'.repeat(513)),
  ...[262_143, 262_144, 0o7777777, 0o10000000, 0xffff_fffe].flatMap((id) => [
    inlineFile(`uid-${id}`, 'x', { uid: id }),
    inlineFile(`gid-${id}`, 'x', { gid: id }),
  ]),
  ...[0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 0o77777777777, 0o77777777777 + 1, -1].map((mtime) =>
    inlineFile(`mtime-${mtime}`, 'x', { mtime }),
  ),
  inlineFile(words(100), 'x'),
  inlineFile(words(101), 'x'),
  inlineFile(words(255), 'x'),
  directory(words(99).replace('n', 'd')),
  directory(words(100).replace('n', 'd')),
  inlineFile(`split/${words(100)}`, 'x'),
  inlineFile(`split/${words(101)}`, 'x'),
  inlineFile(`${words(155).replace('n', 'p')}/${words(100)}`, 'x'),
  inlineFile(`${words(156).replace('n', 'p')}/${words(100)}`, 'x'),
  inlineFile(`${words(50).replace('n', 'q')}/${words(120)}/${words(30)}`, 'x'),
  directory(`${words(60).replace('n', 'e')}/${words(60)}`),
  directory(`${words(60).replace('n', 'e')}/${words(60)}/${words(200)}`),
  inlineFile('umlaut-äöü-漢字-🚀', 'x'),
  inlineFile(' leading and trailing ', 'x'),
  inlineFile('back\\slash "quote" \'single\'', 'x'),
  inlineFile('line\nbreak', 'x'),
  inlineFile('-starts-with-dash', 'x'),
  symlink('link-100', words(100)),
  symlink('link-101', words(101)),
  symlink('link-4095', words(4095)),
  symlink('link-unicode', '../äöü/🚀'),
  symlink('link-absolute', '/usr/bin/python3'),
  { type: 'hardlink', path: 'z-hard', target: 'umlaut-äöü-漢字-🚀', mode: 0o644, uid: 0, gid: 0, mtime: 0 },
  { type: 'hardlink', path: 'z-hard-long', target: words(101), mode: 0o644, uid: 0, gid: 0, mtime: 0 },
  inlineFile('xattr', 'x', {
    xattrs: { 'security.capability': CAPABILITY.toString('base64'), 'user.empty': '', 'user.ä': 'eA==' },
  }),
  inlineFile('xattr-binary', 'x', { xattrs: { 'user.binary': BINARY.toString('base64') } }),
];

/** One entry as all readers are asked to tell it. */
export interface Told {
  name: string;
  type: 'file' | 'directory' | 'symlink' | 'hardlink';
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  size: number;
  link: string;
  xattrs: Record<string, string>;
}

/** What every reader must tell of these entries, in the order of the tar. */
export function toldOf(entries: readonly Entry[]): Told[] {
  const sorted = [...entries].sort((a, b) => comparePaths(a.path, b.path));
  return sorted.flatMap((entry) =>
    entry.type === 'whiteout'
      ? []
      : {
          name: entry.path,
          type: entry.type,
          mode: entry.mode,
          uid: entry.uid,
          gid: entry.gid,
          mtime: entry.mtime,
          size: entry.type === 'file' ? sizeOf(entry.content) : 0,
          link: 'target' in entry ? entry.target : '',
          xattrs: { ...entry.xattrs },
        },
  );
}
