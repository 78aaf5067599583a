// CPython's `repr`, since flytekit's tag is a hash of the text that Python prints for a dict.

/** A member of a Python enum: `{ enumName: 'Color.RED', value: 1 }` is printed `<Color.RED: 1>`. */
export interface PythonEnum {
  readonly enumName: string;
  readonly value: number;
}

/** Values of a Python spec. A whole number is an int: JavaScript cannot tell 1.0 from 1. Dicts are Maps, which keep integer-like keys in order. */
export type PythonValue =
  null | boolean | number | string | PythonEnum | readonly PythonValue[] | ReadonlyMap<string, PythonValue>;

export function pythonRepr(value: PythonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberRepr(value);
  if (typeof value === 'string') return stringRepr(value);
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<string, PythonValue>)];
    return `{${pairs.map(([key, inner]) => `${stringRepr(key)}: ${pythonRepr(inner)}`).join(', ')}}`;
  }
  if (isList(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  const { enumName, value: number } = value as PythonEnum;
  return `<${enumName}: ${number}>`;
}

const isList = (value: PythonValue): value is readonly PythonValue[] => Array.isArray(value);

/** Both languages print the shortest digits that read back; Python has an exponent below 1e-4 already, of two digits or more. */
function numberRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isInteger(value)) return BigInt(value).toString();
  if (Math.abs(value) >= 1e-4) return String(value);
  return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
}

/**
 * What `str.isprintable` denies: Unicode categories C* and Z* but the space. Code points that are not assigned yet count as unprintable, so
 * Node and Python agree on them as far as their Unicode versions do.
 */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let printed = '';
  for (const char of text) printed += char === quote ? `\\${quote}` : escape(char);
  return quote + printed + quote;
}

const SHORT: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escape(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  if (char === ' ' || !UNPRINTABLE.test(char)) return char;
  const hex = char.codePointAt(0)!.toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
