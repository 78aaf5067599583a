// The environment that packages go into: a venv (PEP 405) that we write ourselves, so that package layers do not depend on the base's layout.
import type { Entry } from '../filesystem/entry.ts';
import { directory, inlineFile, symlink } from '../filesystem/entry.ts';
import type { Interpreter } from './interpreter.ts';
import { minorVersion } from './interpreter.ts';

/** Where the environment lives in every image. */
export const ENVIRONMENT_ROOT = '/opt/venv';

export interface VenvLayout {
  /** Absolute: `/opt/venv`. */
  readonly root: string;
  /** `3.12` */
  readonly version: string;
  /** Absolute path of the interpreter that scripts start. */
  readonly python: string;
  /** Below the root. */
  readonly sitePackages: string;
  /** Below the root; distributions' headers go into folders of their own names there. */
  readonly include: string;
}

export function venvLayout(interpreter: Interpreter, root: string): VenvLayout {
  const version = minorVersion(interpreter.version);
  const folder = `python${version}${interpreter.freeThreaded ? 't' : ''}`;
  return {
    root,
    version,
    python: `${root}/bin/python`,
    sitePackages: `lib/${folder}/site-packages`,
    include: `include/site/${folder}`,
  };
}

/**
 * pyvenv.cfg, the interpreter's links and the empty site-packages. `lib64` exists on 64-bit Linux, as the venv module makes it.
 * @param seesSystem whether packages of the interpreter itself are seen, behind those of the environment
 */
export function venvEntries(layout: VenvLayout, interpreter: Interpreter, seesSystem = false): Entry[] {
  const root = layout.root.slice(1);
  const home = interpreter.path.slice(0, interpreter.path.lastIndexOf('/'));
  const config = `home = ${home}\nimplementation = CPython\nversion_info = ${interpreter.version}\ninclude-system-site-packages = ${seesSystem}\n`;
  const { version } = layout;
  return [
    directory(root),
    directory(`${root}/bin`),
    directory(`${root}/${layout.sitePackages}`),
    inlineFile(`${root}/pyvenv.cfg`, config),
    symlink(`${root}/bin/python`, interpreter.path),
    symlink(`${root}/bin/python3`, 'python'),
    symlink(`${root}/bin/python${version}`, 'python'),
    // As the venv module does it, every environment has the name that its interpreter has.
    ...(interpreter.freeThreaded ? [symlink(`${root}/bin/python${version}t`, 'python')] : []),
    symlink(`${root}/lib64`, 'lib'),
  ];
}
