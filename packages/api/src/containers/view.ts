import type { Sql } from "@berth/db/sql.ts";
import { mountedStorages } from "@berth/db/storages/mounted.ts";
import { type MountedStorage, resolveMounts } from "@berth/db/storages/resolve-mounts.ts";
import { type Container, ContainerSpec, type PortBinding } from "@berth/spec/container.ts";
import { pageOf as proxyPageOf, PROXY_ADDRESS, type ProxyAddress } from "../proxy/addresses.ts";
import { hostOf, PUBLIC_HOST } from "../machines/host.ts";
import { GATEWAY_KEY, type GatewayAddress } from "../ssh/gateway-address.ts";

type Shown = "connect" | "ports" | "mounts" | "created_at" | "next_retry_at" | "waiting";
interface ContainerRow extends Omit<Container, Shown> {
  url: string | null;
  public_host: string | null;
  storages: MountedStorage[];
  proxy: ProxyAddress | null;
  gateway: GatewayAddress | null;
  ports: PortBinding[];
  created_at: Date;
  next_retry_at: Date | null;
  place: number | null;
  reason: string;
  asked_at: Date;
}

/**
 * SQL: the phase speaks of what was wanted before, and that is at rest. Whoever waits for `Running` after a restart must
 * not take the run that it ends for the one that it begins. `Unknown` stays: nobody can look.
 */
const IS_OUTDATED = `(s.phase IS NULL OR c.generation > s.observed_generation
  AND s.phase IN ('Running', 'Stopped', 'Completed', 'BackOff', 'RecreateRequired', 'Failed'))`;

/** SQL: it has stood in line for GPUs, and its owner stopped it before its turn came. */
const IS_UNPLACED = "(p.container_id IS NULL AND c.desired = 'stopped')";

/** SQL: everybody who waits for GPUs, with the place in their line: their machine's, their type's, or that of any GPU. */
const LINE = `(SELECT container_id, reason, asked_at,
         (row_number() OVER (PARTITION BY machine_id, CASE WHEN machine_id IS NULL THEN gpu_type END ORDER BY number))::int AS place
       FROM waiting_line)`;

/**
 * Containers with all that is shown of them, in one round trip however many they are. `where` is SQL over `c`
 * (containers), `u` (users) and `p` (placements) with `$1`… parameters.
 * Lists are handed on as they are made here: a spec that an earlier release stored gets its missing fields.
 */
export async function selectContainers(sql: Sql, where: string, parameters: readonly unknown[]): Promise<Container[]> {
  const rows = await sql<ContainerRow>(
    `SELECT c.container_id, c.uid, c.name, c.display_name, COALESCE(p.machine_id, c.machine_id) AS machine_id,
            COALESCE(m.simulated, false) AS simulated, m.url, ${PUBLIC_HOST} AS public_host, ${PROXY_ADDRESS} AS proxy, c.image_id, i.name AS image, c.user_id, u.account,
            COALESCE(s.running AND s.phase <> 'Unknown', false) AS status, c.desired, c.on_loss, c.on_drain,
            CASE WHEN w.place IS NOT NULL THEN 'Waiting' WHEN v.container_id IS NOT NULL AND c.desired <> 'removed' THEN 'Moving' WHEN ${IS_UNPLACED} THEN 'Stopped'
                 WHEN ${IS_OUTDATED} THEN 'Pending' ELSE s.phase END AS phase,
            CASE WHEN v.container_id IS NOT NULL THEN 'On its way to ' || t.name || ': ' || vi.name || ' is ' || vs.phase || '.'
                 WHEN w.place IS NOT NULL OR ${IS_OUTDATED} THEN '' ELSE s.message END AS message,
            CASE WHEN v.container_id IS NOT NULL
                 THEN jsonb_build_object('machine_id', v.to_machine_id, 'image_id', v.image_id) END AS moving, w.place, w.reason, w.asked_at, c.generation, COALESCE(s.observed_generation, 0) AS observed_generation,
            c.spec, ${mountedStorages("c.spec", "COALESCE(p.machine_id, c.machine_id, st.machine_id)")} AS storages,
            COALESCE(s.conditions, '[]') AS conditions, COALESCE(p.ports, '[]') AS ports,
            COALESCE(g.gpus, '[]') AS gpus, COALESCE(s.restarts, 0) AS restarts, s.exit_code, s.next_retry_at,
            COALESCE(h.held, '[]') AS held, c.created_at,
            (SELECT value FROM settings WHERE key = '${GATEWAY_KEY}') AS gateway
     FROM containers c
     JOIN users u USING (user_id)
     JOIN images i USING (image_id)
     LEFT JOIN container_status s USING (container_id)
     LEFT JOIN placements p USING (container_id)
     LEFT JOIN ${LINE} w USING (container_id)
     LEFT JOIN moves v USING (container_id)
     LEFT JOIN machines t ON t.machine_id = v.to_machine_id
     LEFT JOIN images vi ON vi.image_id = v.image_id
     LEFT JOIN image_status vs ON vs.image_id = v.image_id
     LEFT JOIN machines m ON m.machine_id = COALESCE(p.machine_id, c.machine_id)
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(gpu ORDER BY (gpu->>'index')::int) AS gpus
       FROM gpu_allocations a
       JOIN machine_status ms USING (machine_id)
       JOIN LATERAL jsonb_array_elements(ms.gpus) gpu ON gpu->>'uuid' = a.gpu_uuid
       WHERE a.container_id = c.container_id AND a.machine_id = p.machine_id
     ) g ON true
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                'generation', generation,
                'held_until', to_char(held_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
              ) ORDER BY generation) AS held
       FROM held_containers h WHERE h.container_id = c.container_id AND h.machine_id = p.machine_id
     ) h ON true
     WHERE ${where}`,
    parameters,
  );
  return rows.map(toContainer);
}

