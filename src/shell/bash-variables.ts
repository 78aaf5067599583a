// Variables that bash makes by itself, and dash does not have (bash(1), Shell Variables).
const NAMES: ReadonlySet<string> = new Set(
  `_ COPROC DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD HOSTNAME HOSTTYPE LINENO MACHTYPE MAPFILE OPTERR OSTYPE
PIPESTATUS PPID RANDOM SECONDS SHELLOPTS SHLVL SRANDOM UID`.split(/\s+/),
);

export const isOfBash = (name: string): boolean => NAMES.has(name) || /^BASH(?:_|OPTS$|PID$|$)/.test(name);
