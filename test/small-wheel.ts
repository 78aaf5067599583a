// A wheel made by hand: real enough to be installed, with a program, a console entry point and a stored member.
import { zipSync } from 'fflate';
import type { Zippable } from 'fflate';
import { createHash } from 'node:crypto';

export interface SmallWheel {
  readonly filename: string;
  readonly bytes: Uint8Array;
  /** Hex. */
  readonly sha256: string;
}

/** Zips know no time before 1980. */
const TIME = '1980-01-01T12:00:00Z';
const UNIX = 3;

export function smallWheel(name: string, version: string): SmallWheel {
  const info = `${name}-${version}.dist-info`;
  const files: Record<string, string> = {
    [`${name}/__init__.py`]: `def main():\n    print("${name}")\n`.repeat(40),
    [`${name}/data/漢字.txt`]: '漢字\n',
    [`${name}/empty.py`]: '',
    [`${name}-${version}.data/scripts/${name}-script`]: '#!python\nprint("script")\n',
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/entry_points.txt`]: `[console_scripts]\n${name} = ${name}:main\n`,
  };
  const rows = Object.entries(files).map(([path, text]) => `${path},${recordHash(text)},${Buffer.byteLength(text)}\n`);
  const members = { ...files, [`${info}/RECORD`]: `${rows.join('')}${info}/RECORD,,\n` };
  const zipped: Zippable = Object.fromEntries(
    Object.entries(members).map(([path, text]) => [path, [new TextEncoder().encode(text), optionsOf(path)]]),
  );
  const bytes = zipSync(zipped);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { filename: `${name}-${version}-py3-none-any.whl`, bytes, sha256 };
}

function optionsOf(path: string): { mtime: string; os: number; attrs: number; level: 0 | 6 } {
  const mode = path.includes('/scripts/') ? 0o100755 : 0o100644;
  return { mtime: TIME, os: UNIX, attrs: mode * 2 ** 16, level: path.endsWith('.txt') ? 0 : 6 };
}

function recordHash(text: string): string {
  return `sha256=${createHash('sha256').update(text).digest('base64url')}`;
}
