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

/** Bytecode of Python: `__pycache__` is never written. */
const BYTECODE = ['py3compile', 'py3clean', 'pycompile', 'pyclean', 'pypy3compile', 'pypy3clean'];
/** GTK and fontconfig read the icons and fonts themselves where the index is missing or older. */
const INDICES = ['fc-cache', 'gtk-update-icon-cache', 'gtk-update-icon-cache-3.0'];
/** Python before 3.20 of Debian's numbering; the name follows the version. */
const PYTHONS = ['python3', ...Array.from({ length: 20 }, (_value, minor) => `python3.${minor}`)];

export const LEFT_OUT: ReadonlyMap<string, Program> = new Map([
  ...[...BYTECODE, ...INDICES].map((name) => [name, leftOut] as const),
  ...PYTHONS.map((name) => [name, python] as const),
]);
