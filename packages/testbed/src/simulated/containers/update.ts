import { z } from "zod";
import type { Daemon } from "../daemon.ts";
import { needSpaceForState } from "../disk.ts";
import { DockerError } from "../docker-error.ts";
import { type Call, readJson, type Reply } from "../http/call.ts";
import { UpdateBody } from "../wire.ts";
import { checkHostConfig } from "./check-host-config.ts";
import { type ContainerRecord, withLock } from "./container-record.ts";

/** `POST /containers/:id/update`: a zero leaves a limit as it is. */
export async function updateContainer(call: Call): Promise<Reply> {
  const { daemon, params } = call;
  if (!daemon.generation.isModern && (await call.body()).length === 0) throw new DockerError(500, "EOF");
  const changes = await readJson(call, UpdateBody);
  const container = daemon.container(params["id"] ?? "");
  const policy = changes.RestartPolicy?.Name ? changes.RestartPolicy : null;
  const { MemorySwap, ...others } = changes;
  checkHostConfig(
    daemon,
    changes.Memory ? { ...changes, RestartPolicy: policy } : { ...others, RestartPolicy: policy },
  );
  return withLock(container, () => {
    checkAgainst(container, changes);
    refuseWithoutSpace(daemon, container);
    const { host } = container;
    if (changes.Memory) host.Memory = changes.Memory;
    if (MemorySwap) host.MemorySwap = MemorySwap;
    if (changes.NanoCpus) host.NanoCpus = changes.NanoCpus;
    if (changes.CpuPeriod) host.CpuPeriod = changes.CpuPeriod;
    if (changes.CpuQuota) host.CpuQuota = changes.CpuQuota;
    if (policy) host.RestartPolicy = policy;
    daemon.publishContainer(container, "update");
    daemon.onChange();
    return { status: 200, json: { Warnings: null } };
  });
}

function refuseWithoutSpace(daemon: Daemon, container: ContainerRecord): void {
  try {
    needSpaceForState(daemon, container.id);
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    throw new DockerError(error.status, `Cannot update container ${container.id}: ${error.message}`);
  }
}

function checkAgainst(container: ContainerRecord, changes: z.infer<typeof UpdateBody>): void {
  const { host } = container;
  const refuse = (why: string): DockerError => new DockerError(409, `Cannot update container ${container.id}: ${why}`);
  const swap = host.MemorySwap ?? 0;
  if (changes.Memory && !changes.MemorySwap && swap > 0 && changes.Memory > swap) {
    throw refuse(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
  if (changes.CpuPeriod && host.NanoCpus) {
    throw refuse("Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
  }
  if (changes.CpuQuota && host.NanoCpus) {
    throw refuse("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
  }
}
