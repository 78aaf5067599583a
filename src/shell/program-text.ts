// Utilities over lines of text: `cat`, `cut`, `tr`, `sort`, `uniq`, `head`, `tail`, `wc`, `tee`.
import { lookAt } from './files.ts';
import { parseOptions, type Options } from './options.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { fileOutput } from './streams.ts';
import { fromByteString, linesOf, toByteString } from './text.ts';
import { at, fail, forEach, readSources } from './utility.ts';

export const cat: Program = (call) => {
  const { operands } = parseOptions(call, { flags: 'u' });
  const { sources, isComplete } = readSources(call, operands);
  for (const { text } of sources) call.stdout(text);
  return isComplete ? 0 : 1;
};

/** Lines of all sources, each with its end. */
function forLines(call: Call, operands: readonly string[], act: (line: string) => void): number {
  const { sources, isComplete } = readSources(call, operands);
  for (const { text } of sources) for (const line of linesOf(text)) act(line);
  return isComplete ? 0 : 1;
}

/** `1,3-5,7-`: whether a place, counted from 1, is in it. */
function listOf(text: string): (place: number) => boolean {
  const ranges = text.split(',').map((part) => {
    const [, from = '', dash, to = ''] = /^([0-9]*)(?:(-)([0-9]*))?$/.exec(part) ?? [];
    if (from === '' && to === '') throw new NotInterpretable(`cut: the list ${text}`);
    return [
      from === '' ? 1 : Number(from),
      dash === undefined ? Number(from) : to === '' ? Infinity : Number(to),
    ] as const;
  });
  return (place) => ranges.some(([from, to]) => place >= from && place <= to);
}

export const cut: Program = (call) => {
  const { operands, has, value } = parseOptions(call, {
    flags: 's',
    values: 'dfcb',
    long: { delimiter: 'd', fields: 'f', characters: 'c', bytes: 'b', 'only-delimited': 's' },
  });
  const list = value('f') ?? value('c') ?? value('b');
  if (list === undefined) return fail(call, 'you must specify a list of bytes, characters, or fields');
  const isIn = listOf(list);
  const delimiter = value('d') ?? '\t';
  if (has('f') && delimiter.length !== 1) return fail(call, 'the delimiter must be a single character');
  return forLines(call, operands, (line) => {
    if (!has('f')) {
      const bytes = Array.from(toByteString(line)).filter((_, index) => isIn(index + 1));
      call.stdout(`${fromByteString(bytes.join(''))}\n`);
    } else if (line.includes(delimiter)) {
      const fields = line.split(delimiter).filter((_, index) => isIn(index + 1));
      call.stdout(`${fields.join(delimiter)}\n`);
    } else if (!has('s')) call.stdout(`${line}\n`);
  });
};

export const sort: Program = (call) => {
  const { operands, has, value, all } = parseOptions(call, {
    flags: 'urnfbs',
    values: 'kto',
    long: { unique: 'u', reverse: 'r', 'numeric-sort': 'n', key: 'k', 'field-separator': 't' },
  });
  if (has('f') || has('b') || has('o') || has('s') || all('k').length > 1)
    throw new NotInterpretable('sort -f, -b, -s, -o or several -k');
  const lines: string[] = [];
  const status = forLines(call, operands, (line) => void lines.push(line));
  const { keyOf, isNumeric } = sortKey(value('k'), value('t'), has('n'));
  const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const compare = (a: string, b: string): number =>
    isNumeric ? numberAt(keyOf(a)) - numberAt(keyOf(b)) : byBytes(toByteString(keyOf(a)), toByteString(keyOf(b)));
  const direction = has('r') ? -1 : 1;
  const lastResort = (a: string, b: string): number => (has('u') ? 0 : byBytes(toByteString(a), toByteString(b)));
  lines.sort((a, b) => direction * (compare(a, b) || lastResort(a, b)));
  const kept = has('u') ? lines.filter((line, index) => index === 0 || compare(lines[index - 1]!, line) !== 0) : lines;
  call.stdout(kept.map((line) => `${line}\n`).join(''));
  return status;
};

function sortKey(
  key: string | undefined,
  separator: string | undefined,
  isNumeric: boolean,
): { keyOf: (line: string) => string; isNumeric: boolean } {
  if (key === undefined) return { keyOf: (line) => line, isNumeric };
  const [, first, , last, flag] = /^([0-9]+)(,([0-9]+))?(n)?$/.exec(key) ?? [];
  if (first === undefined) throw new NotInterpretable(`sort -k ${key}`);
  const end = last === undefined ? undefined : Number(last);
  const keyOf = (line: string): string => {
    // Without a separator a field begins with the blanks before it.
    const fields = separator === undefined ? (line.match(/[ \t]*[^ \t]+/g) ?? []) : line.split(separator);
    return fields.slice(Number(first) - 1, end).join(separator ?? '');
  };
  return { keyOf, isNumeric: isNumeric || flag === 'n' };
}

