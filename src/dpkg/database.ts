// dpkg's database below /var/lib/dpkg of a staged filesystem: read when packages are to be installed, changed with them, written at the end.
import { FileError } from '../filesystem/writable-tree.ts';
import type { WritableTree } from '../filesystem/writable-tree.ts';
import type { Diversion, DpkgState, InstalledPackage, StatOverride } from '../maintscript/dpkg-state.ts';
import { parseStanzas } from '../deb/control.ts';
import { refuse } from './installed.ts';
import { printInstalled, readInstalled } from './status.ts';

const ADMIN = 'var/lib/dpkg';
const INFO = `${ADMIN}/info`;

/** `status`: dpkg's own. `status.d`: a file per package, as distroless images have it for scanners; dpkg does not read it. */
export type DatabaseKind = 'status' | 'status.d';

/** A control file that a package may leave in the database: `postinst`, `triggers`, `md5sums`, … */
export type Member = string;

export class DpkgDatabase implements DpkgState {
  readonly kind: DatabaseKind;
  readonly diversions: Diversion[];
  readonly overrides: StatOverride[];
  readonly #tree: WritableTree;
  readonly #architecture: string;
  /** By `name:architecture`. */
  readonly #packages = new Map<string, InstalledPackage>();
  /** Absolute paths by `name:architecture`, of packages that were changed here. */
  readonly #lists = new Map<string, readonly string[]>();
  readonly #owners = new Map<string, Set<string>>();
  #areOwnersRead = false;
  /** Packages that are interested in a trigger, by its name. */
  readonly #interests = new Map<string, Set<string>>();
  /** Triggers that wait to be processed, by package. */
  readonly pending = new Map<string, Set<string>>();