const EMPTY_SPEC = ContainerSpec.parse({});

const toContainer = ({
  url,
  public_host,
  storages,
  proxy,
  gateway,
  created_at,
  next_retry_at,
  place,
  reason,
  asked_at,
  message,
  ...row
}: ContainerRow): Container => ({
  ...row,
  message: place === null ? message : messageInLine(place, reason),
  waiting: place === null ? null : { place, reason, asked_at: asked_at.toISOString() },
  spec: { ...EMPTY_SPEC, ...row.spec },
  mounts: resolveMounts(row.spec.mounts ?? [], storages, row.account).map(({ storage, path, kind, read_only }) => ({
    storage,
    path,
    kind,
    read_only,
    saved: false,
  })),
  connect: {
    ...connectionsOf(url && hostOf(url, public_host), row.ports, pagesOf(proxy, row)),
    ...throughGateway(gateway, row),
  },
  created_at: created_at.toISOString(),
  next_retry_at: next_retry_at?.toISOString() ?? null,
});

const messageInLine = (place: number, reason: string): string =>
  place === 1 ? `Next in line. ${reason}`.trim() : `Waits in line: ${place - 1} before it. ${reason}`.trim();

/** Where its web pages are seen by whoever was let in, simulated ones excepted: nothing listens there. */
const pagesOf = (
  proxy: ProxyAddress | null,
  row: Pick<ContainerRow, "spec" | "simulated" | "container_id" | "name" | "account">,
): string[] =>
  proxy === null || row.simulated
    ? []
    : (row.spec.ports ?? []).filter(({ kind }) => kind === "http").map(({ name }) => proxyPageOf(proxy, row, name));

/** How a person gets in. The host ports are fixed before the container runs, so this is known from the start. */
function connectionsOf(
  host: string | null,
  ports: readonly PortBinding[],
  pages: readonly string[],
): Pick<Container["connect"], "ssh" | "urls"> {
  if (host === null) return { ssh: null, urls: [...pages] };
  const ssh = ports.find((port) => port.kind === "ssh");
  const origin = host.includes(":") ? `http://[${host}]` : `http://${host}`;
  const published = ports.filter((port) => port.kind === "http").map((port) => `${origin}:${port.host_port}`);
  return { ssh: ssh ? `ssh -p ${ssh.host_port} root@${host}` : null, urls: [...pages, ...published] };
}

function throughGateway(
  gateway: GatewayAddress | null,
  { name, account }: Pick<Container, "name" | "account">,
): Pick<Container["connect"], "gateway" | "gateway_fingerprint"> {
  if (gateway === null) return { gateway: null, gateway_fingerprint: null };
  const { host, port, fingerprint } = gateway;
  return { gateway: `ssh ${name}.${account}@${host} -p ${port}`, gateway_fingerprint: fingerprint };
}
