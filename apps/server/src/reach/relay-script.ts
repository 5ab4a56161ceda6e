const TICK_S = 5;

/**
 * What a relay runs: nothing, until nobody has had a connection through it for `idleMinutes`, or its container has stopped:
 * then the network that they share has lost its interface. Its processes are itself, its init and those of connections.
 */
export const relayLife = (idleMinutes: number): string[] => [
  "/bin/sh",
  "-c",
  `card=/sys/class/net/eth0
[ -e $card ] || card=/sys/class/net/lo
idle=0
while [ -e $card ] && [ "$idle" -lt ${(idleMinutes * 60) / TICK_S} ]; do
  sleep ${TICK_S}
  set -- /proc/[0-9]*
  if [ $# -gt 2 ]; then idle=0; else idle=$((idle + 1)); fi
done`,
];

/** On stderr, once the connection is there: until then nothing of what is sent is read. */
export const CONNECTED = "connected\n";

/**
 * One connection. busybox's `nc` alone moves bytes in one direction at a time, and stands still for ever where both are
 * full; so it only connects, and hands the socket to two `dd`. Not `cat`, which splices the socket into the pipe: engines
 * were seen not to notice what comes so (Docker 20.10, Linux 6.18). Neither can half-close the socket: the end of either
 * direction ends both, and so nothing is left where the server that dialled dies.
 */
const CONNECTION = `exec 6<&0
printf '${CONNECTED.trim()}\\n' >&5
exec 2>/dev/null
(dd bs=64k <&3 >&6; kill 0) &
dd bs=64k <&6 >&4
kill 0`;

/** Exit code 1 and nc's own words on stderr where it can't connect. Programs listen on either address of localhost. */
export const relayConnection = (port: number): string[] => [
  "/bin/sh",
  "-c",
  `exec 3<&0 4>&1 5>&2
nc -w 5 127.0.0.1 ${port} -e /bin/sh -c "$0" || nc -w 5 ::1 ${port} -e /bin/sh -c "$0"`,
  CONNECTION,
];
