// `awk`: no interpreter of its language, but the programs that maintainer scripts bring.
import { parseOptions } from './options.ts';
import { NotInterpretable, type Program } from './program.ts';
import { compileRegex } from './regex.ts';
import { linesOf, toByteString } from './text.ts';
import { readSources } from './utility.ts';

/** Fields of lines, or of those that match. */
const PRINT_FIELD = /^\s*(?:\/((?:[^/\\]|\\.)*)\/)?\s*\{\s*print\s*(?:\$([0-9]+))?\s*;?\s*\}\s*$/;

type Known = (lines: readonly string[]) => readonly string[];

const pythonFiles = (lines: readonly string[]): string[] => lines.filter((line) => line.endsWith('.py'));

/** Programs by their text, after `-F` and its separator. */
const KNOWN: Readonly<Record<string, Known>> = {
  // locales: the value of the last line with LANG.
  [`/^LANG=/ {gsub("\\"", ""); sub("LANG=", ""); lang=$0;} END {print lang}`]: (lines) => {
    const last = lines.findLast((line) => line.startsWith('LANG='));
    return [(last ?? '').replaceAll('"', '').replace('LANG=', '')];
  },
  // Packages with Python modules: their compiled files, and the folders of those.
  [String.raw`-F/ BEGIN {OFS="/"} /\.py$/ {$NF=sprintf("__pycache__/%s.*.py[co]", substr($NF,1,length($NF)-3)); print}`]:
    (lines) =>
      pythonFiles(lines).map((line) => line.replace(/[^/]*$/, (name) => `__pycache__/${name.slice(0, -3)}.*.py[co]`)),
  [String.raw`-F/ BEGIN {OFS="/"} /\.py$/ {NF--; print}`]: (lines) =>
    pythonFiles(lines).map((line) => line.replace(/\/?[^/]*$/, '')),
};

export const awk: Program = (call) => {
  const { operands, value } = parseOptions(call, { values: 'F', stopsAtOperand: true });
  const [program = '', ...paths] = operands;
  const separator = value('F');
  const { sources, isComplete } = readSources(call, paths);
  const lines = sources.flatMap(({ text }) => linesOf(text));
  const key = separator === undefined ? program : `-F${separator} ${program}`;
  const known = Object.hasOwn(KNOWN, key) ? KNOWN[key]! : printField(program, separator);
  for (const line of known(lines)) call.stdout(`${line}\n`);
  return isComplete ? 0 : 2;
};

function printField(program: string, separator: string | undefined): Known {
  const [all, pattern, field = '0'] = PRINT_FIELD.exec(program) ?? [];
  if (all === undefined || (separator !== undefined && !/^[^ \\|+*?.()[\]{}^$t]$/.test(separator))) {
    throw new NotInterpretable(`awk ${program}`);
  }
  const regex =
    pattern === undefined
      ? undefined
      : compileRegex(pattern.replaceAll('\\/', '/'), { isExtended: true, needsExtent: false });
  const fieldsOf = (line: string): string[] =>
    separator === undefined ? line.split(/[ \t]+/).filter(Boolean) : line.split(separator);
  return (lines) =>
    lines
      .filter((line) => !regex || regex.test(toByteString(line)))
      .map((line) => (field === '0' ? line : (fieldsOf(line)[Number(field) - 1] ?? '')));
}
