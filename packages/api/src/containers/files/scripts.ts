/**
 * What Berth runs in a container for its files. They need a POSIX shell and the tools that coreutils and busybox have
 * alike; paths come as arguments, so that a name may hold anything. How each ends is {@link EXIT}.
 */

export const EXIT = {
  missing: 20,
  noFolder: 21,
  forbidden: 22,
  noTools: 23,
  notWhole: 24,
  special: 25,
  isFolder: 26,
  exists: 27,
  noSpace: 28,
  cut: 29,
} as const;

/** `$1` is why a path could not be used as a folder. */
const WHY = `why() {
  [ -e "$1" ] || [ -L "$1" ] || exit ${EXIT.missing}
  [ -d "$1" ] || exit ${EXIT.noFolder}
  exit ${EXIT.forbidden}
}
needs() { for tool; do command -v "$tool" >/dev/null || exit ${EXIT.noTools}; done; }
`;

/**
 * Prints where folder `$1` really is, and then what lies in it, each after a line break and the mark `$2`, which nobody
 * can guess: names may hold line breaks. Links come twice, the second time as what they lead to. At most `$3` lines each.
 */
export const LIST_SCRIPT = `${WHY}
needs find stat head
cd -- "$1" || why "$1"
[ -r . ] || exit ${EXIT.forbidden}
pwd -P
find . -mindepth 1 -maxdepth 1 -exec stat -c "$2 - %f %s %u %U %Y %n" {} + | head -n "$3"
find . -mindepth 1 -maxdepth 1 -type l -exec stat -L -c "$2 > %f %s %u %U %Y %n" {} + | head -n "$3"
exit 0
`;

/** Goes where `$1` leads, so that what follows is about a file or folder that can be read as a whole. */
const READABLE = `${WHY}
if [ -d "$1" ]; then
  needs tar
  real=$(cd -P -- "$1" && pwd -P) || exit ${EXIT.forbidden}
  # The kernel's own folders have no end.
  case $real in /|/proc|/proc/*|/sys|/sys/*|/dev|/dev/*) exit ${EXIT.notWhole};; esac
  [ -r "$real" ] || exit ${EXIT.forbidden}
else
  real=
  [ -e "$1" ] || exit ${EXIT.missing}
  [ -f "$1" ] || exit ${EXIT.special}
  [ -r "$1" ] || exit ${EXIT.forbidden}
  needs stat cat
fi
`;

/** Whether {@link READ_SCRIPT} would find anything to send. */
export const CHECK_SCRIPT = `${READABLE}
exit 0
`;

/** Prints one line, `file SIZE` or `folder 0`, and then the bytes of `$1`: a folder's as a tar that has the folder in it. */
export const READ_SCRIPT = `${READABLE}
if [ -n "$real" ]; then
  cd -- "\${real%/*}/" || exit ${EXIT.forbidden}
  echo folder 0
  exec tar -cf - "./\${real##*/}"
fi
stat -L -c 'file %s' "$1"
exec cat "$1"
`;

/**
 * Says `ready`, reads `$3` bytes into a file of its own beside file `$2` of folder `$1`, and gives it that name once all of
 * them are there: with the owner and mode of the file that it replaces (where `$4` is 1), else with the folder's owner.
 * `$5` makes the file of its own unique. It is removed however this ends, but by SIGKILL.
 */
export const WRITE_SCRIPT = `${WHY}
needs stat cat mv rm chmod
cd -- "$1" || why "$1"
file="./$2"
part="./.berth-upload-$5"
free() {
  [ ! -d "$file" ] || exit ${EXIT.isFolder}
  [ "$1" = 1 ] || { [ ! -e "$file" ] && [ ! -L "$file" ]; } || exit ${EXIT.exists}
}
free "$4"
owner=$(stat -c %u:%g .)
mode=644
if [ -f "$file" ] && [ ! -L "$file" ]; then
  owner=$(stat -c %u:%g "$file")
  mode=$(stat -c %a "$file")
fi
trap 'rm -f "$part"' EXIT
trap 'exit ${EXIT.cut}' HUP INT TERM
umask 077
(set -C; : >"$part") || exit ${EXIT.forbidden}
echo ready
cat >"$part" || exit ${EXIT.noSpace}
[ "$(stat -c %s "$part")" = "$3" ] || exit ${EXIT.cut}
chown "$owner" "$part"
chmod "$mode" "$part"
free "$4"
mv -f "$part" "$file" || exit ${EXIT.forbidden}
exit 0
`;
