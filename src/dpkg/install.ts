// Packages into a staged filesystem, in the order and with the steps of dpkg (policy 6.5 to 6.7): preinst, files, database, postinst, triggers.
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { TreeNode, WritableTree } from '../filesystem/writable-tree.ts';
import type { InstalledPackage } from '../maintscript/dpkg-state.ts';
import type { Script, ScriptName } from './configure.ts';
import { carryOut } from './configure.ts';
import { fieldOf } from '../deb/control.ts';
import type { Deferred } from './deferral.ts';
import { Deferral } from './deferral.ts';
import { DpkgDatabase, keyOf } from './database.ts';
import type { OpenedDeb } from '../deb/opened-deb.ts';
import type { Alternatives } from '../deb/package.ts';
import { parsePackageVersion } from '../deb/relation.ts';
import { recordPackage, textOf } from './record-package.ts';
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
  readonly otherwise: Otherwise;
}

/** What becomes of a package whose script cannot be carried out: refused by name, left unpacked for good, or left to the image's own dpkg. */
export type Otherwise = 'refuse' | 'leave' | 'defer';

export interface Installation {
  /** What each package brought, by canonical path, in the order of `debs`. A path whose node was changed since belongs to nobody. */
  readonly brought: readonly ReadonlyMap<string, TreeNode>[];
  /** Things to know that are not failures. */
  readonly warnings: readonly string[];
  /** What is left to dpkg; undefined where everything is done. */
  readonly deferred: Deferred | undefined;
}

