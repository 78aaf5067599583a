// A tree to be copied into images: every name, mode and kind of file that a host may list, sort or keep in its own way.
import { chmod, lutimes, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRandom } from './layer/layer-fixture.ts';

export interface TreeManner {
  /** Makes the last file first, which some file systems list in another order. */
  readonly backwards?: boolean;
  /** Bits that a checkout leaves to the umask and to chance: setgid, sticky, and all but the owner's right to execute. */
  readonly looseModes?: boolean;
  /** Seconds since the epoch, of everything. */
  readonly time?: number;
}

type Item =
  | { readonly path: string; readonly text: string | Buffer; readonly modes?: readonly [strict: number, loose: number] }
  | { readonly path: string; readonly target: string }
  | { readonly path: string; readonly folder: true; readonly modes: readonly [strict: number, loose: number] };

const PLAIN = [0o644, 0o666] as const;
const PROGRAM = [0o755, 0o700] as const;
/** The whole of printable ASCII but the slash, and orders that differ between bytes, UTF-16 and locales. */
const NAMES = [
  'a',
  'B',
  'ab',
  'a.b',
  'a-b',
  'a b',
  'Ä',
  'z',
  'ä (decomposed a\u0308)',
  'İstanbul',
  'ISTANBUL',
  'istanbul',
  'ısparta',
  '~',
  '～',
  '🚀',
  '漢字',
  ' leading',
  'trailing ',
  '-dash',
  '#hash',
  'quote\'"`$(x)',
  'back\\slash',
  'line\nbreak',
  '[1]{2}*?',
  'n'.repeat(200),
];

function items(): Item[] {
  const random = createRandom(11);
  const noise = Buffer.from(Array.from({ length: 300_000 }, () => random(256)));
  const text = Array.from({ length: 60_000 }, () => `${['alpha', 'beta', 'gamma', 'delta'][random(4)]} ${random(900)}`);
  return [
    ...NAMES.map((name) => ({ path: `names/${name}`, text: `${name}\n` })),
    { path: 'names/a.d/x', text: 'x' },
    { path: 'names/a-d/x', text: 'x' },
    { path: `deep/${'d'.repeat(90)}/${'e'.repeat(120)}/${'f'.repeat(60)}`, text: 'deep' },
    { path: 'modes/program', text: '#!/bin/sh\n', modes: PROGRAM },
    { path: 'modes/setuid', text: '#!/bin/sh\n', modes: [0o755, 0o4711] },
    { path: 'modes/setgid', text: 'x', modes: [0o644, 0o2664] },
    { path: 'modes/private', text: 'x', modes: [0o644, 0o600] },
    { path: 'modes/others-execute', text: 'x', modes: [0o644, 0o655] },
    { path: 'modes/folder', folder: true, modes: [0o755, 0o2775] },
    { path: 'modes/sticky', folder: true, modes: [0o755, 0o1777] },
    { path: 'links/relative', target: '../names/a' },
    { path: 'links/absolute', target: '/usr/bin/env' },
    { path: 'links/dangling', target: `nowhere/${'x'.repeat(300)}` },
    { path: 'links/漢字', target: '../names/漢字' },
    { path: 'links/folder', target: '../names' },
    { path: 'large/noise', text: noise },
    { path: 'large/text', text: text.join('\n') },
    { path: 'large/empty', text: '' },
  ];
}

/** Writes the tree; two manners give trees that must become equal layers. */
export async function writeOddTree(root: string, manner: TreeManner = {}): Promise<void> {
  const { backwards = false, looseModes = false, time = 1_000_000_000 } = manner;
  const all = items();
  for (const item of backwards ? all.toReversed() : all) {
    const path = join(root, item.path);
    await mkdir(dirname(path), { recursive: true });
    if ('target' in item) await symlink(item.target, path);
    else if ('folder' in item) await mkdir(path);
    else await writeFile(path, item.text);
    if (!('target' in item)) await chmod(path, (item.modes ?? PLAIN)[looseModes ? 1 : 0]);
    await lutimes(path, time - 7, time);
  }
}
