// dpkg-realpath(1), which dpkg has since 1.22: a path within the image without its links.
import type { Program } from '../shell/program.ts';
import { parseArguments, refuseOption } from './arguments.ts';

/** The image is its own root: `--root` may only say so. */
export const dpkgRealpath: Program = (call) => {
  const known = { flags: ['--zero'], values: ['--root', '--instdir'], aliases: { '-z': '--zero' } };
  const { flags, values, rest } = parseArguments(call.argv, known);
  for (const root of values.values()) if (root !== '' && root !== '/') refuseOption(call.argv, `--root ${root}`);
  const [path] = rest;
  if (path === undefined || !path.startsWith('/')) refuseOption(call.argv, rest.join(' '));
  call.stdout(`/${call.tree.resolve(path)}${flags.has('--zero') ? '\0' : '\n'}`);
  return 0;
};
