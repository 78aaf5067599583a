// The second half of what dpkg does with a package: its maintainer scripts, carried out over the staged filesystem (policy 6).
import { ImageSpecError } from '../core/error.ts';
import { FileError } from '../filesystem/writable-tree.ts';
import type { WritableTree } from '../filesystem/writable-tree.ts';
import type { InstalledPackage } from '../maintscript/dpkg-state.ts';
import type { Builtin, Programs } from '../shell/program.ts';
import { NotInterpretable } from '../shell/program.ts';
import { interpreterOf } from '../shell/interpreter.ts';
import { runScript } from '../shell/run-script.ts';

export type ScriptName = 'preinst' | 'postinst' | 'prerm' | 'postrm' | 'config';

export interface Script {
  readonly name: ScriptName;
  readonly text: string;
  /** `install`, `configure 1.2`, `triggered "ldconfig"`, … */
  readonly args: readonly string[];
  /** Whose it is. */
  readonly package: InstalledPackage;
}

/** What scripts are run with. */
export interface ScriptWorld {
  readonly tree: WritableTree;
  readonly programs: Programs;
  readonly modules: (owner: InstalledPackage) => ReadonlyMap<string, ReadonlyMap<string, Builtin>>;
  /** Names of programs that every Debian system has (policy 3.8), whether their packages are installed or not. */
  readonly assumed: ReadonlySet<string>;
}

/** The end of a script's output that an error shows (characters). */
const TAIL = 2000;

/** dpkg's own words for its scripts (dpkg(1), ENVIRONMENT). DPKG_ROOT is empty: the image is the root. */
function environmentOf({ name, package: owner }: Script): ReadonlyMap<string, string> {
  return new Map([
    ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['HOME', '/root'],
    ['LC_ALL', 'C.UTF-8'],
    ['DEBIAN_FRONTEND', 'noninteractive'],
    ['DPKG_MAINTSCRIPT_PACKAGE', owner.name],
    ['DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT', '1'],
    ['DPKG_MAINTSCRIPT_ARCH', owner.architecture],
    ['DPKG_MAINTSCRIPT_NAME', name],
    ['DPKG_MAINTSCRIPT_DEBUG', '0'],
    ['DPKG_ADMINDIR', '/var/lib/dpkg'],
    ['DPKG_ROOT', ''],
    ['DPKG_RUNNING_VERSION', '1.21.22'],
  ]);
}

/**
 * Carries a script out; what it did is undone when it cannot be carried out to its end.
 * Throws `CONFIGURE_UNSUPPORTED`, naming package, script and reason.
 */
export function carryOut(script: Script, world: ScriptWorld): void {
  const { name, text, args, package: owner } = script;
  const { tree } = world;
  const savepoint = tree.savepoint();
  let output = '';
  try {
    if (!interpreterOf(text)) throw new NotInterpretable(`it is no shell script: ${text.split('\n')[0]}`);
    const status = runScript(text, {
      tree,
      name: `/var/lib/dpkg/info/${owner.name}.${name}`,
      args,
      programs: world.programs,
      modules: world.modules(owner),
      assumed: world.assumed,
      env: environmentOf(script),
      cwd: '/',
      print: (more) => void (output = (output + more).slice(-TAIL)),
    });
    if (status !== 0) throw new NotInterpretable(`it ends with status ${status}`);
    savepoint.keep();
  } catch (error) {
    savepoint.undo();
    if (error instanceof NotInterpretable || error instanceof FileError) throw unsupported(script, error, output);
    throw error;
  }
}

function unsupported({ name, package: owner, args }: Script, error: Error, output: string): ImageSpecError {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return new ImageSpecError(
    'CONFIGURE_UNSUPPORTED',
    `The ${name} script of ${owner.name} ${owner.version} cannot be carried out: ${error.message}`,
    {
      hint: 'Leave the package out, choose a base image that has it, or set `apt_configure: never` to have it unpacked only.',
      cause: error,
      facts: { package: owner.name, version: owner.version, script: name, arguments: args.join(' ') },
      issues: lines.slice(-5),
    },
  );
}
