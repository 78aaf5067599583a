// pwck(8), grpck(8), pwconv(8) and grpconv(8) of shadow: passwords move from passwd and group to files that only root reads.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { groupId, replaceContent } from './accounts.ts';
import { parseArguments, programName, refuseOption } from './arguments.ts';
import { linesOf, textOf } from './paths.ts';
import { loginSetting } from './shadow-words.ts';

type Fields = readonly string[];

/** A pair of files that belong together, and how many fields their lines have. */
interface Pair {
  readonly file: string;
  readonly fields: number;
  readonly shadow: string;
  readonly shadowFields: number;
}

const PASSWD: Pair = { file: '/etc/passwd', fields: 7, shadow: '/etc/shadow', shadowFields: 9 };
const GROUP: Pair = { file: '/etc/group', fields: 4, shadow: '/etc/gshadow', shadowFields: 4 };
/** What stands for a password that is elsewhere. */
const ELSEWHERE = 'x';
const LOCK = '/etc/.pwd.lock';
/** Of a shadow file that is new: `/etc/shadow` belongs to the group of that name. */
const SHADOW_MODE = 0o440;

/** Only `-q -r`: what it would complain of is refused. Without `-q` it also looks for homes and shells. */
export const checkPasswd: Program = (call) => {
  const { flags } = parseFlags(call);
  if (!flags.has('-q')) refuseOption(call.argv, 'no -q');
  checkPair(call, PASSWD);
  return 0;
};

/** Only `-r`. */
export const checkGroup: Program = (call) => {
  parseFlags(call);
  const users = new Set(recordsOf(call, PASSWD.file, PASSWD.fields).map(([name]) => name));
  const { records, shadows } = checkPair(call, GROUP);
  const listed = [...records.map((parts) => parts[3]), ...shadows.flatMap((parts) => parts.slice(2))];
  const stranger = listed.flatMap((names = '') => namesOf(names)).find((name) => !users.has(name));
  if (stranger !== undefined) complainOf(call, `a member that is no user: ${stranger}`);
  return 0;
};

function parseFlags(call: Call): ReturnType<typeof parseArguments> {
  const aliases = { '--quiet': '-q', '--read-only': '-r' };
  const argv = call.argv.flatMap((word) => (/^-[qr]{2}$/.test(word) ? ['-q', '-r'] : [word]));
  const given = parseArguments(argv, { flags: ['-q', '-r'], aliases });
  if (!given.flags.has('-r') || given.rest.length > 0) refuseOption(call.argv, call.argv.slice(1).join(' '));
  return given;
}

const namesOf = (list: string): string[] => list.split(',').filter((name) => name !== '');

function complainOf(call: Call, what: string): never {
  throw new NotInterpretable(`${programName(call.argv)} would complain of ${what}`);
}

interface Checked {
  readonly records: readonly Fields[];
  readonly shadows: readonly Fields[];
}

function checkPair(call: Call, pair: Pair): Checked {
  const records = recordsOf(call, pair.file, pair.fields);
  const hasShadow = call.tree.get(pair.shadow) !== undefined;
  const shadows = hasShadow ? recordsOf(call, pair.shadow, pair.shadowFields) : [];
  if (!hasShadow) return { records, shadows };
  const open = records.find(([, password]) => password !== ELSEWHERE);
  if (open) complainOf(call, `the password of ${open[0]} in ${pair.file}`);
  const names = new Set(records.map(([name]) => name));
  const lonely = shadows.find(([name]) => !names.delete(name))?.[0] ?? [...names][0];
  if (lonely !== undefined) complainOf(call, `${lonely}, which is not in both of ${pair.file} and ${pair.shadow}`);
  return { records, shadows };
}

