// What the host's shell does in the new namespaces. Every program is one of util-linux, coreutils or GNU tar.
//
// How a program gets a root with nothing of the host in reach, by programs that are on every Linux host:
//  - the main shell stays in a mount namespace A, whose root is the host's;
//  - a second shell, the holder, enters a namespace B of its own, makes the image the root there (pivot_root(2)) and then only waits;
//  - from A, with A's root kept, the host's tree is taken out of B. Whoever is in B by then has the host's programs, B has not;
//  - the last of them, unshare, changes its root to B's and becomes the program of the image.

/** Waits until the ids of the namespace are written; the shell that it then becomes is root in it. */
export const WAIT_FOR_IDS = 'umask 022; echo >&4; read -r _ <&3 || exit 1; exec "$@"';

/**
 * Variables: `WORK` (the run's folder), `CAPABILITIES`, `GROUP`, `GROUPS_OPTION`, `USER_OPTION`, `SETPRIV`, `UNSHARE`,
 * `CAT`, `FOLDER`, `NAMESPACES` (of the program), `HOST_NAME`, `SET_NAME`: hostname(1) where the host has it, `TAR`: options, where changes are wanted. Arguments: the program.
 * 3: names of signals, its end stops everything; 4: answers; 5: environment as export statements; 6: tar of the changes.
 */
export const RUN = `
trap '' INT TERM HUP QUIT
# What runs in the background reads nothing otherwise.
exec 7<&0 < /dev/null
cd "$WORK/layers"
mount --all --fstab ../root.fstab >&2
# A layer may have deleted what lies below all layers: such a place is made on top, and is no change.
: > ../hidden
while read -r kind at; do
  [ -e "../root/$at" ] && continue
  case "$kind $at" in
    directory*) mkdir -p "../root/$at" ;;
    *) case $at in */*) mkdir -p "../root/\${at%/*}" ;; esac; : > "../root/$at" ;;
  esac
  echo "./$at" >> ../hidden
done < ../places
mount --all --fstab ../mounts.fstab >&2
[ ! "$SET_NAME" ] || "$SET_NAME" "$HOST_NAME"
mkfifo ../pivoted ../held
unshare --mount sh -euc 'exec 8> ../pivoted 9< ../held 3<&- 4>&- 5<&- 6>&- 7<&-; cd ../root; pivot_root . dev/.host; echo >&8; exec 8>&-; read -r _ <&9 || :' &
holder=$!
exec 8< ../pivoted 9> ../held
read -r _ <&8
exec 8<&-
inside() { nsenter --mount=/proc/$holder/ns/mnt --root=/ --wd=/ -- "$@"; }
inside umount --no-canonicalize --lazy /proc/$holder/root/dev/.host >&2
rmdir ../dev/.host
( exec 4>&- 5<&- 6>&- 7<&- 9>&- >&- 2>&-
  while read -r name <&3; do
    first=
    # Neither of the two files need end with a newline.
    read -r inner < ../inner || :
    read -r first _ < /proc/$inner/task/$inner/children || :
    [ ! "$first" ] || kill -s "$name" "$first" || :
  done
  kill -KILL -1 ) &
status=0
# What a shell has in the background ignores SIGINT for ever. It would say "Killed" of what was.
exec 8>&2 2> /dev/null
( trap - INT TERM HUP QUIT
  exec <&7 2>&8 3<&- 4>&- 6>&- 7<&- 8>&- 9>&-
  export ROOT=/proc/$holder/root
  exec sh -euc 'echo $$ > ../inner; exec "$@"' sh nsenter --mount=/proc/$holder/ns/mnt --root=/ --wd=/ -- \\
    unshare --pid $NAMESPACES --fork --kill-child -- sh -euc "$INNER" sh "$@" ) || status=$?
exec 5<&- 7<&-
[ ! -e ../failed ] || exit 1
echo "ended $status" >&4 || exit
exec 2>&8 8>&-
if [ $status -eq 0 ] && [ "$TAR" ]; then tar -C ../upper $TAR --anchored --no-wildcards --exclude-from=../hidden -cf - . >&6; fi
exit $status
`;

/** In the namespace of the program, still with the host's programs: proc(5) belongs to its processes. */
export const INNER = `
trap 'echo > "$WORK/failed"' EXIT
mount --no-canonicalize -t proc -o nosuid,nodev,noexec proc "$ROOT/proc" >&2
for path in sys bus fs irq; do
  [ ! -d "$ROOT/proc/$path" ] || echo "$ROOT/proc/$path $ROOT/proc/$path none bind,ro,nosuid,nodev,noexec"
done > "$WORK/proc.fstab"
for path in kcore keys sysrq-trigger timer_list; do
  [ ! -e "$ROOT/proc/$path" ] || echo "$ROOT/dev/null $ROOT/proc/$path none bind"
done >> "$WORK/proc.fstab"
mount --no-canonicalize --all --fstab "$WORK/proc.fstab" >&2
# Without its capabilities it could not go there by way of another process.
cd "$ROOT"
environment="$("$CAT" <&5)"
exec 5<&-
umask 022
set -- "$SETPRIV" --bounding-set="$CAPABILITIES" --inh-caps=-all --no-new-privs --regid="$GROUP" $GROUPS_OPTION \\
  "$UNSHARE" --root=. --wd="$FOLDER" $USER_OPTION -- "$@"
trap - EXIT
unset ROOT FOLDER GROUP GROUPS_OPTION USER_OPTION CAPABILITIES SETPRIV UNSHARE CAT WORK TAR NAMESPACES HOST_NAME SET_NAME INNER PWD OLDPWD LC_ALL PATH
eval "$environment"
exec "$@"
`;
