// `tr`, over bytes.
import { parseOptions } from './options.ts';
import { NotInterpretable, type Program } from './program.ts';
import { fromByteString, toByteString } from './text.ts';
import { fail } from './utility.ts';

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index));

const ALL_BYTES = range(0, 255);

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', a: '\u0007', b: '\b' };

/** Characters that a set stands for, in order. */
function membersOf(text: string): string[] {
  const members: string[] = [];
  const tokens = [...toByteString(text).matchAll(/\[:([a-z]+):\]|\[[=.]|\[[^]\*[0-9]*\]|\\([0-7]{1,3})|\\([^])|[^]/g)];
  const chars = tokens.map(([all, name, octal, escaped]) => {
    if (name !== undefined) return { name };
    if (octal !== undefined) return { char: String.fromCharCode(Number.parseInt(octal, 8) & 0xff) };
    if (escaped !== undefined) return { char: ESCAPES[escaped] ?? escaped };
    if (all.length > 1) throw new NotInterpretable(`tr: the set ${text}`);
    return { char: all, isBare: true };
  });
  for (let at = 0; at < chars.length; at++) {
    const { char, name } = chars[at]!;
    if (name !== undefined) {
      const pattern = CLASSES[name];
      if (!pattern) throw new NotInterpretable(`tr [:${name}:]`);
      members.push(...ALL_BYTES.filter((byte) => pattern.test(byte)));
      continue;
    }
    const [dash, end] = [chars[at + 1], chars[at + 2]];
    if (dash?.char === '-' && dash.isBare === true && end?.char !== undefined) {
      members.push(...range(char.charCodeAt(0), end.char.charCodeAt(0)));
      at += 2;
    } else members.push(char);
  }
  return members;
}

export const tr: Program = (call) => {
  const { operands, has } = parseOptions(call, {
    flags: 'dscC',
    long: { delete: 'd', 'squeeze-repeats': 's', complement: 'c' },
  });
  const [first, second] = operands;
  if (first === undefined) return fail(call, 'missing operand');
  const given = membersOf(first);
  const from = has('c') || has('C') ? ALL_BYTES.filter((byte) => !given.includes(byte)) : given;
  const isTranslated = second !== undefined && !has('d');
  if (!isTranslated && !has('d') && !has('s')) return fail(call, `missing operand after '${first}'`);
  const to = second === undefined ? [] : membersOf(second);
  if (isTranslated && to.length === 0) return fail(call, 'when not truncating set1, string2 must be non-empty');
  const table = new Map<string, string>();
  if (isTranslated) for (const [index, char] of from.entries()) table.set(char, to[index] ?? to.at(-1)!);
  const deleted = new Set(has('d') ? from : []);
  const squeezed = new Set(has('s') ? (second === undefined ? from : to) : []);
  let result = '';
  for (const char of toByteString(call.stdin)) {
    if (deleted.has(char)) continue;
    const mapped = table.get(char) ?? char;
    if (squeezed.has(mapped) && result.endsWith(mapped)) continue;
    result += mapped;
  }
  call.stdout(fromByteString(result));
  return 0;
};