/** Throws `NotInterpretable` for lines that the programs would take out, or keep as they are and complain. */
function recordsOf(call: Call, file: string, fields: number): Fields[] {
  const text = textOf(call.tree, file);
  if (text === undefined) throw new NotInterpretable(`${programName(call.argv)} is called, but there is no ${file}`);
  const seen = new Set<string>();
  return linesOf(text).map((line) => {
    const parts = line.split(':');
    const [name = ''] = parts;
    if (parts.length !== fields || !/^[A-Za-z_][\w.-]*\$?$/.test(name) || seen.has(name))
      complainOf(call, `a line of ${file}: ${name}`);
    seen.add(name);
    return parts;
  });
}

/** Passwords that are not in shadow yet come there, with the days that /etc/login.defs says; entries without a user go. */
export const convertPasswd: Program = (call) => {
  const setting = (name: string): string => {
    const days = loginSetting(call.tree, name);
    return days === undefined || days.startsWith('-') ? '' : days;
  };
  const days = [setting('PASS_MIN_DAYS'), setting('PASS_MAX_DAYS'), setting('PASS_WARN_AGE'), '', '', ''];
  const today = String(Math.floor(call.tree.now / 86_400));
  const before = readPair(call, PASSWD);
  const shadows = convert(before, ([name = '', password = ''], known) =>
    known && password === ELSEWHERE ? known : [name, password, today, ...(known?.slice(3) ?? days)],
  );
  makeLock(call.tree);
  const isChanged = before.records.some(([name, password]) => password !== ELSEWHERE || !before.shadows.has(name!));
  if (isChanged || shadows.length !== before.shadows.size) writeShadow(call.tree, PASSWD, shadows);
  if (isChanged) writeRecords(call.tree, PASSWD, before.records);
  const backup = `${PASSWD.file}-`;
  if (call.tree.get(backup)) call.tree.setAttributes(backup, { mode: 0o600 });
  return 0;
};

/** The same for groups; both files are always written anew. */
export const convertGroup: Program = (call) => {
  const before = readPair(call, GROUP);
  const shadows = convert(before, ([name = '', password = '', , members = ''], known) => [
    name,
    password === ELSEWHERE && known ? known[1]! : password,
    known?.[2] ?? '',
    members,
  ]);
  makeLock(call.tree);
  writeShadow(call.tree, GROUP, shadows);
  writeRecords(call.tree, GROUP, before.records);
  return 0;
};

interface ReadPair {
  readonly records: readonly Fields[];
  readonly shadows: ReadonlyMap<string, Fields>;
}

function readPair(call: Call, pair: Pair): ReadPair {
  if (call.argv.length > 1) refuseOption(call.argv, call.argv.slice(1).join(' '));
  const shadows = call.tree.get(pair.shadow) ? recordsOf(call, pair.shadow, pair.shadowFields) : [];
  return {
    records: recordsOf(call, pair.file, pair.fields),
    shadows: new Map(shadows.map((parts) => [parts[0]!, parts])),
  };
}

/** Known entries keep their places; new ones come after them. */
function convert(
  { records, shadows }: ReadPair,
  shadowOf: (record: Fields, known: Fields | undefined) => Fields,
): Fields[] {
  const named = new Map(records.map((record) => [record[0]!, record]));
  const kept = [...shadows.keys()].filter((name) => named.has(name));
  const added = [...named.keys()].filter((name) => !shadows.has(name));
  return [...kept, ...added].map((name) => shadowOf(named.get(name)!, shadows.get(name)));
}

const joinLines = (records: readonly Fields[]): string => records.map((parts) => `${parts.join(':')}\n`).join('');

function writeRecords(tree: WritableTree, { file }: Pair, records: readonly Fields[]): void {
  replaceContent(tree, file, joinLines(records.map(([name = '', , ...more]) => [name, ELSEWHERE, ...more])));
}

function writeShadow(tree: WritableTree, { shadow }: Pair, records: readonly Fields[]): void {
  const text = joinLines(records);
  if (tree.get(shadow)) replaceContent(tree, shadow, text);
  else tree.write(shadow, text, { mode: SHADOW_MODE, gid: groupId(tree, 'shadow') ?? 0 });
}

function makeLock(tree: WritableTree): void {
  if (!tree.get(LOCK)) tree.write(LOCK, '', { mode: 0o600 });
}
