/**
 * Finds the user's shell as /etc/passwd has it, else bash, else sh, and goes home. Needs only a POSIX shell. It is no login
 * shell: /etc/profile sets PATH anew on most systems, and what the image has in its own would be gone.
 */
const PREPARE = `
user=$(id -u 2>/dev/null || echo 0)
while IFS=: read -r LOGNAME word number group words home SHELL; do
  [ "$number" = "$user" ] && break
done 2>/dev/null </etc/passwd
case \${SHELL##*/} in nologin|false) SHELL= ;; esac
[ -x "$SHELL" ] || SHELL=$(command -v bash || command -v sh)
USER=$LOGNAME
export SHELL
[ -n "$USER" ] && export USER LOGNAME
cd "\${HOME:-/}" 2>/dev/null || cd /
`;

export const shellCommand = (): string[] => ["/bin/sh", "-c", `${PREPARE}exec "$SHELL"`];

export const runInShell = (command: string): string[] => [
  "/bin/sh",
  "-c",
  `${PREPARE}exec "$SHELL" -c "$1"`,
  "sh",
  command,
];

/** Where Debian, Fedora, Alpine and Arch have it. */
const SFTP_SERVERS = [
  "/usr/lib/openssh/sftp-server",
  "/usr/libexec/openssh/sftp-server",
  "/usr/libexec/sftp-server",
  "/usr/lib/ssh/sftp-server",
  "/usr/lib/sftp-server",
];

/** The first line on stderr says which of the two is at the other end of its streams. */
export const OWN_SFTP_LINE = "berth-sftp-own";
const NO_SFTP_LINE = "berth-sftp-none";

/** The container's own sftp-server; where it has none, a shell that runs each line of its input. */
export const sftpCommand = (): string[] => [
  "/bin/sh",
  "-c",
  `${PREPARE}
for server in ${SFTP_SERVERS.join(" ")}; do
  if [ -x "$server" ]; then echo ${OWN_SFTP_LINE} >&2; exec "$server"; fi
done
echo ${NO_SFTP_LINE} >&2
while IFS= read -r line; do eval "$line"; done`,
];