/** How far a package has come; `left` is unpacked, or `absent` not even that, for as long as this lasts. */
type Progress = 'unpacked' | 'left' | 'absent' | 'installed';

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
  deferred: Deferred | undefined;
  readonly #deferral = new Deferral();
  readonly #request: InstallRequest;
  readonly #database: DpkgDatabase;
  readonly #world: CreatedWorld;
  /** Version that was configured last, by name; undefined for a package that is new. */
  readonly #before = new Map<OpenedDeb, InstalledPackage | undefined>();
  readonly #state = new Map<OpenedDeb, Progress>();
  /** Triggers that wait for somebody else to process them, by package. */
  readonly #waiting = new Map<string, readonly string[]>();
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
    if (isUpgrade) this.warnings.push(`${deb.name} ${before.version} of the base image is replaced by ${deb.version}`);
    if (!this.#prepare(deb, next, isUpgrade ? before : undefined)) {
      this.#brought.set(deb, new Map());
      this.#state.set(deb, 'absent');
      return;
    }
    const about = parsePackageVersion(deb.control, this.#request.architecture);
    const warn = (text: string): void => void this.warnings.push(text);
    const filter = readPathFilter(tree);
    const work = { tree, database: this.#database, deb, about, before, filter, warn };
    const { paths, brought, conffiles } = placeFiles(work);
    if (isUpgrade) this.#run('postrm', before, ['upgrade', deb.version]);
    this.#brought.set(deb, brought);
    const one = { ...next, conffiles: new Map([...kept(before, tree), ...conffiles]) };
    recordPackage(tree, this.#database, one, deb, paths);
    for (const path of paths) this.#database.activatePath(path);
    this.#state.set(deb, 'unpacked');
  }

  /** The scripts that come before the files; false where the whole package is left to dpkg. */
  #prepare(deb: OpenedDeb, next: InstalledPackage, replaced: InstalledPackage | undefined): boolean {
    const defers = this.#request.otherwise === 'defer';
    const { preDepends } = parsePackageVersion(deb.control, this.#request.architecture);
    const needsDeferred = defers && this.#isDeferred(preDepends);
    if (needsDeferred && deb.members.has('preinst')) {
      this.#deferral.unpack(deb, true);
      return false;
    }
    const savepoint = this.#request.tree.savepoint();
    const restore = this.#database.savepoint();
    const words = replaced ? ['upgrade', replaced.version, deb.version] : ['install'];
    const isLeft = !replaced || this.#run('prerm', replaced, ['upgrade', deb.version]);
    const isPrepared = (isLeft || !defers) && this.#run('preinst', next, words, deb);
    if (!isPrepared && defers) {
      savepoint.undo();
      restore();
      this.#deferral.unpack(deb, needsDeferred);
      return false;
    }
    savepoint.keep();
    if (!isPrepared) this.#unprepared.add(deb);
    return true;
  }

  /** Whether one of them is met by a package that dpkg has still to configure. */
  #isDeferred(relations: readonly Alternatives[]): boolean {
    const names = new Set(relations.flat().map(({ name }) => name));
    const { architecture } = this.#request;
    return [...this.#state].some(([other, state]) => {
      if (state !== 'left' && state !== 'absent') return false;
      const { provides } = parsePackageVersion(other.control, architecture);
      return names.has(other.name) || provides.some(({ name }) => names.has(name));
    });
  }

  configure(deb: OpenedDeb): void {
    if (this.#state.get(deb) !== 'unpacked') return;
    const one = this.#database.find(`${deb.name}:${deb.architecture}`)!;
    const before = this.#before.get(deb);
    const reason = this.#reasonToLeave(deb);
    if (reason !== undefined) {
      this.#leave(deb);
      if (reason !== '' && this.#request.otherwise === 'leave')
        this.warnings.push(`${deb.name} is left unpacked, not configured, since ${reason} is`);
      return;
    }
    const version = before?.version ?? '';
    const postinst = textOf(deb, 'postinst');
    const isDone =
      (!postinst?.includes('/confmodule') || this.#run('config', one, ['configure', version], deb)) &&
      this.#run('postinst', one, ['configure', version], deb);
    if (!isDone) return this.#leave(deb);
    this.#state.set(deb, 'installed');
    this.#database.put({ ...one, state: 'installed', fields: statusFields(deb.control, 'installed') });
    // Configuring does what the triggers that waited would have done (deb-triggers(5)).
    this.#database.pending.delete(keyOf(one));
  }

  #leave(deb: OpenedDeb): void {
    this.#state.set(deb, 'left');
    this.#deferral.configure(deb);
  }

  processTriggers(): void {
    const { pending } = this.#database;
    for (let round = 0; pending.size > 0; round++) {
      if (round > TRIGGER_ROUNDS) throw new Error(`triggers go round in circles: ${[...pending.keys()].join(', ')}`);
      const [key, triggers] = [...pending][0]!;
      pending.delete(key);
      const one = this.#database.find(key);
      const waits = this.#waiting.get(key) ?? [];
      if (one?.state !== 'installed' && waits.length === 0) continue;
      const names = [...new Set([...waits, ...triggers])].join(' ');
      if (waits.length > 0 || !this.#run('postinst', one!, ['triggered', names])) this.#leavePending(one!, names);
    }
  }

  finish(): void {
    this.#finishWorld();
    this.#database.write();
    this.#markAutomatic();
    this.deferred = this.#request.otherwise === 'defer' ? this.#deferral.finish() : undefined;
  }

  #finishWorld(): void {
    try {
      this.#world.finish();
    } catch (error) {
      if (!(error instanceof NotInterpretable)) throw error;
      const what = `The cache of shared libraries cannot be written: ${error.message}`;
      const refusal = new ImageSpecError('CONFIGURE_UNSUPPORTED', what, {
        hint: 'Choose another base image, or set `apt_configure: never` to do without it.',
        cause: error,
      });
      if (this.#request.otherwise === 'refuse') throw refusal;
      if (this.#request.otherwise === 'leave') {
        this.warnings.push(what);
        return;
      }
      this.#deferral.because(refusal);
      this.#deferral.ldconfig();
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
    const names = new Set(
      relationsOf(deb, this.#request.architecture)
        .flat()
        .map(({ name }) => name),
    );
    return [...this.#state.keys()].filter((other) => other !== deb && names.has(other.name));
  }

  /** Name of a package that this one needs and that is left unpacked, as dpkg does it; '' when its own preinst is the reason. */
  #reasonToLeave(deb: OpenedDeb): string | undefined {
    if (this.#unprepared.has(deb)) return '';
    if (this.#request.otherwise === 'defer')
      return this.#isDeferred(relationsOf(deb, this.#request.architecture)) ? '' : undefined;
    return this.#dependsOf(deb).find((other) => this.#state.get(other) === 'left')?.name;
  }

  /** What dpkg's status says of triggers that wait (dpkg-query(1), package states). */
  #leavePending(one: InstalledPackage, triggers: string): void {
    const state = 'triggers-pending';
    this.#waiting.set(keyOf(one), triggers.split(' '));
    this.#deferral.processTriggers(one.name);
    const own = one.fields.filter(([field]) => field !== 'Triggers-Pending');
    const fields = own.map(([field, value]) => [field, field === 'Status' ? `install ok ${state}` : value] as const);
    this.#database.put({ ...one, state, fields: [...fields, ['Triggers-Pending', triggers]] });
  }

  /** Whether the script was carried out, or there is none. */
  #run(name: ScriptName, owner: InstalledPackage, args: readonly string[], deb?: OpenedDeb): boolean {
    const text = deb ? textOf(deb, name) : this.#database.memberOf(owner, name);
    if (text === undefined) return true;
    const script: Script = { name, text, args, package: owner };
    const restore = this.#database.savepoint();
    try {
      carryOut(script, this.#world);
      return true;
    } catch (error) {
      const { otherwise } = this.#request;
      const isRefusal = isImageSpecError(error) && error.code === 'CONFIGURE_UNSUPPORTED';
      // The older package's postrm is called by dpkg itself after the files alone: there is no way to have it called later.
      if (!isRefusal || otherwise === 'refuse' || (otherwise === 'defer' && name === 'postrm')) throw error;
      restore();
      if (otherwise === 'defer') {
        this.#deferral.because(error);
        return false;
      }
      const what = args[0] === 'triggered' ? 'has triggers that are not processed' : 'is left unpacked, not configured';
      this.warnings.push(`${owner.name} ${what}: ${error.message}`);
      return false;
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

function relationsOf(deb: OpenedDeb, architecture: string): readonly Alternatives[] {
  const { preDepends, depends } = parsePackageVersion(deb.control, architecture);
  return [...preDepends, ...depends];
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
