// Programs of an environment: wrappers for entry points, and first lines of scripts that want the environment's interpreter.

export interface EntryPoint {
  readonly name: string;
  readonly module: string;
  /** Dotted: `main` or `App.run`. */
  readonly attribute: string;
}

/** Linux cuts the first line of a script at this length (binfmt_script, BINPRM_BUF_SIZE less the end). */
const SHEBANG_LIMIT_BYTES = 127;

/** A function of a module, and extras that nobody asks for any more (packaging.python.org, Entry points, "Data model"). */
const OBJECT = /^([\p{L}\p{N}_.]+)\s*:\s*([\p{L}\p{N}_.]+)\s*(?:\[[^\]]*\])?$/u;
/** Becomes the name of a file. */
const PROGRAM = /^(?!\.{1,2}$)[^/\\\p{Cc}]+$/u;

/**
 * The programs of entry_points.txt: `[console_scripts]` and `[gui_scripts]`; other groups are not programs. Of two lines for one name the
 * last counts. Calls `refuse` with a line that names no function, or no program.
 */
export function parseEntryPoints(text: string, refuse: (line: string) => never): EntryPoint[] {
  const points = new Map<string, EntryPoint>();
  let group = '';
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    const header = /^\[(.+)\]$/.exec(line);
    if (header) group = header[1]?.trim() ?? '';
    if (header || line === '' || /^[#;]/.test(line)) continue;
    if (group !== 'console_scripts' && group !== 'gui_scripts') continue;
    const split = line.indexOf('=');
    const name = line.slice(0, Math.max(0, split)).trim();
    const [, module, attribute] = OBJECT.exec(line.slice(split + 1).trim()) ?? [];
    if (!PROGRAM.test(name) || !module || !attribute) refuse(line);
    else points.set(name, { name, module, attribute });
  }
  return [...points.values()];
}

/**
 * pip's programs are named after the Python they are installed for: pip and uv install `pip3.12` whatever Python the wheel names
 * (`get_console_script_specs` of pip's operations/install/wheel.py).
 * @param minor `3.12`
 */
export function withPipOf(minor: string, points: readonly EntryPoint[]): EntryPoint[] {
  const others = points.filter(({ name }) => !/^pip3\.\d+$/.test(name));
  const pip = others.find(({ name }) => name === 'pip3');
  return pip ? [...others, { ...pip, name: `pip${minor}` }] : others;
}

/** The first lines that start `interpreter`, by way of sh where the path is too long or has a space (as distlib does). */
function shebang(interpreter: string): string {
  const direct = `#!${interpreter}`;
  if (Buffer.byteLength(direct) < SHEBANG_LIMIT_BYTES && !interpreter.includes(' ')) return `${direct}\n`;
  return `#!/bin/sh\n'''exec' "${interpreter}" "$0" "$@"\n' '''\n`;
}

/** The text that uv and pip agree on in meaning; equal to uv's, so that trees can be compared. */
export function wrapperScript(interpreter: string, { module, attribute }: EntryPoint): string {
  const [imported] = attribute.split('.');
  return `${shebang(interpreter)}# -*- coding: utf-8 -*-
import sys
from ${module} import ${imported}
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit(${attribute}())
`;
}

const PLACEHOLDER = '#!python';
const NEWLINE = 0x0a;

/** A script of `.data/scripts` whose first line starts with the placeholder (binary distribution format), else undefined. */
export function rewrittenScript(bytes: Uint8Array, interpreter: string): Uint8Array | undefined {
  if (!Buffer.from(PLACEHOLDER).equals(bytes.subarray(0, PLACEHOLDER.length))) return undefined;
  const end = bytes.indexOf(NEWLINE) + 1 || bytes.length;
  return Buffer.concat([Buffer.from(shebang(interpreter)), bytes.subarray(end)]);
}
