import type { Cpu } from "@berth/spec/capacity.ts";
import type { Gpu, MachineInfo } from "@berth/spec/machine.ts";
import type { AuthedContext } from "../context.ts";
import { hostOf, PUBLIC_HOST } from "./host.ts";
import { STALE_AFTER, withFree } from "./telemetry-view.ts";

interface InfoRow extends Pick<MachineInfo, "machine_id" | "disk" | "memory" | "online"> {
  url: string;
  public_host: string | null;
  is_stale: boolean | null;
  memory_free: number | null;
  disk_free: number | null;
  gpus: Gpu[];
  cpus: Cpu[];
}

/**
 * Every machine that is not decommissioned, by its id, as the document's `machine/info` shows it. Programs poll it, so it
 * reads no more than it shows, and names each field: no schema looks at the answer again.
 */
export async function readMachineInfo({ sql }: Pick<AuthedContext, "sql">): Promise<MachineInfo[]> {
  const rows = await sql<InfoRow>(
    `SELECT m.machine_id, m.url, ${PUBLIC_HOST} AS public_host, COALESCE(s.gpus, '[]') AS gpus, COALESCE(s.cpus, '[]') AS cpus, s.disk, s.memory,
            COALESCE(s.online, false) AS online, t.seen_at < now() - $1::interval AS is_stale, t.memory_free, t.disk_free
     FROM machines m LEFT JOIN machine_status s USING (machine_id) LEFT JOIN machine_telemetry t USING (machine_id)
     WHERE m.state <> 'decommissioned' ORDER BY m.machine_id COLLATE "C"`,
    [STALE_AFTER],
  );
  return rows.map(({ machine_id, url, public_host, gpus, cpus, online, ...row }) => ({
    machine_id,
    ip: hostOf(url, public_host),
    gpu: Object.fromEntries(gpus.map(({ index, type, memory }) => [index, { type, memory }])),
    cpu: Object.fromEntries(cpus.map(({ type, cores }, socket) => [socket, { type, cores }])),
    disk: withFree(row.disk, row.is_stale, row.disk_free),
    memory: withFree(row.memory, row.is_stale, row.memory_free),
    online,
  }));
}
