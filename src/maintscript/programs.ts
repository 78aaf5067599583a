// Debian's own programs as maintainer scripts find them, over a staged filesystem and a package database in memory.
import { FileError } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Program, Programs } from '../shell/program.ts';
import { addUserProgram } from './adduser.ts';
import { parseArguments, programName } from './arguments.ts';
import { getcap, setcap } from './capabilities.ts';
import { debSystemdHelper } from './deb-systemd-helper.ts';
import { dpkgDivert } from './divert.ts';
import { dpkgRealpath } from './dpkg-realpath.ts';
import { GLIB_PROGRAMS } from './glib.ts';
import { groupAdd, groupMod } from './group-programs.ts';
import { LEFT_OUT } from './left-out.ts';
import { localeGen, updateLocale } from './locales.ts';
import { maintscriptHelper } from './maintscript-helper.ts';
import { getent, id } from './name-queries.ts';
import { dpkg, dpkgQuery } from './package-queries.ts';
import type { DatabaseQueries } from './package-queries.ts';
import { pamAuthUpdate } from './pam-auth-update.ts';
import { REFUSED } from './refused.ts';
import { checkGroup, checkPasswd, convertGroup, convertPasswd } from './shadow-conversion.ts';
import { dpkgStatOverride } from './stat-override.ts';
import { ucf, ucfr } from './ucf.ts';
import { updateAlternatives } from './update-alternatives.ts';
import { invokeRc, updateRc } from './update-rc.ts';
import { userAdd } from './user-add.ts';
import { userMod } from './user-mod.ts';

export interface MaintscriptOptions extends DatabaseQueries {
  /** A script called `ldconfig`: the cache is written once, at the end. */
  readonly onLdconfig: () => void;
}

/**
 * By name without folders, or by path where no PATH leads to them. `dpkg` and `update-alternatives` of version 1.21 and 1.22, init-system-helpers 1.65, adduser 3.134, shadow 4.13.
 * All throw `NotInterpretable`, also for bytes of the base that were not captured.
 */
export function maintscriptPrograms(options: MaintscriptOptions): Programs {
  const { state, compareVersions } = options;
  const quiet: Program = () => 0;
  const own: [string, Program][] = [
    ['dpkg', dpkg(options)],
    ['dpkg-query', dpkgQuery(options)],
    ['dpkg-divert', dpkgDivert(state)],
    ['dpkg-statoverride', dpkgStatOverride(state)],
    ['dpkg-realpath', dpkgRealpath],
    ['dpkg-maintscript-helper', maintscriptHelper(compareVersions)],
    ['dpkg-trigger', trigger(options)],
    ['update-alternatives', updateAlternatives],
    ['adduser', addUserProgram(options)],
    ['addgroup', addUserProgram(options)],
    ['pwck', checkPasswd],
    ['grpck', checkGroup],
    ['pwconv', convertPasswd],
    ['grpconv', convertGroup],
    ['groupadd', groupAdd],
    ['groupmod', groupMod],
    ['useradd', userAdd],
    ['usermod', userMod],
    ['pam-auth-update', pamAuthUpdate],
    ['getent', getent],
    ['id', id],
    ['deb-systemd-helper', debSystemdHelper],
    ['deb-systemd-invoke', quiet],
    ['update-rc.d', updateRc],
    ['invoke-rc.d', invokeRc],
    ['ucf', ucf(state)],
    ['ucfr', ucfr],
    ['setcap', setcap],
    ['getcap', getcap],
    ['locale-gen', localeGen],
    ['update-locale', updateLocale],
    ['mountpoint', mountpoint],
    ['ischroot', ischroot],
    ['ldconfig', ldconfig(options)],
  ];
  const all = new Map([...REFUSED, ...LEFT_OUT, ...GLIB_PROGRAMS, ...own]);
  return new Map([...all].map(([name, program]) => [name, guard(program)]));
}

/** What the tree cannot give or do is no status that a script may swallow. */
function guard(program: Program): Program {
  return (call) => {
    try {
      return program(call);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const reason =
        error.code === 'UNREADABLE' ? 'needs a file of the base that was not read' : `fails (${error.code})`;
      throw new NotInterpretable(`${programName(call.argv)} ${reason}: ${error.path}`, { cause: error });
    }
  };
}

function trigger({ state }: MaintscriptOptions): Program {
  return (call) => {
    const flags = ['--await', '--no-await', '--check-supported'];
    const given = parseArguments(call.argv, { flags, values: ['--by-package'] });
    for (const name of given.rest) state.activate(name);
    return 0;
  };
}

/** Nothing but the kernel's own is mounted while an image is built. */
const mountpoint: Program = (call) => {
  const { rest } = parseArguments(call.argv, { flags: ['-q', '--quiet'] });
  return ['/proc', '/sys', '/dev'].includes(rest[0] ?? '') ? 0 : 1;
};

/** A container's root is its own: no. */
const ischroot: Program = () => 1;

function ldconfig({ onLdconfig }: MaintscriptOptions): Program {
  return () => {
    onLdconfig();
    return 0;
  };
}
