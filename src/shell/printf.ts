// `printf` (POSIX XCU, printf) as dash has it.
import { unescape } from './echo.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { fromByteString, toByteString } from './text.ts';

const DIRECTIVE = /%(?:(%)|([-+ 0#]*)(\*|[0-9]*)(?:\.(\*|[0-9]*))?([a-zA-Z]))|%/g;

export const printf: Program = (call) => {
  const words = call.argv.slice(1);
  if (words[0] === '--') words.shift();
  const format = words.shift();
  if (format === undefined) {
    call.stderr('printf: usage: printf format [arg ...]\n');
    return 2;
  }
  const run: Run = { call, words, status: 0, isCut: false, taken: 0 };
  do {
    run.taken = 0;
    const text = formatOnce(unescape(format, '').text, run);
    call.stdout(text);
  } while (!run.isCut && run.taken > 0 && words.length > 0);
  return run.status;
};

interface Run {
  readonly call: Call;
  readonly words: string[];
  status: number;
  isCut: boolean;
  /** Arguments used by this round. */
  taken: number;
}

function formatOnce(format: string, run: Run): string {
  let text = '';
  let from = 0;
  for (const match of format.matchAll(DIRECTIVE)) {
    text += format.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) text += '%';
    else text += directive(match, run);
    if (run.isCut) return text;
  }
  return text + format.slice(from);
}

function next(run: Run): string | undefined {
  run.taken++;
  return run.words.shift();
}

function directive([all, , flags = '', width = '', precision, conversion]: RegExpExecArray, run: Run): string {
  if (conversion === undefined) throw new NotInterpretable(`printf ${all}`);
  const wide = width === '*' ? numberOf(next(run), run) : Number(width);
  const precise =
    precision === '*' ? Number(numberOf(next(run), run)) : precision === undefined ? undefined : Number(precision);
  const value = converted(conversion, flags, precise, run);
  return pad(value, Number(wide), flags, /[diouxX]/.test(conversion) && precise === undefined);
}

function converted(conversion: string, flags: string, precision: number | undefined, run: Run): string {
  switch (conversion) {
    case 's':
      return cut(next(run) ?? '', precision);
    case 'c':
      return (next(run) ?? '').slice(0, 1);
    case 'b': {
      const { text, isCut } = unescape(next(run) ?? '', '0');
      run.isCut = isCut;
      return cut(text, precision);
    }
    case 'd':
    case 'i':
      return decimal(numberOf(next(run), run), flags, precision);
    case 'u':
      return digits(BigInt.asUintN(64, numberOf(next(run), run)).toString(), precision);
    case 'o':
    case 'x':
    case 'X': {
      if (flags.includes('#')) throw new NotInterpretable(`printf %#${conversion}`);
      const text = BigInt.asUintN(64, numberOf(next(run), run)).toString(conversion === 'o' ? 8 : 16);
      return digits(conversion === 'X' ? text.toUpperCase() : text, precision);
    }
    default:
      throw new NotInterpretable(`printf %${conversion}`);
  }
}

const cut = (text: string, precision: number | undefined): string =>
  precision === undefined ? text : fromByteString(toByteString(text).slice(0, precision));

const digits = (text: string, precision = 0): string => text.padStart(precision, '0');

function decimal(value: bigint, flags: string, precision: number | undefined): string {
  const sign = value < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return `${sign}${digits((value < 0n ? -value : value).toString(), precision)}`;
}

function pad(text: string, width: number, flags: string, isNumber: boolean): string {
  const missing = Math.abs(width) - toByteString(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-') || width < 0) return text + ' '.repeat(missing);
  if (!isNumber || !flags.includes('0')) return ' '.repeat(missing) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

/** What is not a number counts as far as it is one, and the status becomes 1. */
function numberOf(text: string | undefined, run: Run): bigint {
  if (text === undefined || text === '') return 0n;
  if (/^["']/.test(text)) return BigInt(toByteString(text.slice(1)).charCodeAt(0) || 0);
  const [all = '', sign = '', number = ''] = /^\s*([-+]?)(0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)/.exec(text) ?? [];
  if (all !== text || all === '') {
    run.call.stderr(`printf: ${text}: ${all === '' ? 'expected numeric value' : 'not completely converted'}\n`);
    run.status = 1;
    if (all === '') return 0n;
  }
  const value = BigInt(/^0[0-7]+$/.test(number) ? `0o${number.slice(1)}` : number);
  return sign === '-' ? -value : value;
}
