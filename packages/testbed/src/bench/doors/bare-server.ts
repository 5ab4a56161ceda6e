// The floor of the doors' benchmark: Fastify, pg and JSON.stringify, and nothing else. The same bytes as Berth's own routes
// give, of one statement each that is written here, without tokens, validation, limits or a log: a statement more, or one
// for each row, is seen beside it.
import { createRequire } from "node:module";
import type { Container, PortBinding } from "@berth/spec/container.ts";
import type { MachineInfo } from "@berth/spec/machine.ts";
import { createPool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";

/** What is used here of packages that are the server's and the API's, not ours. */
interface Fastify {
  get(path: string, answer: (request: { query: Record<string, string> }) => Promise<unknown>): void;
  post(path: string, answer: (request: { body: { account: string; password: string } }) => Promise<unknown>): void;
  listen(at: { host: string; port: number }): Promise<string>;
  close(): Promise<void>;
}

interface Argon2 {
  verify(stored: string, sent: string): Promise<boolean>;
}

const installedFor = (owner: string) => createRequire(new URL(`../../../../../${owner}/package.json`, import.meta.url));
const createFastify = installedFor("apps/server")("fastify") as () => Fastify;
const argon2 = installedFor("packages/api")("@node-rs/argon2") as Argon2;

/** As many connections as the API opens at most, which is pg's own default. */
const CONNECTIONS = 10;
const pool = createPool(process.env["DATABASE_URL"]!, {
  max: CONNECTIONS,
  applicationName: "berth-bench-bare",
  onError: (error) => console.error(error),
});
const sql = pgSql(pool);

type MachineRow = Pick<MachineInfo, "machine_id" | "disk" | "memory" | "online"> & {
  host: string;
  gpus: { index: number; type: string; memory: number }[];
  cpus: { type: string; cores: number }[];
};

/** The lab has no probe, and no machine that is reached by a socket. */
async function machines(): Promise<MachineInfo[]> {
  const rows = await sql<MachineRow>(
    `SELECT m.machine_id, substring(m.url FROM '//(.*):') AS host, s.gpus, s.cpus, s.disk, s.memory, s.online,
            t.seen_at, t.memory_free, t.disk_free
     FROM machines m JOIN machine_status s USING (machine_id) LEFT JOIN machine_telemetry t USING (machine_id)
     WHERE m.state <> 'decommissioned' ORDER BY m.machine_id COLLATE "C"`,
  );
  return rows.map(({ machine_id, host, gpus, cpus, disk, memory, online }) => ({
    machine_id,
    ip: host,
    gpu: Object.fromEntries(gpus.map(({ index, type, memory: size }) => [index, { type, memory: size }])),
    cpu: Object.fromEntries(cpus.map((cpu, socket) => [socket, cpu])),
    disk,
    memory,
    online,
  }));
}

type Shown = "connect" | "created_at" | "mounts" | "moving" | "next_retry_at" | "waiting";
type Row = Omit<Container, Shown> & {
  ports: PortBinding[];
  created_at: Date;
  host: string;
  /** Where the server shows pages of containers, each below its owner's and its own name. */
  proxy: string;
};

/** The lab has no gateway, and nobody in it waits or moves; that much is looked up all the same. */
async function containers({ limit, cursor }: Record<string, string>): Promise<object> {
  const rows = await sql<Row>(
    `SELECT c.container_id, c.uid, c.name, c.display_name, p.machine_id, m.simulated, substring(m.url FROM '//(.*):') AS host,
            c.image_id, i.name AS image, c.user_id, u.account, s.running AS status, c.desired, c.on_loss, c.on_drain,
            CASE WHEN w.container_id IS NULL AND v.container_id IS NULL THEN s.phase END AS phase, s.message,
            c.generation, s.observed_generation, c.spec, s.conditions, p.ports, COALESCE(g.gpus, '[]') AS gpus, s.restarts,
            s.exit_code, COALESCE(h.held, '[]') AS held, c.created_at,
            (SELECT value->>'url' FROM settings WHERE key = 'proxy') AS proxy
     FROM containers c
     JOIN users u USING (user_id)
     JOIN images i USING (image_id)
     JOIN container_status s USING (container_id)
     JOIN placements p USING (container_id)
     JOIN machines m ON m.machine_id = p.machine_id
     LEFT JOIN waiting_line w USING (container_id)
     LEFT JOIN moves v USING (container_id)
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(gpu ORDER BY (gpu->>'index')::int) AS gpus
       FROM gpu_allocations a JOIN machine_status ms USING (machine_id)
         JOIN LATERAL jsonb_array_elements(ms.gpus) gpu ON gpu->>'uuid' = a.gpu_uuid
       WHERE a.container_id = c.container_id AND a.machine_id = p.machine_id
     ) g ON true
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object('generation', generation, 'held_until', held_until)) AS held
       FROM held_containers h WHERE h.container_id = c.container_id AND h.machine_id = p.machine_id
     ) h ON true
     WHERE $2::bigint IS NULL OR c.container_id < $2::bigint ORDER BY c.container_id DESC LIMIT $1::int + 1`,
    [limit, cursor ?? null],
  );
  const items = rows.slice(0, Number(limit)).map(({ host, proxy, created_at, ...row }) => ({
    ...row,
    moving: null,
    waiting: null,
    mounts: [],
    connect: {
      ssh: `ssh -p ${row.ports.find(({ kind }) => kind === "ssh")?.host_port} root@${host}`,
      urls: [
        ...row.spec.ports
          .filter(({ kind }) => kind === "http")
          .map(({ name }) => `${proxy}/${row.account}/${row.name}/${name}/`),
        ...row.ports.filter(({ kind }) => kind === "http").map(({ host_port }) => `http://${host}:${host_port}`),
      ],
      gateway: null,
      gateway_fingerprint: null,
    },
    created_at: created_at.toISOString(),
    next_retry_at: null,
  }));
  return { items, next_cursor: rows.length > items.length ? String(items.at(-1)?.container_id) : null };
}

const app = createFastify();
app.get("/machine/info", async () => JSON.stringify(await machines()));
app.get("/containers", async ({ query }) => JSON.stringify(await containers(query)));
app.get("/trpc/containers", async ({ query }) => JSON.stringify({ result: { data: await containers(query) } }));
app.post("/login", async ({ body }) => {
  const [user] = await sql<{ password: string }>("SELECT * FROM users WHERE account = $1", [body.account]);
  if (!user || !(await argon2.verify(user.password, body.password))) throw new Error("a wrong password");
  return JSON.stringify({ access_token: "x".repeat(300) });
});

console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
process.stdin.resume();
process.stdin.on("end", () => void app.close().then(() => pool.end()));
