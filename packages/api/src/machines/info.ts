import type { Cpu, Gpu, MachineInfo } from "@berth/spec/machine.ts";
import type { AuthedContext } from "../context.ts";
import { hostOf } from "./host.ts";

interface InfoRow extends Pick<MachineInfo, "machine_id" | "disk" | "memory" | "online"> {
  url: string;
  gpus: Gpu[];
  cpus: Cpu[];
}

/**
 * Every machine that is not decommissioned, by its id, as the document's `machine/info` shows it. Programs poll it, so it
 * reads no more than it shows, and names each field: no schema looks at the answer again.
 */
export async function readMachineInfo({ sql }: Pick<AuthedContext, "sql">): Promise<MachineInfo[]> {
  const rows = await sql<InfoRow>(
    `SELECT m.machine_id, m.url, COALESCE(s.gpus, '[]') AS gpus, COALESCE(s.cpus, '[]') AS cpus, s.disk, s.memory,
            COALESCE(s.online, false) AS online
     FROM machines m LEFT JOIN machine_status s USING (machine_id)
     WHERE m.state <> 'decommissioned' ORDER BY m.machine_id COLLATE "C"`,
  );
  return rows.map(({ machine_id, url, gpus, cpus, disk, memory, online }) => ({
    machine_id,
    ip: hostOf(url),
    gpu: Object.fromEntries(gpus.map(({ index, type, memory }) => [index, { type, memory }])),
    cpu: Object.fromEntries(cpus.map(({ type, cores }, socket) => [socket, { type, cores }])),
    disk: disk && { total: disk.total, free: disk.free },
    memory: memory && { total: memory.total, free: memory.free },
    online,
  }));
}
