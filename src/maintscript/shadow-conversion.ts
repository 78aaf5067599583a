// pwconv(8) and grpconv(8) of shadow 4.13: passwords move out of the files that everybody reads. pwck(8) and grpck(8) find what these need right.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import type { Program } from '../shell/program.ts';
import { NotInterpretable } from '../shell/program.ts';
import { linesOf, textOf } from './paths.ts';

/** A password that stands in the other file. */
const ELSEWHERE = 'x';
const SECONDS_PER_DAY = 86_400;
/** Until the owner and group of Debian's shadowconfig are set. */
const SECRET_MODE = 0o400;

export const pwconv: Program = ({ argv, tree }) => {
  requireNoOptions(argv);
  const ages = ['PASS_MIN_DAYS', 'PASS_MAX_DAYS', 'PASS_WARN_AGE'].map((name) => settingOf(tree, name));
  const day = Math.floor(tree.now / SECONDS_PER_DAY);
  convert(tree, '/etc/passwd', '/etc/shadow', ([name = '', password = '']) => [
    name,
    password,
    String(day),
    ...ages,
    '',
    '',
    '',
  ]);
  return 0;
};

export const grpconv: Program = ({ argv, tree }) => {
  requireNoOptions(argv);
  convert(tree, '/etc/group', '/etc/gshadow', ([name = '', password = '', , members = '']) => [
    name,
    password,
    '',
    members,
  ]);
  return 0;
};

/** `-q -r` and `-r`: complaints only, of which a script sees the status. */
export const checkAccounts =
  (file: string): Program =>
  ({ argv, tree }) => {
    const words = argv.slice(1);
    if (!words.includes('-r') || words.some((word) => word !== '-r' && word !== '-q'))
      throw new NotInterpretable(argv.join(' '));
    const names = recordsOf(tree, file).map(([name]) => name);
    const isSound = recordsOf(tree, file).every(([name = '', , id = '']) => name !== '' && /^\d+$/.test(id));
    if (!isSound || new Set(names).size < names.length)
      throw new NotInterpretable(`${argv.join(' ')}: ${file} is damaged`);
    return 0;
  };

/** Lines of the open file whose password is there get one in the secret file, in their order; those of nobody are dropped. */
function convert(
  tree: WritableTree,
  open: string,
  secret: string,
  made: (record: readonly string[]) => readonly string[],
): void {
  const records = recordsOf(tree, open);
  const known = new Map(recordsOf(tree, secret).map((record) => [record[0], record]));
  const secrets = records.flatMap((record) => {
    const [name, password] = record;
    const before = known.get(name);
    if (password === ELSEWHERE) return before ? [before] : [];
    return [before ? before.with(1, password ?? '') : made(record)];
  });
  const isMoved = new Set(secrets.map(([name]) => name));
  const left = records.map((record) => (isMoved.has(record[0]) ? record.with(1, ELSEWHERE) : record));
  tree.write(open, printed(left));
  tree.write(secret, printed(secrets), tree.get(secret) ? {} : { mode: SECRET_MODE });
}

const printed = (records: readonly (readonly string[])[]): string =>
  records.map((record) => `${record.join(':')}\n`).join('');

function recordsOf(tree: WritableTree, file: string): string[][] {
  return linesOf(textOf(tree, file) ?? '').map((line) => line.split(':'));
}

/** Of login.defs(5); empty where it says nothing. */
function settingOf(tree: WritableTree, name: string): string {
  const line = linesOf(textOf(tree, '/etc/login.defs') ?? '').find((one) => new RegExp(`^\\s*${name}\\s`).test(one));
  return line?.trim().split(/\s+/)[1] ?? '';
}

function requireNoOptions(argv: readonly string[]): void {
  if (argv.length > 1) throw new NotInterpretable(argv.join(' '));
}
