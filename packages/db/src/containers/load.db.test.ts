import { randomUUID } from "node:crypto";
import { insertContainer, insertImage, insertMachine, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { type ContainerRow, loadContainers } from "./load.ts";

const database = useTestDatabase();

const load = (filter: Parameters<typeof loadContainers>[1]): Promise<ContainerRow[]> =>
  loadContainers(database.sql, filter, (uid, error) => {
    throw new Error(`${uid} can't be read`, { cause: error });
  });

test("reads a container with its image, placement, status and holds", async () => {
  const { sql } = database;
  const { shard } = await insertMachine(sql, "gpu1");
  const image_id = await insertImage(sql, { name: "public/job:1", digest: "sha256:1", source: "mirror" });
  const { container_id, uid, name } = await insertContainer(sql, { image_id, spec: { gpu_count: 2 } });
  const port = { name: "ssh", kind: "ssh", protocol: "tcp", container_port: 22, host_port: 20_000 };
  await sql("INSERT INTO placements VALUES ($1, 'gpu1', '{GPU-1}', $2::jsonb)", [container_id, JSON.stringify([port])]);
  await sql(
    `UPDATE container_status SET engine_id = 'e1', applied = '{"memory_bytes": 1, "nano_cpus": 2}',
       next_retry_at = '2026-01-01T00:00:00Z' WHERE container_id = $1`,
    [container_id],
  );
  await sql("INSERT INTO held_containers VALUES ('old', $1, 'gpu1', 3, $2, '2026-01-02T00:00:00Z')", [
    container_id,
    image_id,
  ]);

  const [row] = await load({ uids: [uid, randomUUID()] });
  expect(row).toMatchObject({
    container_id,
    uid,
    name,
    generation: 1,
    spec: { gpu_count: 2, tty: true },
    image: { reference: "registry.test/public/job:1", source: "mirror", digest: "sha256:1" },
    placement: { machine_id: "gpu1", shard, gpu_uuids: ["GPU-1"], ports: [port] },
    status: {
      engine_id: "e1",
      applied: { memory_bytes: 1, nano_cpus: 2 },
      next_retry_at: new Date("2026-01-01T00:00:00Z"),
      conditions: [],
    },
    held: [{ engine_id: "old", generation: 3, held_until: new Date("2026-01-02T00:00:00Z") }],
  });
  expect(await load({ machine_ids: ["gpu1", "gpu2"] })).toEqual([row]);
});

test("reads where what is mounted is on its machine, each user's own where it is that", async () => {
  const { sql } = database;
  for (const machine of ["disk-1", "disk-2"]) await insertMachine(sql, machine);
  await sql(`INSERT INTO storages (name, kind, per_user, machine_id, path) VALUES
    ('homes', 'home', true, NULL, '/srv/homes'), ('volumes', 'home', true, NULL, NULL), ('all', 'scratch', false, NULL, NULL),
    ('data', 'dataset', false, 'disk-1', '/srv/one'), ('data', 'dataset', false, 'disk-2', '/srv/two')`);
  const { user_id, account } = await insertUser(sql);
  const mounts = ["homes", "volumes", "all", "data", "gone"].map((storage) => ({ storage, path: `/${storage}` }));
  const { container_id, uid } = await insertContainer(sql, { user_id, spec: { mounts } as never });
  await sql("INSERT INTO placements VALUES ($1, 'disk-2')", [container_id]);
  const [row] = await load({ uids: [uid] });
  const homes = { parent: "/srv/homes", name: account };
  expect(row?.mounts).toEqual([
    {
      ...mounts[0],
      kind: "home",
      read_only: false,
      source: { type: "directory", path: `/srv/homes/${account}`, made_in: homes },
    },
    {
      ...mounts[1],
      kind: "home",
      read_only: false,
      source: { type: "volume", name: `berth-storage-volumes.${account}` },
    },
    { ...mounts[2], kind: "scratch", read_only: false, source: { type: "volume", name: "berth-storage-all" } },
    { ...mounts[3], kind: "dataset", read_only: true, source: { type: "directory", path: "/srv/two", made_in: null } },
    { ...mounts[4], kind: null, read_only: false, source: null },
  ]);
  const plain = await insertContainer(sql);
  await sql("INSERT INTO placements VALUES ($1, 'disk-2')", [plain.container_id]);
  await sql("UPDATE containers SET spec = spec - 'mounts' WHERE container_id = $1", [plain.container_id]);
  expect((await load({ uids: [plain.uid] })).map((one) => one.mounts)).toEqual([[]]);
});

test("leaves out what is not placed yet, and what is on other machines", async () => {
  const { sql } = database;
  await insertMachine(sql, "empty");
  const { uid } = await insertContainer(sql);
  expect(await load({ uids: [uid] })).toEqual([]);
  expect(await load({ machine_ids: ["empty"] })).toEqual([]);
});

test("leaves out one that can't be read, says which, and reads the others beside it", async () => {
  const { sql } = database;
  await insertMachine(sql, "mixed");
  const [broken, whole] = [await insertContainer(sql), await insertContainer(sql)];
  for (const { container_id } of [broken, whole]) {
    await sql("INSERT INTO placements VALUES ($1, 'mixed', '{}', '[]')", [container_id]);
  }
  await sql(`UPDATE containers SET spec = '{"gpu_count": "many"}' WHERE container_id = $1`, [broken.container_id]);
  const told: string[] = [];
  const rows = await loadContainers(sql, { machine_ids: ["mixed"] }, (uid) => told.push(uid));
  expect(rows.map(({ uid }) => uid)).toEqual([whole.uid]);
  expect(told).toEqual([broken.uid]);
});
