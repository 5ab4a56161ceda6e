import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import type { Call, Reply } from "../http/call.ts";
import { type ContainerRecord, isRunning, withLock } from "./container-record.ts";
import { destroyContainer } from "./destroy-container.ts";
import { launch } from "./launch.ts";

/** `POST /containers/:id/start`: 304 where it runs already. */
export async function startContainer({ daemon, params }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  return withLock(container, async () => {
    if (container.status === "paused") {
      throw new DockerError(409, "cannot start a paused container, try unpause instead");
    }
    if (isRunning(container)) return { status: 304 };
    if (container.status === "removing" || container.status === "dead") {
      throw new DockerError(409, "container is marked for removal and cannot be started");
    }
    await startByHand(daemon, container);
    return { status: 204 };
  });
}

/** Someone wants it to run: whatever stopped it before no longer counts. */
export async function startByHand(daemon: Daemon, container: ContainerRecord): Promise<void> {
  container.restart_count = 0;
  container.was_stopped_by_hand = false;
  container.restart = { delay_ms: 0, is_cancelled: false, cancelTimer: null };
  await daemon.takes("start");
  try {
    launch(daemon, container);
  } catch (error) {
    // What is to go when it has ended goes too where it never began: clients wait for that.
    if (container.host.AutoRemove) destroyContainer(daemon, container);
    throw error;
  }
}