  /** @param architecture native, as dpkg names it: `amd64` */
  constructor(tree: WritableTree, architecture: string) {
    this.#tree = tree;
    this.#architecture = architecture;
    this.kind = !tree.get(`${ADMIN}/status`) && tree.get(`${ADMIN}/status.d`) ? 'status.d' : 'status';
    for (const one of this.#readPackages()) this.#packages.set(keyOf(one), one);
    this.diversions = readDiversions(this.#text(`${ADMIN}/diversions`));
    this.overrides = readOverrides(this.#text(`${ADMIN}/statoverride`));
    for (const one of this.all()) this.#readInterests(one);
  }

  find(name: string): InstalledPackage | undefined {
    if (name.includes(':')) {
      const [bare = '', architecture] = name.split(':');
      return this.#packages.get(name) ?? (architecture === this.#architecture ? this.#all(bare) : undefined);
    }
    return this.#packages.get(`${name}:${this.#architecture}`) ?? this.#all(name);
  }

  #all(name: string): InstalledPackage | undefined {
    return this.#packages.get(`${name}:all`);
  }

  all(): Iterable<InstalledPackage> {
    return this.#packages.values();
  }

  filesOf(name: string): readonly string[] {
    const found = this.find(name);
    if (!found) return [];
    const own = this.#lists.get(keyOf(found));
    if (own) return own;
    return this.#text(this.infoPath(found, 'list'))
      .split('\n')
      .filter((path) => path !== '' && path !== '/.');
  }

  /** Names (`name:architecture`) of the packages whose list has the path. */
  ownersOf(path: string): ReadonlySet<string> {
    if (!this.#areOwnersRead) {
      this.#areOwnersRead = true;
      for (const one of this.all()) this.#own(one, this.filesOf(keyOf(one)));
    }
    return this.#owners.get(path) ?? NOBODY;
  }

  /** A control file of an installed package, if it has one. */
  memberOf(one: InstalledPackage, member: Member): string | undefined {
    const path = this.infoPath(one, member);
    return this.#tree.get(path) ? this.#tree.readText(path) : undefined;
  }

  /** `var/lib/dpkg/info/libc6:amd64.list` */
  infoPath({ name, architecture, isSame }: InstalledPackage, member: Member): string {
    return `${INFO}/${name}${isSame ? `:${architecture}` : ''}.${member}`;
  }

  /** Remembers what scripts may change; the function that is returned goes back to it. */
  savepoint(): () => void {
    const diversions = [...this.diversions];
    const overrides = [...this.overrides];
    const pending = [...this.pending].map(([key, names]) => [key, new Set(names)] as const);
    return () => {
      this.diversions.splice(0, this.diversions.length, ...diversions);
      this.overrides.splice(0, this.overrides.length, ...overrides);
      this.pending.clear();
      for (const [key, names] of pending) this.pending.set(key, names);
    };
  }

  put(one: InstalledPackage): void {
    for (const [key, other] of this.#packages) {
      // A package may change between `all` and an architecture; two versions of one package are never there at once.
      if (other.name === one.name && key !== keyOf(one) && !(one.isSame && other.isSame)) this.#packages.delete(key);
    }
    this.#packages.set(keyOf(one), one);
  }

  setFiles(one: InstalledPackage, paths: readonly string[]): void {
    this.ownersOf('/');
    for (const path of this.filesOf(keyOf(one))) this.#owners.get(path)?.delete(keyOf(one));
    this.#lists.set(keyOf(one), paths);
    this.#own(one, paths);
  }

  #own(one: InstalledPackage, paths: readonly string[]): void {
    for (const path of paths) {
      const owners = this.#owners.get(path);
      if (owners) owners.add(keyOf(one));
      else this.#owners.set(path, new Set([keyOf(one)]));
    }
  }

  /** After its `triggers` file was put into the database. */
  addInterests(one: InstalledPackage): void {
    for (const names of this.#interests.values()) names.delete(keyOf(one));
    this.#readInterests(one);
  }

  #readInterests(one: InstalledPackage): void {
    if (one.state === 'config-files' || one.state === 'not-installed') return;
    for (const { isInterest, trigger } of readTriggers(this.memberOf(one, 'triggers') ?? '')) {
      if (!isInterest) continue;
      const names = this.#interests.get(trigger);
      if (names) names.add(keyOf(one));
      else this.#interests.set(trigger, new Set([keyOf(one)]));
    }
  }

  activate(trigger: string): void {
    for (const key of this.#interests.get(trigger) ?? []) {
      const waiting = this.pending.get(key);
      if (waiting) waiting.add(trigger);
      else this.pending.set(key, new Set([trigger]));
    }
  }

  /** File triggers: whoever is interested in the path or in a directory above it (deb-triggers(5)). */
  activatePath(path: string): void {
    for (let at = path; at.length > 1; at = at.slice(0, at.lastIndexOf('/'))) this.activate(at);
  }

  /** Writes status, diversions, overrides and trigger interests; what did not change keeps its bytes. */
  write(): void {
    if (this.kind === 'status.d') return;
    const tree = this.#tree;
    for (const folder of [INFO, `${ADMIN}/updates`, `${ADMIN}/triggers`, `${ADMIN}/alternatives`])
      tree.makeDirectories(folder);
    // dpkg writes a fixed order, that of a sorted list since 1.16.
    const packages = [...this.all()].sort((a, b) =>
      a.name === b.name ? compare(a.architecture, b.architecture) : compare(a.name, b.name),
    );
    this.#put(`${ADMIN}/status`, packages.map((one) => `${printInstalled(one)}\n`).join(''));
    this.#put(`${ADMIN}/available`, this.#text(`${ADMIN}/available`));
    this.#put(`${INFO}/format`, '1\n');
    const diversions = this.diversions.map(({ from, to, by }) => `${from}\n${to}\n${by}\n`).join('');
    const overrides = this.overrides.map(
      ({ owner, group, mode, path }) => `${owner} ${group} ${mode.toString(8)} ${path}\n`,
    );
    if (diversions !== '' || tree.get(`${ADMIN}/diversions`)) this.#put(`${ADMIN}/diversions`, diversions);
    if (overrides.length > 0 || tree.get(`${ADMIN}/statoverride`))
      this.#put(`${ADMIN}/statoverride`, overrides.join(''));
    this.#writeInterests();
    for (const [key, paths] of this.#lists) {
      const one = this.#packages.get(key);
      if (one) this.#put(this.infoPath(one, 'list'), ['/.', ...paths].map((path) => `${path}\n`).join(''));
    }
  }

  /** `triggers/File` has `PATH PACKAGE`, every other trigger a file of its own (dpkg's lib/dpkg/trigdeferred and triglib). */
  #writeInterests(): void {
    const before = this.#text(`${ADMIN}/triggers/File`).split('\n');
    const files: string[] = [];
    for (const [trigger, keys] of this.#interests) {
      const names = [...keys].flatMap((key) => this.#interestLine(key, trigger)).sort();
      if (trigger.startsWith('/')) files.push(...names.map((name) => `${trigger} ${name}\n`));
      else this.#put(`${ADMIN}/triggers/${trigger}`, names.map((name) => `${name}\n`).join(''));
    }
    // dpkg adds new lines at the end.
    const order = (line: string): number => before.indexOf(line.trimEnd());
    const known = files.filter((line) => order(line) >= 0).sort((a, b) => order(a) - order(b));
    const all = [...known, ...files.filter((line) => order(line) < 0)];
    if (all.length > 0 || this.#tree.get(`${ADMIN}/triggers/File`)) this.#put(`${ADMIN}/triggers/File`, all.join(''));
    this.#put(`${ADMIN}/triggers/Unincorp`, '');
  }

  #interestLine(key: string, trigger: string): string[] {
    const one = this.#packages.get(key);
    const found =
      one &&
      readTriggers(this.memberOf(one, 'triggers') ?? '').find((line) => line.isInterest && line.trigger === trigger);
    if (!one || !found) return [];
    return [`${one.name}${one.isSame ? `:${one.architecture}` : ''}${found.waits ? '' : '/noawait'}`];
  }

  #put(path: string, text: string): void {
    if (this.#tree.get(path) && this.#text(path) === text) return;
    this.#tree.write(path, text);
  }

  #text(path: string): string {
    return this.#tree.get(path) ? this.#tree.readText(path) : '';
  }

