import { z } from "zod";
import type { CallOptions, InspectedContainer } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedContainer } from "../wire/names.ts";
import { ContainerState, Labels, Moment } from "./state.ts";
import { isUnlimited } from "./update.ts";

const INSPECT_MS = 30_000;

const Mount = z
  .object({ Type: z.string(), Destination: z.string(), Name: z.string().optional(), RW: z.boolean() })
  .transform((mount): InspectedContainer["mounts"][number] => ({
    type: mount.Type,
    destination: mount.Destination,
    name: mount.Name || null,
    read_only: !mount.RW,
  }));

const DeviceRequest = z
  .object({
    Count: z.int().nullish(),
    DeviceIDs: z.array(z.string()).nullish(),
    Capabilities: z.array(z.array(z.string())).nullish(),
  })
  .transform((request) => ({
    ids: request.DeviceIDs ?? [],
    count: request.Count ?? 0,
    isGpu: (request.Capabilities ?? []).some((all) => all.includes("gpu")),
  }));

const Inspected = z
  .object({
    Id: z.string(),
    Name: z.string(),
    State: z.object({
      Status: ContainerState,
      ExitCode: z.int(),
      OOMKilled: z.boolean(),
      Error: z.string(),
      StartedAt: Moment,
      FinishedAt: Moment,
      Health: z.object({ Status: z.string() }).nullish(),
    }),
    RestartCount: z.int().default(0),
    Image: z.string(),
    Config: z.object({ Labels, Tty: z.boolean(), Image: z.string(), Env: z.array(z.string()).nullish() }),
    Mounts: z.array(Mount).nullish(),
    HostConfig: z.object({
      Memory: z.number(),
      NanoCpus: z.number(),
      Runtime: z.string().default(""),
      DeviceRequests: z.array(DeviceRequest).nullish(),
    }),
  })
  .transform(({ State: state, Config: config, HostConfig: host, ...rest }): InspectedContainer => ({
    id: rest.Id,
    name: rest.Name.replace(/^\//, ""),
    state: state.Status,
    exit_code: state.ExitCode,
    oom_killed: state.OOMKilled,
    error: state.Error,
    started_at: state.StartedAt,
    finished_at: state.FinishedAt,
    restart_count: rest.RestartCount,
    image_id: rest.Image,
    labels: config.Labels,
    tty: config.Tty,
    memory_bytes: isUnlimited(host.Memory) ? 0 : host.Memory,
    nano_cpus: host.NanoCpus,
    health: healthOf(state.Health?.Status),
    image_reference: config.Image,
    mounts: rest.Mounts ?? [],
    env: config.Env ?? [],
    gpu_requests: (host.DeviceRequests ?? []).filter(({ isGpu }) => isGpu).map(({ ids, count }) => ({ ids, count })),
    runtime: host.Runtime,
  }));

export async function inspectContainer(
  link: EngineLink,
  idOrName: string,
  options: CallOptions | undefined,
): Promise<InspectedContainer> {
  const reference = checkedContainer(idOrName);
  return link.call((docker) => docker.getContainer(reference).inspect(), Inspected, options, INSPECT_MS);
}

/** "none" is what Docker says of a container without a health check. */
function healthOf(status: string | undefined): InspectedContainer["health"] {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : null;
}
