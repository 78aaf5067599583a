import { execFileSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, property, record as recordOf, stringMatching, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEntryPoints, rewrittenScript, withPipOf, wrapperScript } from '../../src/python/scripts.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { program } from './programs.ts';

const PYTHON = '/opt/venv/bin/python';

/** Points of a text in which nothing is to be refused. */
const parse = (text: string) =>
  parseEntryPoints(text, (line) => {
    throw new Error(`refused: ${line}`);
  });

describe('entry points', () => {
  it('are programs of two groups', () => {
    const text = [
      '; a comment',
      '[console_scripts]',
      'tool = pkg.cli:main',
      'Tool=pkg.cli : App.run [fast,big]',
      '# another',
      '[ gui_scripts ]',
      ' window = pkg.gui:größe ',
      '[pytest11]',
      'plugin = pkg.plugin',
    ].join('\r\n');
    expect(parse(text)).toEqual([
      { name: 'tool', module: 'pkg.cli', attribute: 'main' },
      { name: 'Tool', module: 'pkg.cli', attribute: 'App.run' },
      { name: 'window', module: 'pkg.gui', attribute: 'größe' },
    ]);
  });

  it('are one program per name, the last', () => {
    expect(parse('[console_scripts]\na = x:y\nb = x:y\n[gui_scripts]\na = z:w\n')).toEqual([
      { name: 'a', module: 'z', attribute: 'w' },
      { name: 'b', module: 'x', attribute: 'y' },
    ]);
  });

  it.each([
    'tool = pkg.cli',
    'tool = pkg.cli:',
    'tool',
    '= pkg:main',
    'tool = pkg:main; import os',
    'tool = pkg:main() or x',
    '../../etc/cron.d/x = pkg:main',
    'a\\b = pkg:main',
    '.. = pkg:main',
    '. = pkg:main',
    'a\0b = pkg:main',
  ])('are refused by their line: %j', (line) => {
    expect(() => parse(`[console_scripts]\n${line}\n`)).toThrow(`refused: ${line}`);
    expect(parse(`[other]\n${line}\n`)).toEqual([]);
  });

  it('are read as they were printed', () => {
    const word = stringMatching(/^[a-z_][a-z0-9_]*(?:\.[a-z_]+)?$/);
    const name = stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
    assert(
      property(
        uniqueArray(recordOf({ name, module: word, attribute: word }), { selector: (p) => p.name }),
        (points) => {
          const lines = points.map((point) => `${point.name} = ${point.module}:${point.attribute}`);
          expect(parse(`[console_scripts]\n${lines.join('\n')}\n`)).toEqual(points);
        },
      ),
    );
  });
});

describe('a wrapper', () => {
  const point = { name: 'tool', module: 'pkg.cli', attribute: 'App.run' };

  it('imports the first name and calls the whole', () => {
    expect(wrapperScript(PYTHON, point)).toBe(`#!/opt/venv/bin/python
# -*- coding: utf-8 -*-
import sys
from pkg.cli import App
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit(App.run())
`);
  });

  it.each([
    ['of a path as long as Linux reads', `/${'x'.repeat(123)}`, true],
    ['of a longer path', `/${'x'.repeat(124)}`, false],
    ['of a path with a space', '/opt/my venv/bin/python', false],
  ])('%s starts it directly: %#', (_name, path, isDirect) => {
    const [first = '', second] = wrapperScript(path, point).split('\n');
    expect(first).toBe(isDirect ? `#!${path}` : '#!/bin/sh');
    if (!isDirect) expect(second).toBe(`'''exec' "${path}" "$0" "$@"`);
    expect(first.length).toBeLessThan(127);
  });

  it('is started by way of sh too', async () => {
    const folder = await temporaryFolder();
    const python = await program(join(folder, 'a folder', 'python'), 'echo "started with $@"');
    const script = join(folder, 'tool');
    await writeFile(script, wrapperScript(python, point));
    await chmod(script, 0o755);
    expect(execFileSync(script, ['one', 'two 3'], { encoding: 'utf8' })).toBe(`started with ${script} one two 3\n`);
  });
});

describe('a script of a wheel', () => {
  const rewritten = (text: string | Buffer): string | undefined => {
    const bytes = rewrittenScript(Buffer.from(text), PYTHON);
    return bytes && Buffer.from(bytes).toString('latin1');
  };

  it.each([
    ['#!python\nprint(1)\n', `#!${PYTHON}\nprint(1)\n`],
    ['#!pythonw\r\nprint(1)\n', `#!${PYTHON}\nprint(1)\n`],
    ['#!python3 -E\n', `#!${PYTHON}\n`],
    ['#!python', `#!${PYTHON}\n`],
  ])('starts the interpreter of the environment: %j', (text, expected) => {
    expect(rewritten(text)).toBe(expected);
  });

  it.each(['#!/usr/bin/env python\n', '#!/bin/sh\n', ' #!python\n', 'print("#!python")\n', '', '\x7fELF'])(
    'stays as it is: %j',
    (text) => {
      expect(rewritten(text)).toBeUndefined();
    },
  );

  it('keeps bytes that are no text', () => {
    const bytes = Buffer.from([0, 0xff, 0x80, 0x0a]);
    expect(rewritten(Buffer.concat([Buffer.from('#!python\n'), bytes]))).toBe(
      `#!${PYTHON}\n${bytes.toString('latin1')}`,
    );
  });
});

describe("pip's programs", () => {
  const names = (...programs: string[]) =>
    withPipOf(
      '3.12',
      programs.map((name) => ({ name, module: 'pip', attribute: name })),
    );

  it('get the version of the target, and lose those of others', () => {
    expect(names('pip', 'pip3', 'pip3.9', 'pipx').map(({ name }) => name)).toEqual(['pip', 'pip3', 'pipx', 'pip3.12']);
    expect(names('pip', 'pip3').at(-1)).toEqual({ name: 'pip3.12', module: 'pip', attribute: 'pip3' });
  });

  it('are left as they are without a pip3', () => {
    expect(names('pip').map(({ name }) => name)).toEqual(['pip']);
  });
});
