// Programs that make files of their own from what is installed, compiled ones above all: refused, with the reason that a person understands.
import { NotInterpretable } from '../shell/program.ts';
import type { Program } from '../shell/program.ts';

const REASONS: Readonly<Record<string, string>> = {
  depmod: 'indexes kernel modules',
  'dpkg-reconfigure': 'asks the questions of a package again',
  'gdk-pixbuf-query-loaders': 'loads image plug-ins and lists them',
  'gtk-query-immodules-3.0': 'loads input methods and lists them',
  java: 'is a Java program',
  keytool: 'is a Java program',
  'libgvc6-config-update': 'loads the plug-ins of graphviz and lists them',
  localedef: 'compiles a locale',
  mandb: 'indexes manual pages',
  perl: 'is a Perl program',
  python: 'is a Python program',
  systemctl: 'is a part of systemd',
  'systemd-hwdb': 'compiles the hardware database',
  'systemd-sysusers': 'makes accounts from lists of systemd',
  'systemd-tmpfiles': 'makes files from lists of systemd',
  'update-binfmts': 'registers binary formats with the kernel',
  'update-catalog': 'rewrites SGML catalogues',
  'update-desktop-database': 'indexes desktop files',
  'update-initramfs': 'makes an initial file system for a kernel',
  'update-mime-database': 'compiles the database of file types',
  'update-xmlcatalog': 'rewrites XML catalogues',
};

export const REFUSED: ReadonlyMap<string, Program> = new Map(
  Object.entries(REASONS).map(([name, reason]) => [
    name,
    (): never => {
      throw new NotInterpretable(`${name} ${reason}, which is not carried out`);
    },
  ]),
);
