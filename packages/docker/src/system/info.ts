import { z } from "zod";
import type { CallOptions, EngineInfo } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";

const INFO_MS = 30_000;
const CONTAINERD_SNAPSHOTTER = "io.containerd.snapshotter.v1";

const Info = z
  .object({
    ID: z.string(),
    Name: z.string(),
    ServerVersion: z.string(),
    NCPU: z.int(),
    MemTotal: z.int(),
    DockerRootDir: z.string(),
    Driver: z.string(),
    DriverStatus: z.array(z.array(z.string())).nullish(),
    DefaultRuntime: z.string().default(""),
    Runtimes: z.record(z.string(), z.unknown()).nullish(),
    Labels: z.array(z.string()).nullish(),
    SystemTime: z.string().nullish(),
  })
  .transform((info): Omit<EngineInfo, "api_version"> => ({
    engine_id: info.ID,
    name: info.Name,
    version: info.ServerVersion,
    ncpu: info.NCPU,
    memory_bytes: info.MemTotal,
    root_dir: info.DockerRootDir,
    storage_driver: info.Driver,
    containerd_store: (info.DriverStatus ?? []).some((status) => status.includes(CONTAINERD_SNAPSHOTTER)),
    default_runtime: info.DefaultRuntime,
    runtimes: Object.keys(info.Runtimes ?? {}),
    labels: Object.fromEntries((info.Labels ?? []).map(keyAndValue)),
    system_time: info.SystemTime || null,
  }));

export async function engineInfo(link: EngineLink, options: CallOptions | undefined): Promise<EngineInfo> {
  const info = await link.call((docker) => docker.info(), Info, options, INFO_MS);
  return { ...info, api_version: link.version?.api_version ?? null };
}

function keyAndValue(label: string): [string, string] {
  const [key = "", ...value] = label.split("=");
  return [key, value.join("=")];
}
