// All that a maintainer script may call: POSIX utilities, Debian's own programs and debconf, put together over one tree and one database.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { FileError, nodeSize } from '../filesystem/writable-tree.ts';
import { updateCaCertificates } from '../maintscript/ca-certificates.ts';
import { CONFMODULE, confmodule } from '../maintscript/confmodule.ts';
import { Debconf } from '../maintscript/debconf.ts';
import type { InstalledPackage } from '../maintscript/dpkg-state.ts';
import { writeLdCache } from '../maintscript/ld-cache.ts';
import { openssl } from '../maintscript/openssl-rehash.ts';
import { maintscriptPrograms } from '../maintscript/programs.ts';
import { posixPrograms } from '../shell/programs.ts';
import { MACHINES } from '../deb/architecture.ts';
import type { ScriptWorld } from './configure.ts';
import type { DpkgDatabase } from './database.ts';
import { compareVersions } from '../deb/version.ts';

export interface WorldOptions {
  readonly tree: WritableTree;
  readonly database: DpkgDatabase;
  /** As dpkg names it. */
  readonly architecture: string;
  /** `templates` of a package, if it asks questions. */
  readonly templatesOf: (owner: InstalledPackage) => string | undefined;
}

const DEBCONF_CACHE = '/var/cache/debconf';
/**
 * Scripts ask for the release of the kernel to refuse one that is too old, and an image is not made for the kernel of the host that makes it:
 * the answer is one that everything in it accepts.
 */
const KERNEL_RELEASE = '6.1.0';

export interface CreatedWorld extends ScriptWorld {
  /** What waits for the last script: the cache of libraries. Throws `NotInterpretable`. */
  readonly finish: () => void;
}

export function createScriptWorld({ tree, database, architecture, templatesOf }: WorldOptions): CreatedWorld {
  const debconf = new Debconf();
  debconf.seed(textOf(tree, `${DEBCONF_CACHE}/templates.dat`), textOf(tree, `${DEBCONF_CACHE}/config.dat`));
  let wantsLdCache = false;
  const debian = maintscriptPrograms({
    state: database,
    nativeArchitecture: architecture,
    compareVersions,
    onLdconfig: () => void (wantsLdCache = true),
  });
  const own = [
    ['update-ca-certificates', updateCaCertificates],
    ['openssl', openssl],
  ] as const;
  const posix = posixPrograms({ machine: MACHINES.get(architecture), release: KERNEL_RELEASE });
  const programs = new Map([...posix, ...debian, ...own]);
  const modules = (owner: InstalledPackage): ReturnType<ScriptWorld['modules']> => {
    const templates = templatesOf(owner);
    if (templates !== undefined) debconf.load(owner.name, templates);
    return new Map([[CONFMODULE, confmodule(debconf, owner.name)]]);
  };
  const finish = (): void => {
    if (!wantsLdCache) return;
    writeLdCache(tree, { architecture, libcBin: database.find('libc-bin')?.version, readSlice: sliceReader(tree) });
  };
  return { tree, programs, modules, assumed: new Set([...posix.keys(), ...ESSENTIAL]), finish };
}

/** Of packages that every Debian system has: scripts call them without a dependency (policy 3.5), also while an image is made from nothing. */
const ESSENTIAL: ReadonlySet<string> = new Set([
  'deb-systemd-helper',
  'deb-systemd-invoke',
  'dpkg',
  'dpkg-divert',
  'dpkg-maintscript-helper',
  'dpkg-query',
  'dpkg-statoverride',
  'dpkg-trigger',
  'invoke-rc.d',
  'ldconfig',
  'sh',
  'update-alternatives',
  'update-passwd',
  'update-rc.d',
]);

/** The largest known (LLVM) has 117 MB; of still larger ones the links have to tell the name, for which they would be unpacked whole. */
const LIBRARY_LIMIT_BYTES = 200 << 20;

function sliceReader(tree: WritableTree): (path: string, offset: number, length: number) => Uint8Array {
  let last: { readonly path: string; readonly bytes: Uint8Array } | undefined;
  return (path, offset, length) => {
    if (last?.path !== path) {
      const node = tree.get(path);
      if (node?.type === 'file' && nodeSize(node) > LIBRARY_LIMIT_BYTES) throw new FileError('UNREADABLE', path);
      last = { path, bytes: tree.read(path) };
    }
    return last.bytes.subarray(offset, offset + length);
  };
}

function textOf(tree: WritableTree, path: string): string {
  return tree.get(path) ? tree.readText(path) : '';
}
