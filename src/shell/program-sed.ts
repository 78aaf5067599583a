// `sed`: its commands over the lines of its input.
import { lookAt, readText } from './files.ts';
import { parseOptions } from './options.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { SedRun } from './sed-run.ts';
import { parseSed } from './sed-script.ts';
import { fromByteString, toByteString } from './text.ts';
import { at, fail, forEach, readSources } from './utility.ts';

const LONG = {
  quiet: 'n',
  silent: 'n',
  expression: 'e',
  'regexp-extended': 'E',
  separate: 's',
  'in-place': 'i',
};

export const sed: Program = (call) => {
  const options = parseOptions(call, { flags: 'nErsi', values: 'e', long: LONG });
  const { has, all } = options;
  const operands = [...options.operands];
  const script = has('e') ? all('e').join('\n') : operands.shift();
  if (script === undefined) return fail(call, 'no script', 1);
  const commands = parseSed(script, has('E') || has('r'));
  const run = (text: string, write: (text: string) => void): number =>
    new SedRun(commands, toByteString(text), has('n'), {
      write: (bytes) => write(fromByteString(bytes)),
      run: (command) => toByteString(printedBy(call, fromByteString(command))),
    }).run();
  if (has('i')) return forEach(call, operands, (path) => editInPlace(call, path, run), "can't read");
  const { sources, isComplete } = readSources(call, operands);
  if (has('s') && sources.length > 1) throw new NotInterpretable('sed -s of several files');
  // A line without its end, before another file, gets one.
  const text = sources
    .map(({ text }, index) => (index < sources.length - 1 && text !== '' && !text.endsWith('\n') ? `${text}\n` : text))
    .join('');
  const status = run(text, call.stdout);
  return status !== 0 || isComplete ? status : 2;
};

/** Without the newline at its end. */
function printedBy(call: Call, command: string): string {
  const parts: string[] = [];
  call.run(['sh', '-c', command], { stdout: (text) => void parts.push(text) });
  return parts.join('').replace(/\n$/, '');
}

/** A new file in the old one's place: of a symbolic link, it takes the place of the link. */
function editInPlace(call: Call, path: string, run: (text: string, write: (text: string) => void) => number): number {
  const full = at(call, path);
  const node = lookAt(call.tree, full);
  const parts: string[] = [];
  const status = run(readText(call.tree, full), (text) => void parts.push(text));
  if (lookAt(call.tree, full, false) !== node) call.tree.remove(full);
  call.tree.write(full, parts.join(''), node ? { mode: node.mode, uid: node.uid, gid: node.gid } : {});
  return status;
}
