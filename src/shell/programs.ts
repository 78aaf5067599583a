// The table of the utilities that maintainer scripts use: those of Debian's Essential packages that are not about packages.
import { echo } from './echo.ts';
import { printf } from './printf.ts';
import { chgrp, chmod, chown, getent, id } from './program-accounts.ts';
import { awk } from './program-awk.ts';
import { cmp, diff, sum } from './program-compare.ts';
import { cp, install, ln, mv } from './program-copy.ts';
import { find } from './program-find.ts';
import { egrep, fgrep, grep } from './program-grep.ts';
import { basename, dirname, ls, readlink, realpath, stat, which } from './program-paths.ts';
import { mkdir, mktemp, rm, rmdir, touch } from './program-remove.ts';
import { date, env, expr, passOn, seq, uname, xargs, type Kernel } from './program-run.ts';
import { sed } from './program-sed.ts';
import { cat, cut, head, sort, tail, tee, uniq, wc } from './program-text.ts';
import { tr } from './program-tr.ts';
import type { Program, Programs } from './program.ts';
import { test } from './test.ts';

/** By name. An option that is not built, or input that cannot be treated exactly, throws `NotInterpretable` when it is met. */
export function posixPrograms(kernel: Kernel = {}): Programs {
  const nothing: Program = () => 0;
  const groups: readonly Readonly<Record<string, Program>>[] = [
    { '[': test, test, echo, printf, true: nothing, false: () => 1, sleep: nothing, sync: nothing },
    { cat, cut, head, sort, tail, tee, tr, uniq, wc, sed, grep, egrep, fgrep, awk, mawk: awk },
    { cp, install, ln, mv, mkdir, mktemp, rm, rmdir, touch, chgrp, chmod, chown },
    { basename, dirname, find, ls, readlink, realpath, stat, which, getent, id, cmp, diff },
    { md5sum: sum('md5'), sha1sum: sum('sha1'), sha256sum: sum('sha256'), sha512sum: sum('sha512') },
    { date, env, expr, seq, uname: uname(kernel), xargs },
    { nice: passOn('n'), ionice: passOn('cn'), setsid: passOn('') },
  ];
  return new Map(groups.flatMap((group) => Object.entries(group)));
}
