import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { SIGKILL } from "../process/signals.ts";
import type { SimulatedProcess } from "../process/simulated-process.ts";
import { type ContainerRecord, settleWaiters } from "./container-record.ts";
import { destroyContainer } from "./destroy-container.ts";
import { releaseNetwork, unmountVolumes } from "./connect-network.ts";
import { keepInLists } from "./lagging-lists.ts";
import { isRestartDue, restartDelayMs } from "./restart-policy.ts";

type Relaunch = (daemon: Daemon, container: ContainerRecord) => void;

/** What follows when a container's process has ended: the events in their order, and the restart policy. */
export function endRun(
  daemon: Daemon,
  container: ContainerRecord,
  process: SimulatedProcess,
  exitCode: number,
  relaunch: Relaunch,
): void {
  if (container.process !== process) return;
  container.process = null;
  for (const id of container.exec_ids) daemon.execs.get(id)?.process?.signal(SIGKILL);
  container.pid = 0;
  container.exit_code = exitCode;
  container.finished_ns = daemon.time.nowNs();
  container.log.flush(container.finished_ns);
  const ranMs = Number((container.finished_ns - (container.started_ns ?? container.finished_ns)) / 1_000_000n);
  const isDue = !container.restart.is_cancelled && isRestartDue(container, exitCode, container.was_stopped_by_hand);
  keepInLists(daemon, container);
  container.status = isDue ? "restarting" : "exited";

  const die = (): void => {
    const execDuration = daemon.generation.isModern ? { execDuration: String(Math.floor(ranMs / 1000)) } : {};
    daemon.publishContainer(container, "die", { exitCode: String(exitCode), ...execDuration });
  };
  // 28.5 tells of the exit only after it has tidied up, 20.10 before.
  if (!daemon.generation.isModern) die();
  releaseNetwork(daemon, container);
  unmountVolumes(daemon, container);
  if (container.isBeingStopped) daemon.publishContainer(container, "stop");
  if (daemon.generation.isModern) die();

  if (isDue) scheduleRestart(daemon, container, ranMs, relaunch);
  settleWaiters(container, isDue ? ["next-exit"] : ["next-exit", "not-running"]);
  daemon.onChange();
  if (!isDue && container.host.AutoRemove) destroyContainer(daemon, container);
}

function scheduleRestart(daemon: Daemon, container: ContainerRecord, ranMs: number, relaunch: Relaunch): void {
  container.restart_count++;
  container.restart.delay_ms = restartDelayMs(container.restart.delay_ms, ranMs);
  container.restart.cancelTimer = daemon.options.clock.after(container.restart.delay_ms, () => {
    container.restart.cancelTimer = null;
    try {
      relaunch(daemon, container);
    } catch (error) {
      if (!(error instanceof DockerError)) throw error;
      // Nobody waits for this start: it has kept the reason in the container, where an inspect shows it.
      settleWaiters(container, ["not-running"]);
    }
  });
}
