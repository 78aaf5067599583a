// `update-ca-certificates`: the trusted certificates of an image as one bundle and as links, as Debian's shell script leaves them (20250419).
import type { WritableTree } from '../filesystem/writable-tree.ts';
import type { Call, Program } from '../shell/program.ts';
import { NotInterpretable } from '../shell/program.ts';
import { findCertificates, findLinks } from './find-certificates.ts';
import { rehash } from './openssl-rehash.ts';
import { readBytes } from './read-bytes.ts';

/** Absolute paths, and what the options say. */
interface Settings {
  readonly isVerbose: boolean;
  readonly isFresh: boolean;
  readonly isDefault: boolean;
  readonly configuration: string;
  readonly certificates: string;
  readonly local: string;
  readonly bundle: string;
  readonly target: string;
  /** '' for none. */
  readonly hooks: string;
}

/** What the script keeps in its temporary files. */
interface Progress {
  readonly added: string[];
  readonly removed: string[];
  readonly bundle: Uint8Array[];
}

const PATHS = {
  configuration: '/etc/ca-certificates.conf',
  certificates: '/usr/share/ca-certificates',
  local: '/usr/local/share/ca-certificates',
  bundle: 'ca-certificates.crt',
  target: '/etc/ssl/certs',
  hooks: '/etc/ca-certificates/update.d',
};

const PATH_OPTIONS = new Map<string, keyof typeof PATHS>([
  ['--certsconf', 'configuration'],
  ['--certsdir', 'certificates'],
  ['--localcertsdir', 'local'],
  ['--certbundle', 'bundle'],
  ['--etccertsdir', 'target'],
  ['--hooksdir', 'hooks'],
]);

/** update-ca-certificates(8). Hooks are run through `call.run`. Throws `NotInterpretable` for `--sysroot` and for bytes that nobody knows. */
export const updateCaCertificates: Program = (call) => {
  const settings = readSettings(call);
  if (!settings) {
    call.stdout('/usr/sbin/update-ca-certificates: [--verbose] [--fresh]\n');
    return 0;
  }
  const { tree } = call;
  const { target } = settings;
  if (tree.get(target)?.type !== 'directory') {
    call.stderr(`/usr/sbin/update-ca-certificates: 1: cd: can't cd to ${target}\n`);
    return 2;
  }
  if (tree.get(`${target}/${settings.bundle}.new`, false))
    throw new NotInterpretable(`${settings.bundle}.new is left over`);
  if (settings.isFresh) clearLinks(call, settings);
  call.stdout(`Updating certificates in ${target}...\n`);
  const progress: Progress = { added: [], removed: [], bundle: [] };
  linkAll(call, settings, progress);
  if (progress.added.length + progress.removed.length > 0) rehashTarget(call, settings);
  writeBundle(tree, settings, progress);
  call.stdout(`${progress.added.length} added, ${progress.removed.length} removed; done.\n`);
  runHooks(call, settings, progress);
  return 0;
};

/** Undefined where the script prints its usage. */
function readSettings({ argv, tree }: Call): Settings | undefined {
  const paths = { ...PATHS };
  const flags = { isVerbose: false, isFresh: false, isDefault: false };
  const args = argv.slice(1);
  for (let option = args.shift(); option !== undefined; option = args.shift()) {
    const named = PATH_OPTIONS.get(option);
    if (named) paths[named] = readPath(option, args.shift());
    else if (option === '--verbose' || option === '-v') flags.isVerbose = true;
    else if (option === '--fresh' || option === '-f') flags.isFresh = true;
    else if (option === '--default' || option === '-d') flags.isDefault = flags.isFresh = true;
    else if (option === '--sysroot') throw new NotInterpretable('update-ca-certificates --sysroot');
    else return undefined;
  }
  const configuration = tree.get(paths.configuration);
  const isEmpty = configuration?.type !== 'file' || readBytes(tree, paths.configuration).length === 0;
  return { ...paths, ...flags, isFresh: flags.isFresh || isEmpty };
}

/** The script lets the shell expand some of them; relative ones would be found from two working directories. */
function readPath(option: string, value: string | undefined): string {
  const isPlain =
    option === '--certbundle' ? /^[\w.+-]+$/ : option === '--hooksdir' ? /^(?:\/[\w./+-]*)?$/ : /^\/[\w./+-]+$/;
  if (value === undefined || !isPlain.test(value))
    throw new NotInterpretable(`update-ca-certificates ${option} ${value}`);
  return value;
}

/** `--fresh`: links to our certificates, then links to anything that is no file. */
function clearLinks({ tree, stdout }: Call, { target, certificates, local }: Settings): void {
  stdout(`Clearing symlinks in ${target}...\n`);
  for (const { path, to } of findLinks(tree, target)) {
    if (to.startsWith(certificates) || to.startsWith(local)) tree.remove(path);
  }
  for (const { path } of findLinks(tree, target)) if (tree.get(path)?.type !== 'file') tree.remove(path);
  stdout('done.\n');
}

