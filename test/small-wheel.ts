// A wheel that is real enough to be installed: a program, a console entry point and stored members.
import { createHash } from 'node:crypto';
import { makeWheel } from './python/make-wheel.ts';
import type { TestMember } from './python/make-zip.ts';

export interface SmallWheel {
  readonly filename: string;
  readonly bytes: Uint8Array;
  /** Hex. */
  readonly sha256: string;
}

export function smallWheel(name: string, version: string): SmallWheel {
  const script = `${name}-${version}.data/scripts/${name}-script`;
  const members: TestMember[] = [
    { name: `${name}/__init__.py`, content: `def main():\n    print("${name}")\n`.repeat(40) },
    { name: `${name}/data/漢字.txt`, content: '漢字\n', method: 0 },
    { name: `${name}/empty.py`, content: '' },
    { name: script, content: '#!python\nprint("script")\n', mode: 0o100755 },
    {
      name: `${name}-${version}.dist-info/entry_points.txt`,
      content: `[console_scripts]\n${name} = ${name}:main\n`,
      method: 0,
    },
  ];
  const bytes = makeWheel(members, { name, version });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { filename: `${name}-${version}-py3-none-any.whl`, bytes, sha256 };
}
