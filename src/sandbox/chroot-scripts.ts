// What the host's shell does where it has no namespaces: a copy of the tree, chroot(2) by nsenter(1), and the end of all that was started.
// Every program is one of util-linux, coreutils, grep or GNU tar.
//
// No namespace tells which processes are the program's, and the links in /proc cannot be read of those that became somebody else without
// CAP_SYS_PTRACE. So they bear a mark that is inherited, that nobody without CAP_SYS_RESOURCE can take off, and that everybody may read:
// the hard limit of file locks (RLIMIT_LOCKS), which no kernel since 2.4 looks at (getrlimit(2)).

/** Ends a script and its children when file 3 ends, as it does with us. */
const END_WITH_US = `
( exec > /dev/null 2>&1 4>&-; read -r _ <&3 || :; kill -KILL 0 ) &
watch=$!
trap 'kill -KILL $watch' EXIT
`;

/** Whether this root may do what a run needs. Variables: `MARK`, `CAPABILITIES`. */
export const TRY_CHROOT = `
prlimit --locks=$MARK:$MARK setpriv --bounding-set="$CAPABILITIES" --inh-caps=-all --no-new-privs \\
  nsenter --root=/ --wd=/ -- true >&2
if ! prlimit --locks=$MARK:$MARK grep -qsx "Max file locks  *$MARK  *$MARK .*" /proc/self/limits; then
  echo "/proc does not tell the limits of processes" >&2
  exit 1
fi
`;

/** Variables: `MARK`, `CAPABILITIES`, `READ` and `WRITE`: options for tar. Arguments: the folder of the run, then for tar: folders, and lists of what is in them. */
export const COPY = `
cd "$1"
shift
${END_WITH_US}
${TRY_CHROOT}
{ tar $READ -c --file=- --null "$@" || echo > failed; } | tar -C root $WRITE -x --file=-
[ ! -e failed ]
`;

/** The devices that bind(…) gives elsewhere, where mknod(2) is allowed; else a file in place of null. Argument: the folder. */
export const MAKE_DEVICES = `
cd "$1"
device() {
  mknod -m 666 "$1" c "$2" "$3" || return 1
  [ "$1" = tty ] || ( exec < "$1" ) || { rm -f "$1"; return 1; }
}
device null 1 3 || { : > null; chmod 666 null; }
device zero 1 5 || :
device full 1 7 || :
device random 1 8 || :
device urandom 1 9 || :
device tty 5 0 || :
`;

/** Arguments: from, to; `from` may be a link. */
export const COPY_IN = `
if [ -d "$1" ]; then cp -a -- "$1/." "$2"; else cp -aH --remove-destination -- "$1" "$2"; fi
`;

/** Arguments: from, to; nothing is left of a folder's content. */
export const COPY_BACK = `
[ -d "$1" ] || { cat < "$1" > "$2"; exit; }
for one in "$1"/* "$1"/.[!.]* "$1"/..?*; do
  [ ! -e "$one" ] && [ ! -L "$one" ] || mv -- "$one" "$2/"
done
`;

/** Variables: `TAR`: options. Arguments: folder, list. */
export const READ_CHANGED = `
${END_WITH_US}
tar -C "$1" $TAR --no-recursion --null --files-from="$2" -cf - 4>&-
`;

/**
 * Variables: `WORK` (the run's folder), `TREE`, `MARK`, `CAPABILITIES`, `GROUP`, `GROUPS_OPTION`, `USER_OPTION`, `SETPRIV`, `NSENTER`,
 * `CAT`, `FOLDER` (of the host). Arguments: the program. Files 3, 4 and 5 as in the script for namespaces.
 */
export const RUN_BY_CHROOT = `
trap '' INT TERM HUP QUIT
exec 7<&0 < /dev/null
cd "$WORK"
# Whatever waits for its parent only is dead already.
marked() {
  for at in $(grep -lsx "Max file locks  *$MARK  *$MARK .*" /proc/[0-9]*/limits || :); do
    at=\${at%/limits}
    grep -qs '^State:.[ZX]' "$at/status" || echo "\${at#/proc/}"
  done
}
end() { while left=$(marked); [ "$left" ]; do kill -KILL $left || :; done; }
( exec > /dev/null 2>&1 4>&- 5<&- 7<&-
  while read -r name <&3; do
    pid=
    read -r pid < inner || :
    [ ! "$pid" ] || kill -s "$name" "$pid" || :
  done
  # Who is not marked yet sees this when it is.
  : > stopped
  end ) &
watch=$!
status=0
exec 8>&2 2> /dev/null
( trap - INT TERM HUP QUIT
  exec <&7 2>&8 3<&- 4>&- 7<&- 8>&-
  exec prlimit --locks=$MARK:$MARK sh -euc "$INNER" sh "$@" ) || status=$?
exec 5<&- 7<&-
end
kill -KILL $watch || :
[ ! -e failed ] || exit 1
echo "ended $status" >&4 || exit
exit $status
`;

/** Marked, and still with the host's root. */
export const INNER_BY_CHROOT = `
trap 'echo > "$WORK/failed"' EXIT
[ ! -e "$WORK/stopped" ]
echo $$ > "$WORK/inner"
environment="$("$CAT" <&5)"
exec 5<&-
umask 022
set -- "$SETPRIV" --bounding-set="$CAPABILITIES" --inh-caps=-all --no-new-privs --regid="$GROUP" $GROUPS_OPTION \\
  "$NSENTER" --root="$TREE" --wd="$FOLDER" $USER_OPTION -- "$@"
trap - EXIT
unset TREE FOLDER GROUP GROUPS_OPTION USER_OPTION CAPABILITIES SETPRIV NSENTER CAT WORK MARK INNER PWD OLDPWD LC_ALL PATH
eval "$environment"
exec "$@"
`;
