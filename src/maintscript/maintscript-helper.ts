// dpkg-maintscript-helper(1): moves of configuration files between versions. On a first installation it does nothing; on an upgrade over the
// turn it would act, which is refused where there is something to act on.
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { refuseOption } from './arguments.ts';
import { versionsRelate } from './compare-versions.ts';
import { linkTarget } from './paths.ts';

/** How many paths stand before the version. */
const PATHS: Readonly<Record<string, number>> = {
  rm_conffile: 1,
  mv_conffile: 2,
  symlink_to_dir: 2,
  dir_to_symlink: 2,
};

export function maintscriptHelper(compareVersions: (a: string, b: string) => number): Program {
  return (call) => {
    const [, command = '', ...words] = call.argv;
    if (command === 'supports') return Object.hasOwn(PATHS, words[0] ?? '') ? 0 : 1;
    const count = Object.hasOwn(PATHS, command) ? PATHS[command] : undefined;
    const end = words.indexOf('--');
    if (count === undefined || end < count) return refuseOption(call.argv, call.argv.slice(1).join(' '));
    const paths = words.slice(0, count);
    const [lastVersion = ''] = words.slice(count, end);
    const [action = '', previous = ''] = words.slice(end + 1);
    const isConcerned = /^(install|upgrade|configure)$/.test(action) && previous !== '';
    if (!isConcerned || !versionsRelate(previous, 'le-nl', lastVersion, compareVersions)) return 0;
    return act(call, command, paths);
  };
}

function act({ tree, argv }: Call, command: string, paths: readonly string[]): number {
  const suffixes = ['', '.dpkg-remove', '.dpkg-backup', '.dpkg-bak', '.dpkg-new'];
  const [path = ''] = paths;
  const folder = path.replace(/\/+$/, '');
  if (
    command === 'symlink_to_dir' &&
    linkTarget(tree, folder) === undefined &&
    !tree.get(`${folder}.dpkg-backup`, false)
  )
    return 0;
  if (
    command === 'dir_to_symlink' &&
    tree.get(folder, false)?.type !== 'directory' &&
    !tree.get(`${folder}.dpkg-backup`, false)
  )
    return 0;
  const there = suffixes.find((suffix) => tree.get(`${folder}${suffix}`, false));
  if (there === undefined) return 0;
  throw new NotInterpretable(`${argv[0]} ${command} would change ${folder}${there} of the version before`);
}
