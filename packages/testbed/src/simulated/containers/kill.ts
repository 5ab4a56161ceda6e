import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import type { Call, Reply } from "../http/call.ts";
import { parseSignal, SIGKILL } from "../process/signals.ts";
import { cancelRestart } from "./cancel-restart.ts";
import { type ContainerRecord, isRunning } from "./container-record.ts";

/** `POST /containers/:id/kill`. */
export async function killContainer({ daemon, params, query }: Call): Promise<Reply> {
  const idOrName = params["id"] ?? "";
  const { isModern } = daemon.generation;
  const words = isModern ? "cannot kill container" : "Cannot kill container";
  if (!daemon.find(idOrName)) throw new DockerError(404, `${words}: ${idOrName}: No such container: ${idOrName}`);
  const container = daemon.container(idOrName);
  const text = query.get("signal") || "KILL";
  const signal = parseSignal(text);
  if (signal === null) {
    throw new DockerError(
      400,
      isModern ? `cannot kill container: ${idOrName}: invalid signal: ${text}` : `Invalid signal: ${text}`,
    );
  }
  if (!isRunning(container)) {
    throw new DockerError(409, `${words}: ${idOrName}: ${notRunning(daemon, container).message}`);
  }
  const { process } = container;
  sendSignal(daemon, container, signal);
  // A kill that ends the container is answered when it has ended.
  if (signal === SIGKILL) await process?.exited;
  return { status: 204 };
}

/** Any signal of a person's hand cancels the restart policy, as in Docker, unless the image names a stop signal. */
export function sendSignal(daemon: Daemon, container: ContainerRecord, signal: number): void {
  const stopSignal = parseSignal(container.config.StopSignal ?? "");
  const endsRestarts = stopSignal === null || signal === SIGKILL || signal === stopSignal;
  if (endsRestarts) cancelRestart(container);
  daemon.onChange();
  if (!container.process) return; // between two runs there is nothing to signal, and nothing is told
  const wasPaused = container.status === "paused";
  container.process.signal(signal);
  daemon.publishContainer(container, "kill", { signal: String(signal) });
  if (wasPaused && endsRestarts) {
    container.status = "running";
    container.process.resume();
    daemon.publishContainer(container, "unpause");
  }
}

export function notRunning({ generation: { isModern } }: Daemon, container: ContainerRecord): DockerError {
  return new DockerError(409, `${isModern ? "container" : "Container"} ${container.id} is not running`);
}
