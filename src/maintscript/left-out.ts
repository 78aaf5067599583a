// Programs whose only work is a cache that its readers rebuild or do without: nothing is written. Each is a known difference from apt.
import { NotInterpretable } from '../shell/program.ts';
import type { Program } from '../shell/program.ts';

const leftOut: Program = () => 0;

/** `python3 -E -S …/py_compile.py FILES`: bytecode, too. */
const python: Program = (call) => {
  const script = call.argv.slice(1).find((word) => !word.startsWith('-'));
  if (script !== undefined && /^\/usr\/lib\/python3(\.\d+)?\/(py_compile|compileall)\.py$/.test(script)) return 0;
  throw new NotInterpretable(`a Python program is run: ${call.argv.join(' ')}`);
};

/** `gtk-update-icon-cache [OPTIONS] FOLDER`: GTK reads the icons themselves where there is no index; the base's would hide new ones. */
const iconIndex: Program = (call) => {
  const folder = call.argv.slice(1).find((word) => !word.startsWith('-'));
  const index = `${folder}/icon-theme.cache`;
  if (folder !== undefined && call.tree.get(index))
    throw new NotInterpretable(`the index of icons that the base has would be made again: ${index}`);
  return 0;
};

/** Bytecode of Python: `__pycache__` is never written. */
const BYTECODE = ['py3compile', 'py3clean', 'pycompile', 'pyclean', 'pypy3compile', 'pypy3clean'];
/** Fontconfig reads the fonts themselves where its index is missing, or is of another time than their folder. */
const FONT_INDEX = 'fc-cache';
const ICON_INDEX = ['gtk-update-icon-cache', 'gtk-update-icon-cache-3.0'];
/** Python before 3.20 of Debian's numbering; the name follows the version. */
const PYTHONS = ['python3', ...Array.from({ length: 20 }, (_value, minor) => `python3.${minor}`)];

export const LEFT_OUT: ReadonlyMap<string, Program> = new Map([
  ...[...BYTECODE, FONT_INDEX].map((name) => [name, leftOut] as const),
  ...ICON_INDEX.map((name) => [name, iconIndex] as const),
  ...PYTHONS.map((name) => [name, python] as const),
]);