const numberAt = (text: string): number => Number(/^\s*(-?[0-9]*\.?[0-9]*)/.exec(text)?.[1] ?? 0) || 0;

export const uniq: Program = (call) => {
  const { operands, has } = parseOptions(call, { flags: 'cdu', long: { count: 'c', repeated: 'd', unique: 'u' } });
  if (operands.length > 1) throw new NotInterpretable('uniq to a file');
  const groups: { line: string; count: number }[] = [];
  const status = forLines(call, operands, (line) => {
    const last = groups.at(-1);
    if (last?.line === line) last.count++;
    else groups.push({ line, count: 1 });
  });
  for (const { line, count } of groups) {
    if ((has('d') && count === 1) || (has('u') && count > 1)) continue;
    call.stdout(has('c') ? `${String(count).padStart(7)} ${line}\n` : `${line}\n`);
  }
  return status;
};

/** `head -5` as `head -n 5`. */
function withCount({ argv }: Call): { argv: string[] } {
  const [name = '', first = '', ...rest] = argv;
  return { argv: argv.length > 1 ? [name, first.replace(/^(?:-|(?=\+))([+]?[0-9]+)$/, '-n$1'), ...rest] : [name] };
}

const ENDS = { flags: 'q', values: 'nc', long: { lines: 'n', bytes: 'c', quiet: 'q' } };

function endsOf(call: Call, keep: (items: readonly string[], count: string) => readonly string[]): number {
  const { operands, value }: Options = parseOptions(withCount(call), ENDS);
  if (operands.length > 1) throw new NotInterpretable(`${call.argv[0]} of several files`);
  const { sources, isComplete } = readSources(call, operands);
  for (const { text } of sources) {
    const bytes = value('c');
    if (bytes !== undefined) call.stdout(fromByteString(keep(Array.from(toByteString(text)), bytes).join('')));
    else call.stdout(keep(text.match(/[^\n]*\n|[^\n]+$/g) ?? [], value('n') ?? '10').join(''));
  }
  return isComplete ? 0 : 1;
}

export const head: Program = (call) =>
  endsOf(call, (items, count) => {
    if (!/^-?[0-9]+$/.test(count)) throw new NotInterpretable(`head -n ${count}`);
    return count.startsWith('-')
      ? items.slice(0, Math.max(0, items.length + Number(count)))
      : items.slice(0, Number(count));
  });

export const tail: Program = (call) =>
  endsOf(call, (items, count) => {
    if (!/^[-+]?[0-9]+$/.test(count)) throw new NotInterpretable(`tail -n ${count}`);
    if (count.startsWith('+')) return items.slice(Math.max(0, Number(count) - 1));
    return items.slice(Math.max(0, items.length - Math.abs(Number(count))));
  });

export const wc: Program = (call) => {
  const { operands, has } = parseOptions(call, { flags: 'lwc', long: { lines: 'l', words: 'w', bytes: 'c' } });
  if (operands.length > 1) throw new NotInterpretable('wc of several files');
  const letters = ['l', 'w', 'c'].filter((letter) => has(letter));
  if (letters.length !== 1) throw new NotInterpretable('wc without one of -l, -w, -c');
  const { sources, isComplete } = readSources(call, operands);
  for (const { name, text } of sources) {
    const counts = {
      l: text.split('\n').length - 1,
      w: text.split(/\s+/).filter(Boolean).length,
      c: Buffer.byteLength(text),
    };
    call.stdout(`${counts[letters[0] as keyof typeof counts]}${operands.length > 0 ? ` ${name}` : ''}\n`);
  }
  return isComplete ? 0 : 1;
};

export const tee: Program = (call) => {
  const { operands, has } = parseOptions(call, { flags: 'a', long: { append: 'a' } });
  const { stdin, umask, tree } = call;
  call.stdout(stdin);
  return forEach(call, operands, (path) => {
    if (path === '/dev/null') return;
    if (path.startsWith('/dev/')) throw new NotInterpretable(`tee ${path}`);
    lookAt(tree, at(call, path));
    fileOutput(tree, at(call, path), has('a'), 0o666 & ~umask).output!.write(stdin);
  });
};
