// Utilities about users: `id`, `getent`, `chown`, `chgrp`, `chmod`.
import type { Attributes, TreeNode } from '../filesystem/writable-tree.ts';
import { FileError } from '../filesystem/writable-tree.ts';
import { accountOf, accountsOf, nameOf } from './accounts.ts';
import { lookAt, readText } from './files.ts';
import { changeMode } from './mode.ts';
import { parseOptions } from './options.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { linesOf } from './text.ts';
import { at, fail, forEach, quiet } from './utility.ts';

/** Scripts are root's. */
const WHO_RUNS = 'root';

export const id: Program = (call) => {
  const options = parseOptions(call, { flags: 'ugGnr' });
  const [word = WHO_RUNS] = options.operands;
  const user = accountsOf(call.tree, 'passwd').find((one) => one.name === word || String(one.id) === word);
  if (!user && word !== WHO_RUNS) return fail(call, `'${word}': no such user`);
  const { name, id: uid, gid } = user ?? { name: WHO_RUNS, id: 0, gid: 0 };
  const groups = [
    gid,
    ...accountsOf(call.tree, 'group')
      .filter((one) => one.members.includes(name) && one.id !== gid)
      .map((one) => one.id),
  ];
  const groupName = (one: number): string => nameOf(call.tree, 'group', one) ?? String(one);
  const show = (one: number, named: string): string => (options.has('n') ? named : String(one));
  if (options.has('u')) call.stdout(`${show(uid, name)}\n`);
  else if (options.has('g')) call.stdout(`${show(gid, groupName(gid))}\n`);
  else if (options.has('G')) call.stdout(`${groups.map((one) => show(one, groupName(one))).join(' ')}\n`);
  else {
    const full = (one: number): string => `${one}(${groupName(one)})`;
    call.stdout(`uid=${uid}(${name}) gid=${full(gid)} groups=${groups.map(full).join(',')}\n`);
  }
  return 0;
};

export const getent: Program = (call) => {
  const [database, ...keys] = parseOptions(call, {}).operands;
  if (database === 'shadow') return getShadow(call, keys);
  if (database !== 'passwd' && database !== 'group') throw new NotInterpretable(`getent ${database ?? ''}`);
  const accounts = accountsOf(call.tree, database);
  const found = keys.map((key) =>
    accounts.find(({ name, id: number }) => (/^[0-9]+$/.test(key) ? String(number) === key : name === key)),
  );
  for (const account of keys.length > 0 ? found : accounts) if (account) call.stdout(`${account.line}\n`);
  return found.includes(undefined) ? 2 : 0;
};

/** By name alone: shadow(5) has no numbers. */
function getShadow(call: Call, keys: readonly string[]): number {
  if (keys.length === 0) throw new NotInterpretable('getent shadow');
  const lines = call.tree.get('/etc/shadow') ? linesOf(readText(call.tree, '/etc/shadow')) : [];
  const found = keys.map((key) => lines.find((line) => line.startsWith(`${key}:`)));
  for (const line of found) if (line !== undefined) call.stdout(`${line}\n`);
  return found.includes(undefined) ? 2 : 0;
}

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** `user`, `user:group`, `user:`, `:group`, and with a dot for the colon. Undefined for a name that is not there. */
export function ownerOf(call: Call, spec: string): Owner | undefined {
  const whole = spec.includes(':') ? undefined : accountOf(call.tree, 'passwd', spec);
  if (whole) return { uid: whole.id };
  const [, user = '', separator, group = ''] =
    /^([^:]*)(:)([^]*)$/.exec(spec) ?? /^([^.]*)(\.)([^]*)$/.exec(spec) ?? [];
  if (separator === undefined) return undefined;
  const account = user === '' ? undefined : accountOf(call.tree, 'passwd', user);
  const groupAccount = group === '' ? undefined : accountOf(call.tree, 'group', group);
  if ((user !== '' && !account) || (group !== '' && !groupAccount)) return undefined;
  const gid = groupAccount?.id ?? (group === '' && account?.line ? account.gid : undefined);
  return { ...(account && { uid: account.id }), ...(gid !== undefined && { gid }) };
}

export function groupOf(call: Call, word: string): number | undefined {
  return accountOf(call.tree, 'group', word)?.id;
}

/** `--reference`. */
function ownerLike(call: Call, path: string): Owner | undefined {
  const node = lookAt(call.tree, at(call, path));
  return node && { uid: node.uid, gid: node.gid };
}

const CHOWN_OPTIONS = {
  flags: 'Rhfvc',
  values: '=+',
  long: { recursive: 'R', 'no-dereference': 'h', from: '=', reference: '+', silent: 'f', quiet: 'f' },
};

