import { hashAsClient, hashPassword } from "@berth/api/auth/password.ts";
import type { Condition } from "@berth/spec/condition.ts";
import { ContainerSpec } from "@berth/spec/container.ts";
import type { Sql } from "@berth/db/sql.ts";

export const LAB = { machines: 100, gpusPerMachine: 8, containers: 1_000, admins: 8 };
/** What each of {@link LAB.admins} `bench-0`, `bench-1`, … types. */
export const TYPED_PASSWORD = "the password of the benchmark's admins";
/** What a client sends for it. */
export const PASSWORD = hashAsClient(TYPED_PASSWORD);

const SINCE = "2026-01-02T03:04:05.678Z";
const condition = (type: string, reason: string, message: string): Condition => ({
  type,
  status: "true",
  reason,
  message,
  since: SINCE,
});

/** As a browser's notebook has it: what people start most. */
const SPEC = ContainerSpec.parse({
  command: ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser"],
  working_dir: "/workspace",
  env: {
    TZ: "Asia/Shanghai",
    JUPYTER_TOKEN: "a token that its owner chose",
    OMP_NUM_THREADS: "8",
    HF_HOME: "/data/hf",
  },
  ports: [
    { name: "ssh", kind: "ssh", container_port: 22 },
    { name: "jupyter", kind: "http", container_port: 8888 },
  ],
  gpu_count: 1,
  gpu_type: "RTX 4090",
  cpus: 8,
  memory: 65_536,
  shm: 16_384,
});

/**
 * A lab as large as Berth is made for, as its verbs and the reconciler would have recorded it: machines of eight GPUs, and
 * containers that run on them until the GPUs are all taken, the others without one. In a few statements: it takes a second.
 */
export async function fillLargeLab(sql: Sql, containers: number = LAB.containers): Promise<void> {
  await sql(
    `INSERT INTO users (account, password, role)
     SELECT 'bench-' || n, $1, 'admin' FROM generate_series(0, $2::int - 1) n`,
    [await hashPassword(PASSWORD), LAB.admins],
  );
  await sql(
    `INSERT INTO machines (machine_id, name, url, allow_insecure, port_first, port_last, marker_uuid)
     SELECT 'gpu-' || lpad(n::text, 3, '0'), 'gpu-' || n, 'tcp://10.0.0.' || n || ':2375', true, 20000, 29999,
            gen_random_uuid()
     FROM generate_series(0, $1::int - 1) n`,
    [LAB.machines],
  );
  await sql(
    `INSERT INTO machine_status (machine_id, online, engine_version, gpus, cpus, cores, memory, disk, conditions)
     SELECT machine_id, true, '28.5.2',
            (SELECT jsonb_agg(jsonb_build_object('uuid', 'GPU-' || machine_id || '-' || g, 'index', g,
                                                 'type', 'RTX 4090', 'memory', 24564) ORDER BY g)
             FROM generate_series(0, $1::int - 1) g),
            $2::jsonb, 64, '{"total": 515000, "free": 301000}', '{"total": 7600000, "free": 1200000}', $3::jsonb
     FROM machines`,
    [
      LAB.gpusPerMachine,
      JSON.stringify(Array.from({ length: 2 }, () => ({ type: "AMD EPYC 7543 32-Core Processor", cores: 32 }))),
      JSON.stringify([
        condition("Reachable", "Answers", "The engine answers."),
        condition("IdentityMatches", "SameMarker", "The engine is the one that was added."),
      ]),
    ],
  );
  await sql(
    `WITH image AS (
       INSERT INTO images (name, reference, source) VALUES ('public/pytorch:2.9', 'registry.test/pytorch:2.9', 'external')
       RETURNING image_id
     ), ready AS (
       INSERT INTO image_status (image_id, phase) SELECT image_id, 'Ready' FROM image
     )
     INSERT INTO containers (name, display_name, user_id, image_id, spec)
     SELECT 'job-' || n, 'Training run ' || n, user_id, image_id, $2::jsonb
     FROM generate_series(0, $1::int - 1) n CROSS JOIN image JOIN users ON account = 'bench-' || n % $3::int`,
    [containers, JSON.stringify(SPEC), LAB.admins],
  );
  await sql(
    `INSERT INTO container_status (container_id, phase, running, observed_generation, conditions)
     SELECT container_id, 'Running', true, generation, $1::jsonb FROM containers`,
    [JSON.stringify([condition("Ready", "Running", "The container runs.")])],
  );
  await sql(
    `INSERT INTO placements (container_id, machine_id, ports)
     SELECT container_id, 'gpu-' || lpad((n % $1::int)::text, 3, '0'), (
              SELECT jsonb_agg(port || jsonb_build_object('host_port', 20000 + 2 * (n / $1::int) + at - 1) ORDER BY at)
              FROM jsonb_array_elements(spec->'ports') WITH ORDINALITY ports (port, at)
            )
     FROM (SELECT container_id, spec, row_number() OVER (ORDER BY container_id) - 1 AS n FROM containers) numbered`,
    [LAB.machines],
  );
  await sql(
    `INSERT INTO gpu_allocations (machine_id, gpu_uuid, container_id)
     SELECT machine_id, gpu->>'uuid', container_id
     FROM (SELECT machine_id, container_id,
                  row_number() OVER (PARTITION BY machine_id ORDER BY container_id) - 1 AS at FROM placements) placed
     JOIN machine_status USING (machine_id) JOIN LATERAL (SELECT gpus->at::int AS gpu) taken ON gpu IS NOT NULL`,
  );
  await sql("ANALYZE");
}
