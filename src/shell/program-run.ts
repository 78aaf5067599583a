// Utilities that run others, and small ones: `xargs`, `env`, `nice`, `timeout`, `expr`, `seq`, `date`, `uname`.
import { parseOptions } from './options.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { compileRegex } from './regex.ts';
import { fromByteString, linesOf, toByteString } from './text.ts';
import { fail } from './utility.ts';

export const xargs: Program = (call) => {
  const { operands, has, value } = parseOptions(call, {
    flags: 'r0',
    values: 'nI',
    long: { 'no-run-if-empty': 'r', null: '0', 'max-args': 'n' },
    stopsAtOperand: true,
  });
  const argv = operands.length > 0 ? operands : ['echo'];
  const mark = value('I');
  const items = has('0')
    ? call.stdin.split('\0')
    : mark === undefined
      ? wordsIn(call.stdin)
      : linesOf(call.stdin).map((line) => line.trimStart());
  if (has('0') && items.at(-1) === '') items.pop();
  if (mark !== undefined) return worst(items.map((item) => call.run(argv.map((word) => word.replaceAll(mark, item)))));
  if (items.length === 0) return has('r') ? 0 : worst([call.run(argv)]);
  const size = Number(value('n') ?? items.length);
  const statuses: number[] = [];
  for (let from = 0; from < items.length; from += size)
    statuses.push(call.run([...argv, ...items.slice(from, from + size)]));
  return worst(statuses);
};

