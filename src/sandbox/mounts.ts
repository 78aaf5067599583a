// What a program finds mounted in its root beside the image: /dev, /sys, the host's resolver, and what its caller gives it. The places for
// it lie in a layer below all others, so that they are there whatever the image has, and never among the changes.
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ImageSpecError } from '../core/error.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';

export interface Mount {
  /** Absolute, on the host: a file or a folder. */
  readonly source: string;
  readonly kind: 'file' | 'directory';
  /** In the image. */
  readonly target: string;
  readonly isReadOnly: boolean;
}

export interface MountPlan {
  /** Folder of the run. */
  readonly work: string;
  readonly facts: BaseFacts;
  readonly mounts: readonly Mount[];
  readonly hostName: string;
}

/** bind(…) of what the host has; nothing else of its /dev is seen. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
export const DEVICE_LINKS = { fd: '/proc/self/fd', stdin: 'fd/0', stdout: 'fd/1', stderr: 'fd/2', ptmx: 'pts/ptmx' };
/** The parts of /sys that tell of the machine; cgroups and the like are left out. */
const SYS_FOLDERS = ['block', 'bus', 'class', 'dev', 'devices', 'module'];

/** What every program finds mounted, before what its caller gives it. */
export function ownMounts(work: string): readonly Mount[] {
  return [
    { kind: 'directory', source: join(work, 'dev'), target: '/dev', isReadOnly: false },
    { kind: 'directory', source: join(work, 'sys'), target: '/sys', isReadOnly: true },
    { kind: 'file', source: join(work, 'resolv.conf'), target: '/etc/resolv.conf', isReadOnly: true },
    { kind: 'file', source: join(work, 'hosts'), target: '/etc/hosts', isReadOnly: true },
  ];
}

/** Prepares `bottom`, `dev`, `sys`, `mounts.fstab` and `places` in the folder of the run. */
export async function prepareMounts(plan: MountPlan): Promise<void> {
  const { work, facts } = plan;
  requireDirectories(facts);
  await folder(join(work, 'bottom', 'proc'));
  // A new proc may be mounted only where one is seen already (mount_too_revealing in the kernel): the program's covers this one.
  const missing = facts.entries.has('proc') ? [] : ['directory proc\n'];
  const rows = [`proc ${escape(join(work, 'root', 'proc'))} proc nosuid,nodev,noexec\n`];
  for (const mount of [...ownMounts(work), ...plan.mounts]) {
    const { at, isThere } = placeOf(facts, mount);
    if (!isThere) {
      await makePlace(join(work, 'bottom', at), mount.kind);
      missing.push(`${mount.kind} ${at}\n`);
    }
    rows.push(fstabRow(mount.source, join(work, 'root', at), `rbind${mount.isReadOnly ? ',ro' : ''}`));
    if (mount.target === '/dev') rows.push(...(await deviceRows(work, at)));
    if (mount.target === '/sys') rows.push(...(await systemRows(work, at)));
  }
  await writeHostFiles(work, plan.hostName);
  await writeFile(join(work, 'mounts.fstab'), rows.join(''));
  await writeFile(join(work, 'places'), missing.join(''));
}

/** `resolv.conf` and `hosts` in the folder of the run. */
export async function writeHostFiles(work: string, hostName: string): Promise<void> {
  await writeFile(join(work, 'resolv.conf'), await readFile('/etc/resolv.conf').catch(() => ''));
  await writeFile(
    join(work, 'hosts'),
    `127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ${hostName}\n${await hostsOfHost()}`,
  );
  for (const name of ['resolv.conf', 'hosts']) await chmod(join(work, name), 0o644);
}

/** Names that the host's administrator has given, without those of the host itself. */
async function hostsOfHost(): Promise<string> {
  const text = await readFile('/etc/hosts', 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => /^[0-9a-f]/i.test(line) && !/^(127\.|::1|f[ef])/i.test(line))
    .map((line) => `${line}\n`)
    .join('');
}

/** These two are mounted where they are, and not where a link leads. Throws `PATH_CONFLICT`. */
export function requireDirectories(facts: BaseFacts): void {
  for (const path of ['proc', 'dev']) requireDirectory(facts, path);
}

function requireDirectory(facts: BaseFacts, path: string): void {
  const found = facts.entries.get(path);
  if (!found || found.type === 'directory') return;
  throw new ImageSpecError('PATH_CONFLICT', `/${path} cannot be mounted: the image has a ${found.type} there`, {
    hint: `Choose a base_image in which /${path} is a directory, as every engine wants it.`,
    facts: { path: `/${path}` },
  });
}

/** The path in the image that the mount covers, and whether the image has something there. Throws `PATH_CONFLICT`. */
export function placeOf(facts: BaseFacts, { target, kind }: Mount): { readonly at: string; readonly isThere: boolean } {
  const at = resolvePath(facts, target, { follow: true });
  const found = facts.entries.get(at);
  const isDirectory = found?.type === 'directory';
  if (found && (at === '' || isDirectory !== (kind === 'directory')))
    throw new ImageSpecError('PATH_CONFLICT', `${target} cannot be mounted: the image has a ${found.type} there`, {
      hint: `Mount the ${kind} somewhere else.`,
      facts: { path: target },
    });
  return { at, isThere: found !== undefined };
}

/** An empty file or folder, with the folders above it. */
export async function makePlace(path: string, kind: Mount['kind']): Promise<void> {
  await folder(kind === 'directory' ? path : dirname(path));
  if (kind === 'file') await writeFile(path, '');
}

async function deviceRows(work: string, at: string): Promise<string[]> {
  const dev = join(work, 'dev');
  for (const name of ['.host', 'pts', 'shm']) await folder(join(dev, name));
  for (const [name, target] of Object.entries(DEVICE_LINKS)) await symlink(target, join(dev, name));
  for (const name of DEVICES) await writeFile(join(dev, name), '');
  const inside = join(work, 'root', at);
  return [
    ...DEVICES.map((name) => fstabRow(`/dev/${name}`, join(inside, name), 'bind')),
    `devpts ${escape(join(inside, 'pts'))} devpts newinstance,ptmxmode=0666,mode=0620,nosuid,noexec\n`,
    `shm ${escape(join(inside, 'shm'))} tmpfs mode=1777,nosuid,nodev\n`,
  ];
}

async function systemRows(work: string, at: string): Promise<string[]> {
  for (const name of SYS_FOLDERS) await folder(join(work, 'sys', name));
  const inside = join(work, 'root', at);
  return SYS_FOLDERS.map((name) => fstabRow(`/sys/${name}`, join(inside, name), 'bind,ro,nosuid,nodev,noexec,nofail'));
}

/** Whatever umask we have. */
async function folder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = dirname(at)) await chmod(at, 0o755);
}

function fstabRow(source: string, target: string, options: string): string {
  return `${escape(source)} ${escape(target)} none ${options}\n`;
}

/** fstab(5). */
export function escape(path: string): string {
  return path.replace(/[\\\s]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
