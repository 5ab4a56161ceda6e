import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { type ContainerRecord, isRunning } from "./container-record.ts";
import { launch } from "./launch.ts";
import { isRestartDue } from "./restart-policy.ts";

/** What a container's end is where the engine's end was its own: it was asked to end, and did. */
const EXIT_CODE_OF_SHUTDOWN = 143;

/**
 * The engine has started anew: what ran has ended with the old one, and comes back where its policy says so. What
 * someone stopped by hand stays down, but for `always`. What was never started stays so.
 */
export function resumeContainers(daemon: Daemon): void {
  for (const container of daemon.containers.values()) {
    if (isRunning(container)) {
      container.status = "exited";
      container.exit_code = EXIT_CODE_OF_SHUTDOWN;
      container.finished_ns = daemon.time.nowNs();
    }
    const wasStarted = container.started_ns !== null;
    if (!wasStarted || !isRestartDue(container, container.exit_code, container.was_stopped_by_hand)) continue;
    relaunch(daemon, container);
  }
}

function relaunch(daemon: Daemon, container: ContainerRecord): void {
  try {
    launch(daemon, container);
  } catch (error) {
    // Nobody waits for this start: the reason stays in the container, where an inspect shows it.
    if (!(error instanceof DockerError)) throw error;
  }
}