/** Blanks part them; quotes and backslashes keep them together. */
function wordsIn(text: string): string[] {
  if (/['"\\]/.test(text)) throw new NotInterpretable('quotes in the input of xargs');
  return text.split(/[ \t\n]+/).filter(Boolean);
}

/** xargs(1), EXIT STATUS. */
function worst(statuses: readonly number[]): number {
  if (statuses.includes(127)) return 127;
  if (statuses.includes(126)) return 126;
  return statuses.some((status) => status !== 0) ? 123 : 0;
}

export const env: Program = (call) => {
  const { operands } = parseOptions(call, { stopsAtOperand: true });
  const assignments = operands.findIndex((word) => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(word));
  const count = assignments < 0 ? operands.length : assignments;
  if (count < operands.length) {
    if (count > 0) throw new NotInterpretable('env with assignments and a program');
    return call.run(operands, { stdin: call.stdin });
  }
  for (const [name, value] of call.env) call.stdout(`${name}=${value}\n`);
  for (const word of operands) call.stdout(`${word}\n`);
  return 0;
};

/** `nice`, `ionice`, `setsid`: the program as if they were not there. */
export const passOn =
  (values: string): Program =>
  (call) => {
    const { operands } = parseOptions(call, { values, stopsAtOperand: true });
    return operands.length === 0 ? fail(call, 'no command') : call.run(operands, { stdin: call.stdin });
  };

export interface Kernel {
  /** What `uname -m` prints (`x86_64`); without it that is refused. */
  readonly machine?: string | undefined;
  /** What `uname -r` prints; without it that is refused. */
  readonly release?: string | undefined;
}

export const uname =
  ({ machine, release }: Kernel): Program =>
  (call) => {
    const { has } = parseOptions(call, { flags: 'smr' });
    const asked = [
      ...(has('s') || !(has('m') || has('r')) ? ['Linux'] : []),
      ...(has('r') ? [release] : []),
      ...(has('m') ? [machine] : []),
    ];
    if (asked.includes(undefined)) throw new NotInterpretable(call.argv.join(' '));
    call.stdout(`${asked.join(' ')}\n`);
    return 0;
  };

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As the C locale shows a time in UTC. */
function showDate(seconds: number): string {
  const time = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(':');
  const day = String(time.getUTCDate()).padStart(2);
  return `${DAYS[time.getUTCDay()]} ${MONTHS[time.getUTCMonth()]} ${day} ${clock} UTC ${time.getUTCFullYear()}`;
}

/** Where nothing says otherwise, local time is UTC (tzset(3)). */
function isUtc({ env, tree }: Call): boolean {
  const zone = env.get('TZ');
  if (zone !== undefined) return /^(?:|UTC0?|Etc\/UTC)$/.test(zone);
  const link = tree.get('etc/localtime', false);
  return !link || (link.type === 'symlink' && /^\/usr\/share\/zoneinfo\/(?:Etc\/)?UTC$/.test(link.target));
}

/** The time is that of the tree; -d takes what `date` itself printed. */
export const date: Program = (call) => {
  const { operands, has, value } = parseOptions(call, { flags: 'u', values: 'd' });
  const [format] = operands;
  const now = call.tree.now;
  if (operands.length > 1 || (format !== undefined && format !== '+%s'))
    throw new NotInterpretable(call.argv.join(' '));
  if (has('d') && value('d') !== showDate(now)) throw new NotInterpretable(`date -d ${value('d')}`);
  if (format === undefined && !has('u') && !isUtc(call)) throw new NotInterpretable('date in local time');
  call.stdout(format === undefined ? `${showDate(now)}\n` : `${now}\n`);
  return 0;
};

/** Numbers that seq(1) would print are few. */
const SEQUENCE_LIMIT = 1_000_000;

export const seq: Program = (call) => {
  const numbers = call.argv.slice(1);
  if (numbers.length < 1 || numbers.length > 3 || !numbers.every((word) => /^-?[0-9]{1,15}$/.test(word))) {
    throw new NotInterpretable(`seq ${numbers.join(' ')}`);
  }
  const [first, step, last] = [
    numbers.length > 1 ? Number(numbers[0]) : 1,
    numbers.length > 2 ? Number(numbers[1]) : 1,
    Number(numbers.at(-1)),
  ];
  if (step === 0 || Math.abs((last - first) / step) > SEQUENCE_LIMIT)
    throw new NotInterpretable(`seq ${numbers.join(' ')}`);
  for (let value = first; step > 0 ? value <= last : value >= last; value += step) call.stdout(`${value}\n`);
  return 0;
};

export const expr: Program = (call) => {
  const words = call.argv.slice(1);
  const [left = '', operator, right = ''] = words;
  if (words.length !== 3) throw new NotInterpretable(`expr ${words.join(' ')}`);
  const result = operator === ':' ? matched(left, right) : computed(left, operator ?? '', right);
  call.stdout(`${result}\n`);
  return result === '' || /^-?0+$/.test(result) ? 1 : 0;
};

/** The first group, or how many bytes matched at the start. */
function matched(text: string, pattern: string): string {
  const hasGroup = pattern.includes('\\(');
  const regex = compileRegex(pattern.replace(/^\^/, ''), { isExtended: false, needsExtent: true });
  const match = new RegExp(`^(?:${regex.source})`).exec(toByteString(text));
  return hasGroup ? fromByteString(match?.[1] ?? '') : String(match?.[0].length ?? 0);
}

function computed(left: string, operator: string, right: string): string {
  const areNumbers = /^-?[0-9]+$/.test(left) && /^-?[0-9]+$/.test(right);
  const truth = (is: boolean): string => (is ? '1' : '0');
  if (/^(?:=|==|!=|<|<=|>|>=)$/.test(operator)) {
    const order = areNumbers ? Number(BigInt(left) - BigInt(right)) : left < right ? -1 : left > right ? 1 : 0;
    if (operator === '!=') return truth(order !== 0);
    return truth(
      (operator.includes('=') && order === 0) ||
        (operator.startsWith('<') && order < 0) ||
        (operator.startsWith('>') && order > 0),
    );
  }
  if (!areNumbers || !/^[-+*/%]$/.test(operator)) throw new NotInterpretable(`expr ${left} ${operator} ${right}`);
  const [a, b] = [BigInt(left), BigInt(right)];
  if (b === 0n && /[/%]/.test(operator)) throw new NotInterpretable('expr: a division by zero');
  if (operator === '+') return String(a + b);
  if (operator === '-') return String(a - b);
  if (operator === '*') return String(a * b);
  return String(operator === '/' ? a / b : a % b);
}
