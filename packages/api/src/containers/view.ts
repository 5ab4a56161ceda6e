import type { Sql } from "@berth/db/sql.ts";
import { type Container, ContainerSpec, type PortBinding } from "@berth/spec/container.ts";
import { hostOf } from "../machines/host.ts";

interface ContainerRow extends Omit<Container, "connect" | "ports" | "created_at" | "next_retry_at"> {
  url: string | null;
  ports: PortBinding[];
  created_at: Date;
  next_retry_at: Date | null;
}

/**
 * SQL: the phase speaks of what was wanted before, and that is at rest. Whoever waits for `Running` after a restart must
 * not take the run that it ends for the one that it begins. `Unknown` stays: nobody can look.
 */
const IS_OUTDATED = `(s.phase IS NULL OR c.generation > s.observed_generation
  AND s.phase IN ('Running', 'Stopped', 'Completed', 'BackOff', 'RecreateRequired', 'Failed'))`;

/**
 * Containers with all that is shown of them, in one round trip however many they are. `where` is SQL over `c`
 * (containers), `u` (users) and `p` (placements) with `$1`… parameters.
 * Lists are handed on as they are made here: a spec that an earlier release stored gets its missing fields.
 */
export async function selectContainers(sql: Sql, where: string, parameters: readonly unknown[]): Promise<Container[]> {
  const rows = await sql<ContainerRow>(
    `SELECT c.container_id, c.uid, c.name, c.display_name, COALESCE(p.machine_id, c.machine_id) AS machine_id,
            COALESCE(m.simulated, false) AS simulated, m.url, c.image_id, i.name AS image, c.user_id, u.account,
            COALESCE(s.running, false) AS status, c.desired, c.on_loss, CASE WHEN ${IS_OUTDATED} THEN 'Pending' ELSE s.phase END AS phase,
            CASE WHEN ${IS_OUTDATED} THEN '' ELSE s.message END AS message, c.generation, COALESCE(s.observed_generation, 0) AS observed_generation,
            c.spec, COALESCE(s.conditions, '[]') AS conditions, COALESCE(p.ports, '[]') AS ports,
            COALESCE(g.gpus, '[]') AS gpus, COALESCE(s.restarts, 0) AS restarts, s.exit_code, s.next_retry_at,
            COALESCE(h.held, '[]') AS held, c.created_at
     FROM containers c
     JOIN users u USING (user_id)
     JOIN images i USING (image_id)
     LEFT JOIN container_status s USING (container_id)
     LEFT JOIN placements p USING (container_id)
     LEFT JOIN machines m ON m.machine_id = COALESCE(p.machine_id, c.machine_id)
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(gpu ORDER BY (gpu->>'index')::int) AS gpus
       FROM gpu_allocations a
       JOIN machine_status ms USING (machine_id)
       JOIN LATERAL jsonb_array_elements(ms.gpus) gpu ON gpu->>'uuid' = a.gpu_uuid
       WHERE a.container_id = c.container_id
     ) g ON true
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                'generation', generation,
                'held_until', to_char(held_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
              ) ORDER BY generation) AS held
       FROM held_containers WHERE container_id = c.container_id
     ) h ON true
     WHERE ${where}`,
    parameters,
  );
  return rows.map(toContainer);
}

const EMPTY_SPEC = ContainerSpec.parse({});

const toContainer = ({ url, created_at, next_retry_at, ...row }: ContainerRow): Container => ({
  ...row,
  spec: { ...EMPTY_SPEC, ...row.spec },
  connect: connectionsOf(url, row.ports),
  created_at: created_at.toISOString(),
  next_retry_at: next_retry_at?.toISOString() ?? null,
});

/** How a person gets in. The host ports are fixed before the container runs, so this is known from the start. */
function connectionsOf(machineUrl: string | null, ports: readonly PortBinding[]): Container["connect"] {
  const host = machineUrl === null ? null : hostOf(machineUrl);
  if (host === null) return { ssh: null, urls: [] };
  const ssh = ports.find((port) => port.kind === "ssh");
  const origin = host.includes(":") ? `http://[${host}]` : `http://${host}`;
  return {
    ssh: ssh ? `ssh -p ${ssh.host_port} root@${host}` : null,
    urls: ports.filter((port) => port.kind === "http").map((port) => `${origin}:${port.host_port}`),
  };
}
