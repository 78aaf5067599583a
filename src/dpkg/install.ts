// Packages into a staged filesystem, in the order and with the steps of dpkg (policy 6.5 to 6.7): preinst, files, database, postinst, triggers.
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { TreeNode, WritableTree } from '../filesystem/writable-tree.ts';
import type { InstalledPackage } from '../maintscript/dpkg-state.ts';
import type { Script, ScriptName } from './configure.ts';
import { carryOut } from './configure.ts';
import { fieldOf, printStanza } from '../deb/control.ts';
import { DpkgDatabase, keyOf, readTriggers } from './database.ts';
import type { OpenedDeb } from '../deb/opened-deb.ts';
import { parsePackageVersion } from '../deb/relation.ts';
import type { CreatedWorld } from './script-world.ts';
import { createScriptWorld } from './script-world.ts';
import { partEssential } from './part-essential.ts';
import { statusFields } from './status.ts';
import { readPathFilter } from './path-filter.ts';
import { placeFiles } from './place-files.ts';

export interface WantedDeb {
  readonly deb: OpenedDeb;
  /** Asked for by the user, and not only by another package. */
  readonly requested: boolean;
}

export interface InstallRequest {
  readonly tree: WritableTree;
  /** As dpkg names it: `amd64`. */
  readonly architecture: string;
  /** Dependencies first. */
  readonly debs: readonly WantedDeb[];
  /** Leave packages unpacked whose scripts cannot be carried out, instead of refusing them. */
  readonly leavesUnpacked: boolean;
}

export interface Installation {
  /** What each package brought, by canonical path, in the order of `debs`. A path whose node was changed since belongs to nobody. */
  readonly brought: readonly ReadonlyMap<string, TreeNode>[];
  /** Things to know that are not failures. */
  readonly warnings: readonly string[];
}

/** How far a package has come; `left` is unpacked for good. */
type Progress = 'unpacked' | 'left' | 'installed';

/** Triggers activate each other; a chain this long goes round in circles. */
const TRIGGER_ROUNDS = 100;

/** Throws `PACKAGES_CONFLICT`, `CONFIGURE_UNSUPPORTED`, `DEB_INVALID`. */
export function installDebs(request: InstallRequest): Installation {
  const installer = new Installer(request);
  for (const debs of partEssential(request.debs, request.architecture)) {
    for (const wanted of debs) installer.unpack(wanted);
    for (const { deb } of debs) installer.configure(deb);
    installer.processTriggers();
  }
  // Where there is nothing to do, nothing is written: files that dpkg would have made by now stay unmade.
  if (request.debs.length > 0) installer.finish();
  return installer;
}

class Installer implements Installation {
  readonly #brought = new Map<OpenedDeb, ReadonlyMap<string, TreeNode>>();
  readonly warnings: string[] = [];
  readonly #request: InstallRequest;
  readonly #database: DpkgDatabase;
  readonly #world: CreatedWorld;
  /** Version that was configured last, by name; undefined for a package that is new. */
  readonly #before = new Map<OpenedDeb, InstalledPackage | undefined>();
  readonly #state = new Map<OpenedDeb, Progress>();
  /** Packages whose preinst was not carried out: they cannot be configured. */
  readonly #unprepared = new Set<OpenedDeb>();