export const chown: Program = (call) => {
  const { operands, has, value } = parseOptions(call, CHOWN_OPTIONS);
  if (has('v') || has('c')) throw new NotInterpretable('chown -v');
  const like = value('+');
  const [spec, ...paths] = like === undefined ? operands : ['', ...operands];
  if (spec === undefined || paths.length === 0) return fail(call, 'missing operand');
  const owner = like === undefined ? ownerOf(call, spec) : ownerLike(call, like);
  if (!owner) {
    return fail(call, like === undefined ? `invalid user: '${spec}'` : `failed to get attributes of '${like}'`);
  }
  const given = value('=');
  const from = given === undefined ? {} : ownerOf(call, given);
  if (!from) return fail(call, `invalid user: '${given}'`);
  const applies = (node: TreeNode): boolean =>
    (from.uid ?? node.uid) === node.uid && (from.gid ?? node.gid) === node.gid;
  return changeOwner(call, paths, owner, { isRecursive: has('R'), follows: !has('h'), isQuiet: has('f'), applies });
};

export const chgrp: Program = (call) => {
  const { operands, has } = parseOptions(call, { flags: 'Rhf', long: { recursive: 'R', 'no-dereference': 'h' } });
  const [spec, ...paths] = operands;
  if (spec === undefined || paths.length === 0) return fail(call, 'missing operand');
  const gid = groupOf(call, spec);
  if (gid === undefined) return fail(call, `invalid group: '${spec}'`);
  return changeOwner(
    call,
    paths,
    { gid },
    { isRecursive: has('R'), follows: !has('h'), isQuiet: has('f'), applies: () => true },
  );
};

interface ChangeOptions {
  readonly isRecursive: boolean;
  readonly follows: boolean;
  readonly isQuiet: boolean;
  readonly applies: (node: TreeNode) => boolean;
}

function changeOwner(call: Call, paths: readonly string[], owner: Owner, options: ChangeOptions): number {
  const { isRecursive, follows, isQuiet, applies } = options;
  const teller = isQuiet ? quiet(call) : call;
  const change = (node: TreeNode): Partial<Attributes> | undefined =>
    applies(node) ? { ...owner, mode: modeAfterChown(node) } : undefined;
  // With -R links themselves are changed, and none is followed.
  return changeEach(teller, paths, { isRecursive, follows: follows && !isRecursive, changesLinks: true }, change);
}

/** chown(2): set-ID bits of a file do not survive a change of owner, root's either. */
function modeAfterChown({ type, mode }: TreeNode): number {
  if (type !== 'file') return mode;
  const kept = mode & ~0o4000;
  return (kept & 0o010) === 0 ? kept : kept & ~0o2000;
}

interface WalkOptions {
  readonly isRecursive: boolean;
  readonly follows: boolean;
  readonly changesLinks: boolean;
}

type Change = (node: TreeNode) => Partial<Attributes> | undefined;

function changeEach(call: Call, paths: readonly string[], options: WalkOptions, change: Change): number {
  const { isRecursive, follows, changesLinks } = options;
  const { tree } = call;
  const visit = (path: string, isTop: boolean): void => {
    const follow = isTop && follows;
    const node = lookAt(tree, path, follow);
    if (!node) throw new FileError('ENOENT', path);
    const attributes = node.type === 'symlink' && !changesLinks ? undefined : change(node);
    if (attributes) tree.setAttributes(path, attributes, follow);
    if (isRecursive && node.type === 'directory') for (const name of tree.list(path)) visit(`${path}/${name}`, false);
  };
  return forEach(call, paths, (path) => visit(at(call, path), true), 'cannot access');
}

export const chmod: Program = (call) => {
  // Options are read by hand: a mode may begin with a minus.
  const words = call.argv.slice(1);
  let isRecursive = false;
  while (/^-[Rf]+$|^--recursive$|^--$/.test(words[0] ?? ''))
    isRecursive = /R|recursive/.test(words.shift()!) || isRecursive;
  const reference = /^--reference=(.+)$/.exec(words[0] ?? '')?.[1];
  const like = reference === undefined ? undefined : lookAt(call.tree, at(call, reference));
  if (reference !== undefined && !like) return fail(call, `failed to get attributes of '${reference}'`);
  const [word, ...paths] = words;
  const mode = like ? like.mode.toString(8) : word;
  if (mode === undefined || paths.length === 0) return fail(call, 'missing operand');
  if (/^-[^rwxXst]/.test(mode) || paths.some((path) => path.startsWith('-')))
    throw new NotInterpretable(`chmod ${words.join(' ')}`);
  const change: Change = ({ type, mode: before }) => ({
    mode: changeMode(mode, before, { isDirectory: type === 'directory', umask: call.umask }),
  });
  return changeEach(call, paths, { isRecursive, follows: true, changesLinks: false }, change);
};
