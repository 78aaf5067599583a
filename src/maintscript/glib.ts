// glib-compile-schemas(1) and gio-querymodules(1) where there is nothing to compile and nothing to load.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Program } from '../shell/program.ts';
import { refuseOption } from './arguments.ts';
import { isDirectory } from './paths.ts';

/** Folders of programs that no PATH leads to, one for each architecture of Debian. */
const TRIPLETS = [
  'aarch64-linux-gnu',
  'arm-linux-gnueabi',
  'arm-linux-gnueabihf',
  'i386-linux-gnu',
  'mips64el-linux-gnuabi64',
  'mipsel-linux-gnu',
  'powerpc64le-linux-gnu',
  'riscv64-linux-gnu',
  's390x-linux-gnu',
  'x86_64-linux-gnu',
];

const compileSchemas: Program = (call) => {
  const folder = onlyFolder(call.argv);
  if (!isDirectory(call.tree, folder)) {
    call.stderr(`Error opening directory “${folder}”: No such file or directory\n`);
    return 1;
  }
  refuseIfAny(
    call.tree,
    folder,
    /\.(gschema\.xml|gschema\.override|enums\.xml)$|^gschemas\.compiled$/,
    'settings schema',
  );
  call.stdout('No schema files found: doing nothing.\n');
  return 0;
};

const queryModules: Program = (call) => {
  const folder = onlyFolder(call.argv);
  if (isDirectory(call.tree, folder)) refuseIfAny(call.tree, folder, /\.so$|^giomodule\.cache$/, 'plug-in of GIO');
  return 0;
};

function onlyFolder(argv: readonly string[]): string {
  const [, folder = '', ...more] = argv;
  if (!folder.startsWith('/') || more.length > 0) refuseOption(argv, argv.slice(1).join(' '));
  return folder;
}

function refuseIfAny(tree: WritableTree, folder: string, pattern: RegExp, kind: string): void {
  const found = tree.list(folder).find((name) => pattern.test(name));
  if (found !== undefined) throw new NotInterpretable(`a ${kind} is installed, whose index cannot be made: ${found}`);
}

/** By their full paths. */
export const GLIB_PROGRAMS: ReadonlyMap<string, Program> = new Map(
  TRIPLETS.flatMap((triplet) => [
    [`/usr/lib/${triplet}/glib-2.0/glib-compile-schemas`, compileSchemas] as const,
    [`/usr/lib/${triplet}/glib-2.0/gio-querymodules`, queryModules] as const,
  ]),
);
