import { type CallOptions, type Engine, EngineError } from "@berth/docker/engine.ts";

/** By this variable a terminal's processes are found in the container. */
export const TERMINAL_VARIABLE = "BERTH_TERMINAL";

const DEADLINE_MS = 15_000;

/**
 * Prints nothing and needs only a POSIX shell, grep and sleep: no ps, no bash. What an exec started has no parent inside
 * the container and leads a session. Its children have the variable too, but those that nohup, setsid or tmux took away
 * live on, as after any hang-up: the kernel hangs up what is in the foreground when the leader ends, a shell its jobs.
 *
 * A command's name may hold anything, so that fields are counted from the last parenthesis. A leader that is a zombie
 * has ended; one that is stopped hears nothing before it is continued. POSIX knows no parts of a second.
 */
const FIND_LEADERS = `
leads() {
  read -r line <"/proc/$1/stat" || return 1
  set -- "$1" \${line##*) }
  [ "$2" != Z ] && [ "$3" = 0 ] && [ "$5" = "$1" ]
}
leaders=
for dir in /proc/[0-9]*; do
  pid=\${dir#/proc/}
  leads "$pid" && grep -q "${TERMINAL_VARIABLE}=$1" "$dir/environ" && leaders="$leaders $pid"
done
[ -n "$leaders" ] || exit 0
`;

/** Without a terminal the kernel hangs nobody up, so that the leader's whole group is told. */
const SCRIPT = `${FIND_LEADERS}
for pid in $leaders; do
  kill -HUP "-$pid" || kill -HUP "$pid"
  kill -CONT "-$pid" || kill -CONT "$pid"
done
for wait in 0.1 0.3 0.6 1 1; do
  left=
  for pid in $leaders; do leads "$pid" && left="$left $pid"; done
  [ -n "$left" ] || exit 0
  sleep $wait || sleep 1
done
for pid in $leaders; do leads "$pid" && kill -KILL "$pid"; done
exit 0
`;

/**
 * Ends the command of a terminal inside its container: SIGHUP, and SIGKILL where it is still there after some seconds.
 * To do it again changes nothing. True once nothing of it can be left; false where that can't be known or done yet: the
 * machine does not answer, or the container is paused.
 */
export async function hangUp(
  engine: Engine,
  engineId: string,
  terminalId: string,
  options: CallOptions = {},
): Promise<boolean> {
  const command = ["/bin/sh", "-c", `(${SCRIPT}) 2>/dev/null`, "sh", terminalId];
  try {
    const { exit_code } = await engine.exec(engineId, command, { deadlineMs: DEADLINE_MS, ...options });
    return exit_code === 0;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === "conflict") return hasNoProcess(engine, engineId, options);
    // Gone: no process is left. Where the shell can't be started, no terminal was.
    return error.kind === "not_found" || error.kind === "rejected";
  }
}

/** What ssh may ask for by name. */
export const SIGNALS = ["ABRT", "ALRM", "CONT", "HUP", "INT", "KILL", "PIPE", "QUIT", "TERM", "USR1", "USR2"] as const;

/** Sends a signal to the command of a terminal, and to what it has started in its own group. */
export async function signalCommand(
  engine: Engine,
  engineId: string,
  terminalId: string,
  signal: (typeof SIGNALS)[number],
): Promise<void> {
  const script = `${FIND_LEADERS}\nfor pid in $leaders; do kill -${signal} "-$pid" || kill -${signal} "$pid"; done`;
  await engine.exec(engineId, ["/bin/sh", "-c", `(${script}) 2>/dev/null`, "sh", terminalId], {
    deadlineMs: DEADLINE_MS,
  });
}

/** Engines refuse one that is paused, as by a commit, with the same answer as one that does not run. */
async function hasNoProcess(engine: Engine, engineId: string, options: CallOptions): Promise<boolean> {
  try {
    const { state } = await engine.inspectContainer(engineId, { deadlineMs: DEADLINE_MS, ...options });
    return state !== "paused" && state !== "running";
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.kind === "not_found";
  }
}
