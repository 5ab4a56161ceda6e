import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import type { Call, Reply } from "../http/call.ts";
import { parseSignal, SIGKILL, SIGTERM } from "../process/signals.ts";
import { cancelRestart } from "./cancel-restart.ts";
import { type ContainerRecord, isRunning, withLock } from "./container-record.ts";
import { sendSignal } from "./kill.ts";
import { startByHand } from "./start.ts";

const DEFAULT_TIMEOUT_S = 10;

/** `POST /containers/:id/stop`: 304 where it does not run. */
export async function stopContainer({ daemon, params, query }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  if (!isRunning(container)) return { status: 304 };
  await stop(daemon, container, query);
  return { status: 204 };
}

/** `POST /containers/:id/restart`: starts what does not run. */
export async function restartContainer({ daemon, params, query }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  if (isRunning(container)) await stop(daemon, container, query);
  await withLock(container, () => startByHand(daemon, container));
  daemon.publishContainer(container, "restart");
  return { status: 204 };
}

/** The stop signal, then SIGKILL when the time is over. It holds no lock while it waits. */
async function stop(daemon: Daemon, container: ContainerRecord, query: URLSearchParams): Promise<void> {
  const signalName = query.get("signal") || container.config.StopSignal || String(SIGTERM);
  const signal = parseSignal(signalName);
  if (signal === null) throw new DockerError(400, `invalid signal: ${signalName}`);
  await daemon.takes("stop");
  if (container.status === "restarting") return stopRestarting(daemon, container);

  const { process } = container;
  if (!process) return;
  container.isBeingStopped = true;
  try {
    sendSignal(daemon, container, signal);
    const seconds = query.get("t") || null;
    const timeoutS = seconds === null ? (container.config.StopTimeout ?? DEFAULT_TIMEOUT_S) : Number(seconds);
    const hasEnded = await endsWithin(daemon, process.exited, timeoutS);
    if (!hasEnded) {
      sendSignal(daemon, container, SIGKILL);
      await process.exited;
    }
  } finally {
    container.isBeingStopped = false;
  }
}

/** Between two runs there is nothing to signal: the next one is called off. */
function stopRestarting(daemon: Daemon, container: ContainerRecord): void {
  cancelRestart(container);
  daemon.publishContainer(container, "stop");
  daemon.onChange();
}

/** False when the time is over. A negative time never is. */
async function endsWithin(daemon: Daemon, exited: Promise<number>, timeoutS: number): Promise<boolean> {
  if (timeoutS < 0) return exited.then(() => true);
  let cancel = (): void => {};
  const timedOut = new Promise<false>((resolve) => {
    cancel = daemon.options.clock.after(timeoutS * 1000, () => resolve(false));
  });
  const hasEnded = await Promise.race([exited.then(() => true), timedOut]);
  cancel();
  return hasEnded;
}