function linkAll(call: Call, settings: Settings, progress: Progress): void {
  const { tree } = call;
  const { certificates, local, configuration } = settings;
  if (settings.isDefault) for (const path of findCertificates(tree, certificates)) add(tree, settings, path, progress);
  const lines = readLines(call, configuration);
  for (const line of lines) if (line.startsWith('!')) remove(tree, settings, trim(line.slice(1)), progress);
  for (const line of lines.filter((line) => !/^[#!]/.test(line)).map(trim)) {
    const path = `${certificates}/${line}`;
    if (tree.get(path)?.type === 'file') add(tree, settings, path, progress);
    else call.stderr(`W: ${path} not found, but listed in ${configuration}.\n`);
  }
  if (tree.get(local)?.type === 'directory') {
    for (const path of findCertificates(tree, local)) add(tree, settings, path, progress);
  }
}

/** Lines that are not empty. `read` of the shell passes over a last line without a line feed, as `sed` leaves it. */
function readLines({ tree, stderr }: Call, path: string): string[] {
  if (tree.get(path)?.type !== 'file') {
    for (let times = 0; times < 2; times++) stderr(`sed: can't read ${path}: No such file or directory\n`);
    return [];
  }
  const lines = new TextDecoder().decode(readBytes(tree, path)).split('\n').slice(0, -1);
  return lines.filter((line) => line !== '');
}

/** What `read` cuts off (POSIX, IFS white space). */
const trim = (line: string): string => line.replace(/^[ \t]+|[ \t]+$/g, '');

function add(tree: WritableTree, { target }: Settings, path: string, { added, bundle }: Progress): void {
  if (path.includes('\\')) throw new NotInterpretable(`a certificate named ${path}`);
  const name = baseName(path).replaceAll(/[ ,]/g, '_').replaceAll(/[()]/g, '=');
  const link = `${target}/${name}.pem`;
  const there = tree.get(link, false);
  if (tree.get(link)?.type === 'directory') throw new NotInterpretable(`a directory ${link}`);
  if (!tree.get(link) || there?.type !== 'symlink' || there.target !== path) {
    if (there) tree.remove(link);
    tree.symlink(link, path);
    added.push(`+${link}\n`);
  }
  const bytes = readBytes(tree, path);
  bundle.push(bytes);
  if (bytes.length > 0 && bytes.at(-1) !== 0x0a) bundle.push(Uint8Array.of(0x0a));
}

/** Here the script looks for the name as it is, without the replacements of `add`. */
function remove(tree: WritableTree, { target }: Settings, name: string, { removed }: Progress): void {
  const link = `${target}/${baseName(name)}.pem`;
  if (tree.get(link, false)?.type !== 'symlink') return;
  tree.remove(link);
  removed.push(`-${link}\n`);
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1).replace(/(?<=.)\.crt$/, '');

function rehashTarget({ tree, stdout, stderr }: Call, { target, isVerbose }: Settings): void {
  for (const { path } of findLinks(tree, target)) {
    if (tree.get(path)) continue;
    tree.remove(path);
    if (isVerbose) stdout(`Removed orphan symlink ${path}\n`);
  }
  if (isVerbose) stdout('Doing .\n');
  rehash(tree, target, { isVerbose, stdout, stderr });
}

/** Without any certificate there is no new bundle, and the old one stays. */
function writeBundle(tree: WritableTree, { target, bundle: name }: Settings, { bundle }: Progress): void {
  if (bundle.length === 0) return;
  const path = `${target}/${name}`;
  if (tree.get(path, false)?.type === 'directory') throw new NotInterpretable(`a directory ${path}`);
  if (tree.get(path, false)) tree.remove(path);
  tree.write(path, Buffer.concat(bundle), { mode: 0o644 });
}

/** Those that run-parts(8) would run, with what changed as their input. */
function runHooks({ tree, stdout, run }: Call, { hooks }: Settings, { added, removed }: Progress): void {
  if (hooks === '' || tree.get(hooks)?.type !== 'directory') return;
  stdout(`Running hooks in ${hooks}...\n`);
  const stdin = [...added, ...removed].join('');
  for (const name of tree.list(hooks).filter((name) => /^[\w-]+$/.test(name))) {
    const path = `${hooks}/${name}`;
    const node = tree.get(path);
    if (node?.type !== 'file' || (node.mode & 0o111) === 0) continue;
    const status = run([path], { stdin });
    if (status !== 0) stdout(`E: ${path} exited with code ${status}.\n`);
  }
  stdout('done.\n');
}
