import type { ContainerCreateOptions, ContainerStopOptions } from "dockerode";
import { type CallOptions, type CreateContainerBody, EngineError } from "../engine.ts";
import type { Apart } from "../transport/dockerode.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedContainerId, checkedName } from "../wire/names.ts";
import { Created, Nothing } from "./state.ts";

const CREATE_MS = 30_000;
const START_MS = 60_000;
/** Beyond the time that the container itself is given. */
const STOP_GRACE_MS = 15_000;
const REMOVE_MS = 60_000;
const OTHER_MS = 30_000;

export async function createContainer(
  link: EngineLink,
  name: string,
  body: CreateContainerBody,
  options: CallOptions | undefined,
): Promise<{ id: string }> {
  const parameters: Apart<ContainerCreateOptions> = { _query: { name: checkedName(name) }, _body: body };
  const created = await link.call((docker) => docker.createContainer(parameters), Created, options, CREATE_MS);
  return { id: created.Id };
}

export async function startContainer(link: EngineLink, id: string, options: CallOptions | undefined): Promise<void> {
  const container = checkedContainerId(id);
  await link.call((docker) => docker.getContainer(container).start(), Nothing, options, START_MS);
}

export async function stopContainer(
  link: EngineLink,
  id: string,
  timeoutS: number,
  options: CallOptions | undefined,
): Promise<void> {
  const container = checkedContainerId(id);
  const parameters: Apart<ContainerStopOptions> = { _query: { t: timeoutS }, _body: {} };
  const deadlineMs = timeoutS * 1_000 + STOP_GRACE_MS;
  await link.call((docker) => docker.getContainer(container).stop(parameters), Nothing, options, deadlineMs);
}

export async function removeContainer(link: EngineLink, id: string, options: CallOptions | undefined): Promise<void> {
  const container = checkedContainerId(id);
  await link.call(
    (docker) => docker.getContainer(container).remove({ force: false, v: false }),
    Nothing,
    options,
    REMOVE_MS,
  );
}

export async function renameContainer(
  link: EngineLink,
  id: string,
  name: string,
  options: CallOptions | undefined,
): Promise<void> {
  const container = checkedContainerId(id);
  const parameters = { _query: { name: checkedName(name) }, _body: {} };
  try {
    await link.call((docker) => docker.getContainer(container).rename(parameters), Nothing, options, OTHER_MS);
  } catch (error) {
    const isNamedSo = error instanceof EngineError && error.kind === "rejected" && /same name/.test(error.message);
    if (!isNamedSo) throw error;
  }
}

export async function unpauseContainer(link: EngineLink, id: string, options: CallOptions | undefined): Promise<void> {
  const container = checkedContainerId(id);
  await link.call((docker) => docker.getContainer(container).unpause(), Nothing, options, OTHER_MS);
}