  constructor(request: InstallRequest) {
    this.#request = request;
    this.#database = new DpkgDatabase(request.tree, request.architecture);
    const members = new Map(request.debs.map(({ deb }) => [deb.name, deb]));
    this.#world = createScriptWorld({
      tree: request.tree,
      database: this.#database,
      architecture: request.architecture,
      templatesOf: (owner) => {
        const deb = members.get(owner.name);
        return deb ? textOf(deb, 'templates') : this.#database.memberOf(owner, 'templates');
      },
    });
  }

  get brought(): readonly ReadonlyMap<string, TreeNode>[] {
    return this.#request.debs.map(({ deb }) => this.#brought.get(deb)!);
  }

  unpack({ deb }: WantedDeb): void {
    const { tree } = this.#request;
    this.#configurePreDepends(deb);
    const before = this.#database.find(`${deb.name}:${deb.architecture}`) ?? this.#database.find(deb.name);
    const isUpgrade = before !== undefined && before.state !== 'config-files';
    this.#before.set(deb, before);
    const next = packageOf(deb, 'unpacked', before);
    if (isUpgrade) {
      this.warnings.push(`${deb.name} ${before.version} of the base image is replaced by ${deb.version}`);
      this.#run('prerm', before, ['upgrade', deb.version]);
    }
    const words = isUpgrade ? ['upgrade', before.version, deb.version] : ['install'];
    if (!this.#run('preinst', next, words, deb)) this.#unprepared.add(deb);
    const about = parsePackageVersion(deb.control, this.#request.architecture);
    const warn = (text: string): void => void this.warnings.push(text);
    const filter = readPathFilter(tree);
    const work = { tree, database: this.#database, deb, about, before, filter, warn };
    const { paths, brought, conffiles } = placeFiles(work);
    if (isUpgrade) this.#run('postrm', before, ['upgrade', deb.version]);
    this.#brought.set(deb, brought);
    this.#record({ ...next, conffiles: new Map([...kept(before, tree), ...conffiles]) }, deb, paths);
    for (const path of paths) this.#database.activatePath(path);
    this.#state.set(deb, 'unpacked');
  }

  configure(deb: OpenedDeb): void {
    if (this.#state.get(deb) !== 'unpacked') return;
    const one = this.#database.find(`${deb.name}:${deb.architecture}`)!;
    const before = this.#before.get(deb);
    const reason = this.#reasonToLeave(deb);
    if (reason !== undefined) {
      this.#state.set(deb, 'left');
      if (reason !== '') this.warnings.push(`${deb.name} is left unpacked, not configured, since ${reason} is`);
      return;
    }
    const version = before?.version ?? '';
    const postinst = textOf(deb, 'postinst');
    const isDone =
      (!postinst?.includes('/confmodule') || this.#run('config', one, ['configure', version], deb)) &&
      this.#run('postinst', one, ['configure', version], deb);
    this.#state.set(deb, isDone ? 'installed' : 'left');
    if (!isDone) return;
    this.#database.put({ ...one, state: 'installed', fields: statusFields(deb.control, 'installed') });
    // Configuring does what the triggers that waited would have done (deb-triggers(5)).
    this.#database.pending.delete(keyOf(one));
  }

  processTriggers(): void {
    const { pending } = this.#database;
    for (let round = 0; pending.size > 0; round++) {
      if (round > TRIGGER_ROUNDS) throw new Error(`triggers go round in circles: ${[...pending.keys()].join(', ')}`);
      const [key, triggers] = [...pending][0]!;
      pending.delete(key);
      const one = this.#database.find(key);
      if (one?.state !== 'installed') continue;
      const names = [...triggers].join(' ');
      if (!this.#run('postinst', one, ['triggered', names])) this.#leavePending(one, names);
    }
  }

  finish(): void {
    this.#finishWorld();
    this.#database.write();
    this.#markAutomatic();
  }

  #finishWorld(): void {
    try {
      this.#world.finish();
    } catch (error) {
      if (!(error instanceof NotInterpretable)) throw error;
      const what = `The cache of shared libraries cannot be written: ${error.message}`;
      if (!this.#request.leavesUnpacked) {
        throw new ImageSpecError('CONFIGURE_UNSUPPORTED', what, {
          hint: 'Choose another base image, or set `apt_configure: never` to do without it.',
          cause: error,
        });
      }
      this.warnings.push(what);
    }
  }

  /** A package is configured before another that pre-depends on it is unpacked (policy 7.2). */
  #configurePreDepends(deb: OpenedDeb): void {
    const { preDepends } = parsePackageVersion(deb.control, this.#request.architecture);
    const names = new Set(preDepends.flat().map(({ name }) => name));
    for (const [other] of this.#state) if (names.has(other.name)) this.#configureWithDepends(other, new Set());
  }

  #configureWithDepends(deb: OpenedDeb, seen: Set<OpenedDeb>): void {
    if (seen.has(deb)) return;
    seen.add(deb);
    for (const other of this.#dependsOf(deb)) this.#configureWithDepends(other, seen);
    this.configure(deb);
  }

  /** Those of the packages at hand that this one needs. */
  #dependsOf(deb: OpenedDeb): OpenedDeb[] {
    const { preDepends, depends } = parsePackageVersion(deb.control, this.#request.architecture);
    const names = new Set([...preDepends, ...depends].flat().map(({ name }) => name));
    return [...this.#state.keys()].filter((other) => other !== deb && names.has(other.name));
  }

  /** Name of a package that this one needs and that is left unpacked, as dpkg does it; '' when its own preinst is the reason. */
  #reasonToLeave(deb: OpenedDeb): string | undefined {
    if (this.#unprepared.has(deb)) return '';
    return this.#dependsOf(deb).find((other) => this.#state.get(other) === 'left')?.name;
  }

  /** What dpkg's status says of triggers that wait (dpkg-query(1), package states). */
  #leavePending(one: InstalledPackage, triggers: string): void {
    const state = 'triggers-pending';
    const fields = one.fields.map(
      ([field, value]) => [field, field === 'Status' ? `install ok ${state}` : value] as const,
    );
    this.#database.put({ ...one, state, fields: [...fields, ['Triggers-Pending', triggers]] });
  }

  /** Whether the script was carried out, or there is none. */
  #run(name: ScriptName, owner: InstalledPackage, args: readonly string[], deb?: OpenedDeb): boolean {
    const text = deb ? textOf(deb, name) : this.#database.memberOf(owner, name);
    if (text === undefined) return true;
    const script: Script = { name, text, args, package: owner };
    try {
      carryOut(script, this.#world);
      return true;
    } catch (error) {
      const leaves = this.#request.leavesUnpacked && isImageSpecError(error) && error.code === 'CONFIGURE_UNSUPPORTED';
      if (!leaves) throw error;
      const what = args[0] === 'triggered' ? 'has triggers that are not processed' : 'is left unpacked, not configured';
      this.warnings.push(`${owner.name} ${what}: ${error.message}`);
      return false;
    }
  }

  #record(one: InstalledPackage, deb: OpenedDeb, paths: readonly string[]): void {
    const { tree } = this.#request;
    const database = this.#database;
    database.put(one);
    if (database.kind === 'status.d') {
      const md5sums = deb.members.get('md5sums');
      tree.write(`var/lib/dpkg/status.d/${deb.name}`, printStanza(deb.control));
      tree.write(`var/lib/dpkg/status.d/${deb.name}.md5sums`, md5sums?.bytes ?? madeSums(deb));
      database.setFiles(one, paths);
      return;
    }
    tree.makeDirectories('var/lib/dpkg/info');
    this.#forgetMembers(one, deb);
    for (const [member, { bytes, mode }] of deb.members) {
      tree.write(database.infoPath(one, member), bytes, { mode: mode & 0o777 });
    }
    if (!deb.members.has('md5sums')) tree.write(database.infoPath(one, 'md5sums'), madeSums(deb));
    database.setFiles(one, paths);
    database.addInterests(one);
    const triggers = textOf(deb, 'triggers') ?? '';
    for (const { isInterest, trigger } of readTriggers(triggers)) if (!isInterest) database.activate(trigger);
  }

  /** Control files that the older version left and the newer one does not have. */
  #forgetMembers(one: InstalledPackage, deb: OpenedDeb): void {
    const { tree } = this.#request;
    const start = this.#database.infoPath(one, '');
    for (const name of tree.list('var/lib/dpkg/info')) {
      const path = `var/lib/dpkg/info/${name}`;
      const member = path.slice(start.length);
      const isOld = path.startsWith(start) && !member.includes('.') && !deb.members.has(member);
      if (isOld && member !== 'list' && member !== 'md5sums') tree.remove(path);
    }
  }

  /** apt's record of what nobody asked for, so that `apt-get autoremove` in the image knows; only where apt keeps one. */
  #markAutomatic(): void {
    const { tree, debs, architecture } = this.#request;
    const file = 'var/lib/apt/extended_states';
    if (!tree.get('var/lib/apt')) return;
    const before = tree.get(file) ? tree.readText(file) : '';
    const isNew = ({ deb }: WantedDeb): boolean => this.#before.get(deb) === undefined;
    const lines = debs
      .filter((one) => !one.requested && isNew(one))
      .map(({ deb }) => {
        const own = deb.architecture === 'all' ? architecture : deb.architecture;
        return `Package: ${deb.name}\nArchitecture: ${own}\nAuto-Installed: 1\n\n`;
      });
    if (lines.length > 0) tree.write(file, before + lines.join(''));
  }
}

function packageOf(deb: OpenedDeb, state: 'unpacked', before: InstalledPackage | undefined): InstalledPackage {
  return {
    name: deb.name,
    version: deb.version,
    architecture: deb.architecture,
    isSame: fieldOf(deb.control, 'Multi-Arch') === 'same',
    state,
    fields: statusFields(deb.control, state, before?.version),
    conffiles: new Map(),
  };
}

/** Conffiles of the older version that are still there: dpkg goes on knowing them. */
function kept(before: InstalledPackage | undefined, tree: WritableTree): readonly (readonly [string, string])[] {
  return [...(before?.conffiles ?? [])].filter(([path]) => tree.get(path) !== undefined);
}

function textOf(deb: OpenedDeb, member: string): string | undefined {
  const found = deb.members.get(member);
  return found && new TextDecoder().decode(found.bytes);
}

/** What dpkg writes for a package that brings no checksums of its own: `md5  path`, conffiles left out. */
function madeSums(deb: OpenedDeb): string {
  const conffiles = new Set((textOf(deb, 'conffiles') ?? '').split('\n').map((line) => line.trim().slice(1)));
  const lines = [...deb.md5].filter(([path]) => !conffiles.has(path)).map(([path, md5]) => `${md5}  ${path}\n`);
  return lines.join('');
}

/** Whether a base can take packages at all: what is there but is no Debian system would be broken by them. */
export function requireDebian(tree: WritableTree, base: string): void {
  const isEmpty = tree.list('/').length === 0;
  if (isEmpty || tree.get('var/lib/dpkg/status') || tree.get('var/lib/dpkg/status.d')) return;
  throw new ImageSpecError(
    'PACKAGES_CONFLICT',
    `Debian packages cannot be installed on ${base}: it has no dpkg database`,
    {
      hint: 'Choose a base image that is made of Debian packages, or scratch.',
    },
  );
}
