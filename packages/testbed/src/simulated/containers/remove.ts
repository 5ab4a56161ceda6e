import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { type Call, isSet, type Reply } from "../http/call.ts";
import { SIGKILL } from "../process/signals.ts";
import { type ContainerRecord, isRunning } from "./container-record.ts";
import { destroyContainer } from "./destroy-container.ts";
import { sendSignal } from "./kill.ts";

/** `DELETE /containers/:id`: what runs is removed only by force. */
export async function removeContainer({ daemon, params, query }: Call): Promise<Reply> {
  const idOrName = params["id"] ?? "";
  const container = daemon.container(idOrName);
  if (container.status === "removing") {
    throw new DockerError(409, `removal of container ${idOrName} is already in progress`);
  }
  if (isRunning(container)) {
    if (!isSet(query, "force")) throw stillRunning(daemon, container, idOrName);
    const { process } = container;
    sendSignal(daemon, container, SIGKILL);
    await process?.exited;
  }
  if (!daemon.containers.has(container.id)) return { status: 204 };
  container.status = "removing";
  await daemon.takes("remove");
  destroyContainer(daemon, container);
  return { status: 204 };
}

function stillRunning({ generation: { isModern } }: Daemon, container: ContainerRecord, idOrName: string): DockerError {
  const { status } = container;
  const oldAdvice = status === "paused" ? "Unpause and then stop" : "Stop";
  if (!isModern) {
    const advice = `${oldAdvice} the container before attempting removal or force remove`;
    return new DockerError(409, `You cannot remove a ${status} container ${container.id}. ${advice}`);
  }
  const why =
    status === "paused"
      ? "container is paused and must be unpaused first"
      : `container is ${status}: stop the container before removing or force remove`;
  return new DockerError(409, `cannot remove container "${idOrName}": ${why}`);
}
