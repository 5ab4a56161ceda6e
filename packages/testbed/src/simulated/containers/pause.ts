import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import type { Call, Reply } from "../http/call.ts";
import { type ContainerRecord, isRunning, withLock } from "./container-record.ts";
import { notRunning } from "./kill.ts";
import { keepInLists, showInLists } from "./lagging-lists.ts";

export async function pauseContainer({ daemon, params }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  return withLock(container, () => {
    if (!isRunning(container)) throw notRunning(daemon, container);
    if (container.status === "paused") throw new DockerError(409, `Container ${container.id} is already paused`);
    refuseWhileRestarting(container);
    pause(daemon, container);
    return { status: 204 };
  });
}

export async function unpauseContainer({ daemon, params }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  return withLock(container, () => {
    if (container.status !== "paused") throw new DockerError(500, `Container ${container.id} is not paused`);
    unpause(daemon, container);
    return { status: 204 };
  });
}

export function pause(daemon: Daemon, container: ContainerRecord): void {
  keepInLists(daemon, container);
  container.status = "paused";
  container.process?.pause();
  daemon.publishContainer(container, "pause");
  daemon.onChange();
}

export function unpause(daemon: Daemon, container: ContainerRecord): void {
  showInLists(container);
  container.status = "running";
  daemon.publishContainer(container, "unpause");
  container.process?.resume();
  daemon.onChange();
}

export function refuseWhileRestarting(container: ContainerRecord): void {
  if (container.status !== "restarting") return;
  throw new DockerError(409, `Container ${container.id} is restarting, wait until the container is running`);
}