  #readPackages(): InstalledPackage[] {
    const tree = this.#tree;
    const names =
      this.kind === 'status' ? ['status'] : tree.list(`${ADMIN}/status.d`).map((name) => `status.d/${name}`);
    return names
      .filter((name) => !name.endsWith('.md5sums'))
      .flatMap((name) => parseStanzas(this.#text(`${ADMIN}/${name}`), (line) => refuse(`${ADMIN}/${name}`, line)))
      .flatMap((stanza) => readInstalled(stanza) ?? []);
  }
}

const NOBODY: ReadonlySet<string> = new Set();
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Names a package in the database: two architectures of one may be there. */
export function keyOf({ name, architecture }: { readonly name: string; readonly architecture: string }): string {
  return `${name}:${architecture}`;
}

/** Three lines each: the path, where it is diverted to, and by whom. */
function readDiversions(text: string): Diversion[] {
  const lines = text.split('\n');
  const found: Diversion[] = [];
  for (let i = 0; i + 2 < lines.length; i += 3) found.push({ from: lines[i]!, to: lines[i + 1]!, by: lines[i + 2]! });
  return found;
}

/** `owner group mode path` (dpkg-statoverride(1)). */
function readOverrides(text: string): StatOverride[] {
  return text.split('\n').flatMap((line) => {
    const [, owner, group, mode, path] = /^(\S+) (\S+) ([0-7]+) (.+)$/.exec(line) ?? [];
    return path === undefined ? [] : [{ owner: owner!, group: group!, mode: parseInt(mode!, 8), path }];
  });
}

export interface TriggerLine {
  readonly isInterest: boolean;
  /** Whether the package that activates waits until the trigger is processed. */
  readonly waits: boolean;
  /** A name, or an absolute path. */
  readonly trigger: string;
}

/** deb-triggers(5). */
export function readTriggers(text: string): TriggerLine[] {
  return text.split('\n').flatMap((line) => {
    const [, verb, manner, trigger] =
      /^\s*(interest|activate)(-await|-noawait)?\s+(\S+)\s*$/.exec(line.replace(/#.*/, '')) ?? [];
    return trigger === undefined ? [] : [{ isInterest: verb === 'interest', waits: manner !== '-noawait', trigger }];
  });
}

/** Whether a failure means that the bytes are in the base only. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof FileError && error.code === 'UNREADABLE';
}
