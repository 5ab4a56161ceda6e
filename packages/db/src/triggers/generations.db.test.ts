import { insertContainer, insertImage, insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";

const database = useTestDatabase();

/** Columns of a table, with a value that changes each, and whether that is for a reconciler to act on. */
type Columns = Record<string, [value: string, isSpec: boolean]>;

const CONTAINER: Columns = {
  name: ["'renamed'", true],
  image_id: ["(SELECT max(image_id) FROM images)", true],
  machine_id: ["'elsewhere'", true],
  spec: [`'{"tty": false}'`, true],
  desired: ["'stopped'", true],
  on_loss: ["'fail'", true],
  run: ["run + 1", true],
  incarnation: ["incarnation + 1", true],
  recreate: ["'discard'", true],
  recreate_generation: ["recreate_generation + 1", true],
  move_number: ["move_number + 1", true],
  restart_run: ["restart_run + 1", true],
  restore_engine_id: ["repeat('e', 64)", true],
  on_drain: ["'move'", false],
  display_name: ["'shown'", false],
  created_at: ["now()", false],
};
const MACHINE: Columns = {
  url: ["url || '1'", true],
  tls: ["'\\x01'", true],
  allow_insecure: ["NOT allow_insecure", true],
  state: ["'cordoned'", true],
  is_builder: ["NOT is_builder", true],
  runs_containers: ["NOT runs_containers", true],
  port_first: ["port_first + 1", true],
  port_last: ["port_last - 1", true],
  labels: [`'{"rack": "3"}'`, true],
  name: ["name || '-renamed'", false],
  ssh_host_key: ["'SHA256:x'", false],
  marker_uuid: ["gen_random_uuid()", true],
  shared_gpus: [`'{"GPU-1": 2}'`, true],
};
const IMAGE: Columns = {
  name: ["name || 'x'", true],
  reference: ["reference || 'x'", true],
  desired: ["'absent'", true],
  recipe: [`'{"from": "x"}'`, true],
  machine_id: ["'elsewhere'", true],
  cancelled: ["NOT cancelled", true],
  run: ["run + 1", true],
  display_name: ["'shown'", false],
  description: ["'long'", false],
  create_params: [`'{"tty": false}'`, false],
  shared_with: ["'{1}'", false],
};

/** The number of the row and of what is wanted of it, and what is said of it once, as it is made. */
const NEVER_CHANGED = {
  containers: ["container_id", "uid", "user_id", "generation"],
  machines: ["machine_id", "simulated", "shard", "generation", "created_at"],
  images: [
    "image_id",
    "user_id",
    "parent_image_id",
    "source",
    "origin_uid",
    "origin_engine_id",
    "not_saved",
    "baked_env",
    "shard",
    "generation",
    "created_at",
  ],
};

interface Target {
  table: string;
  key: string;
  id: string | number;
}

async function insertTarget(table: string): Promise<Target> {
  const { sql } = database;
  if (table === "machines") {
    const id = `m-${Math.random()}`;
    await insertMachine(sql, id);
    return { table, key: "machine_id", id };
  }
  if (table === "images") return { table, key: "image_id", id: await insertImage(sql) };
  const { container_id } = await insertContainer(sql);
  await insertImage(sql); // another one to change to
  return { table, key: "container_id", id: container_id };
}

async function generationAfter({ table, key, id }: Target, assignment: string): Promise<number> {
  const [row] = await database.sql<{ generation: number }>(
    `UPDATE ${table} SET ${assignment} WHERE ${key} = $1 RETURNING generation`,
    [id],
  );
  return row!.generation;
}

const TABLES = { containers: CONTAINER, machines: MACHINE, images: IMAGE };
const cases = Object.entries(TABLES).flatMap(([table, columns]) =>
  Object.entries(columns).map(([column, [value, isSpec]]) => ({ table, column, value, isSpec })),
);

test.each(["containers", "machines", "images"] as const)("every column of %s is spoken of here", async (table) => {
  const columns = await database.sql<{ column_name: string }>(
    "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1",
    [table],
  );
  const named = [...Object.keys(TABLES[table]), ...NEVER_CHANGED[table]];
  expect(named.toSorted()).toEqual(columns.map(({ column_name }) => column_name).toSorted());
});

test.each(cases.filter(({ isSpec }) => isSpec))("a change of $table.$column is a new generation", async (change) => {
  const target = await insertTarget(change.table);
  expect(await generationAfter(target, `${change.column} = ${change.value}`)).toBe(2);
});

test.each(cases.filter(({ isSpec }) => !isSpec))("a change of $table.$column is none", async (change) => {
  const target = await insertTarget(change.table);
  expect(await generationAfter(target, `${change.column} = ${change.value}`)).toBe(1);
});

test.each(["containers", "machines", "images"])(
  "a write to %s that changes nothing is no new generation",
  async (table) => {
    const target = await insertTarget(table);
    const column = table === "machines" ? "labels" : "desired";
    expect(await generationAfter(target, table === "containers" ? "spec = spec" : `${column} = ${column}`)).toBe(1);
  },
);

test("two changes in one statement are one generation", async () => {
  expect(await generationAfter(await insertTarget("containers"), "run = run + 1, desired = 'stopped'")).toBe(2);
});

test.each(["containers", "machines", "images"])("nobody can set a generation of %s", async (table) => {
  const target = await insertTarget(table);
  expect(await generationAfter(target, "generation = 99")).toBe(1);
});

test("nobody can bring a generation along with a new row", async () => {
  const { sql } = database;
  const [image] = await sql<{ generation: number }>(
    "INSERT INTO images (name, reference, source, generation) VALUES ('public/x:1', 'x:1', 'external', 99) RETURNING generation",
  );
  expect(image).toEqual({ generation: 1 });
});

test("puts machines and images into shards, and lets nobody choose one", async () => {
  const { sql } = database;
  for (let i = 0; i < 200; i += 1) await insertMachine(sql, `shard-${i}`);
  const shards = await sql<{ shard: number }>("SELECT DISTINCT shard FROM machines WHERE machine_id LIKE 'shard-%'");
  expect(shards.length).toBeGreaterThan(48); // 200 over 64 leave some 3 empty
  expect(shards.every(({ shard }) => shard >= 0 && shard <= 63)).toBe(true);

  const [before] = await sql<{ shard: number }>("SELECT shard FROM machines WHERE machine_id = 'shard-0'");
  const [after] = await sql<{ shard: number }>(
    "UPDATE machines SET shard = (shard + 1) % 64 WHERE machine_id = 'shard-0' RETURNING shard",
  );
  expect(after).toEqual(before);
  const image_id = await insertImage(sql);
  expect(await sql("UPDATE images SET shard = 64 WHERE image_id = $1 RETURNING shard", [image_id])).toEqual([
    { shard: image_id % 64 },
  ]);
});
