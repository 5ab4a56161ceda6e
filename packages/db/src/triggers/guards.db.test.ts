import { insertContainer, insertImage, insertMachine, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";

const database = useTestDatabase();
const CHECK = { code: "23514" };
const UNIQUE = { code: "23505" };
const FOREIGN_KEY = { code: "23503" };
const RESTRICT = { code: "23001" };

test("a container that is being removed can't be wanted again, but its row may change otherwise", async () => {
  const { sql } = database;
  const { container_id } = await insertContainer(sql, { desired: "removed" });
  for (const desired of ["running", "stopped"]) {
    const revived = sql("UPDATE containers SET desired = $2 WHERE container_id = $1", [container_id, desired]);
    await expect(revived).rejects.toMatchObject({ ...CHECK, message: `container ${container_id} is being removed` });
  }
  await sql("UPDATE containers SET display_name = 'x', desired = 'removed' WHERE container_id = $1", [container_id]);
});

test("an audit entry can't be changed or deleted, one by one or all at once", async () => {
  const { sql } = database;
  await sql("INSERT INTO audit_log (account, action, noun, object_id) VALUES ('li', 'create', 'container', '1')");
  for (const forged of ["UPDATE audit_log SET account = 'zhang'", "DELETE FROM audit_log", "TRUNCATE audit_log"]) {
    await expect(sql(forged)).rejects.toThrow("audit_log is append-only");
  }
  expect(await sql("SELECT account FROM audit_log")).toEqual([{ account: "li" }]);
});

test("one user has one container of a name, and another user may have the same", async () => {
  const { sql } = database;
  const { user_id } = await insertUser(sql);
  await insertContainer(sql, { user_id, name: "twice" });
  await expect(insertContainer(sql, { user_id, name: "twice" })).rejects.toMatchObject(UNIQUE);
  await insertContainer(sql, { name: "twice" });
});

test("a name of an image is free again once the image is to be absent", async () => {
  const { sql } = database;
  const image_id = await insertImage(sql, { name: "public/again:1" });
  await expect(insertImage(sql, { name: "public/again:1" })).rejects.toMatchObject(UNIQUE);
  await sql("UPDATE images SET desired = 'absent' WHERE image_id = $1", [image_id]);
  await insertImage(sql, { name: "public/again:1" });
});

test("an account is never used by two", async () => {
  await insertUser(database.sql, { account: "only-one" });
  await expect(insertUser(database.sql, { account: "only-one" })).rejects.toMatchObject(UNIQUE);
});

test.each(["Li", "li..wei", "-li", "a", "a".repeat(33), "李伟"])(
  "refuses the account %j by itself",
  async (account) => {
    await expect(insertUser(database.sql, { account })).rejects.toMatchObject(CHECK);
  },
);

test.each(["nonamespace:1", "a/b/c:1", "a/b", "a/b:1:2"])("refuses the image name %j by itself", async (name) => {
  await expect(insertImage(database.sql, { name })).rejects.toMatchObject(CHECK);
});

test.each([
  { first: 80, last: 90 },
  { first: 3_000, last: 2_999 },
  { first: 60_000, last: 65_536 },
])("refuses the port range $first to $last by itself", async (ports) => {
  await expect(insertMachine(database.sql, "ports", { ports })).rejects.toMatchObject(CHECK);
});

test("one GPU and one host port belong to one container", async () => {
  const { sql } = database;
  await insertMachine(sql, "shared");
  const [one, two] = [await insertContainer(sql), await insertContainer(sql)];
  const gpu = "INSERT INTO gpu_allocations (machine_id, gpu_uuid, container_id) VALUES ('shared', 'GPU-1', $1)";
  const port = "INSERT INTO port_allocations VALUES ('shared', 'tcp', 20000, $1)";
  for (const claim of [gpu, port]) {
    await sql(claim, [one.container_id]);
    await expect(sql(claim, [two.container_id])).rejects.toMatchObject(UNIQUE);
  }
});

test("an image stays while a container, an image or something set aside needs it", async () => {
  const { sql } = database;
  await insertMachine(sql, "holding");
  const [parent, started, held] = [await insertImage(sql), await insertImage(sql), await insertImage(sql)];
  await insertImage(sql, { parent_image_id: parent });
  const container = await insertContainer(sql);
  await sql("UPDATE container_status SET image_id = $2 WHERE container_id = $1", [container.container_id, started]);
  await sql("INSERT INTO held_containers VALUES ('e1', $1, 'holding', 1, $2, now())", [container.container_id, held]);
  const [wanted] = await sql<{ image_id: number }>("SELECT image_id FROM containers WHERE container_id = $1", [
    container.container_id,
  ]);
  for (const image_id of [parent, started, held, wanted!.image_id]) {
    await expect(sql("DELETE FROM images WHERE image_id = $1", [image_id])).rejects.toMatchObject(RESTRICT);
  }
});

test("a user stays while something of theirs is there, and a machine while something is placed on it", async () => {
  const { sql } = database;
  const { user_id } = await insertUser(sql);
  const { container_id } = await insertContainer(sql, { user_id });
  await insertMachine(sql, "in-use");
  await sql("INSERT INTO placements (container_id, machine_id) VALUES ($1, 'in-use')", [container_id]);
  await expect(sql("DELETE FROM users WHERE user_id = $1", [user_id])).rejects.toMatchObject(RESTRICT);
  await expect(sql("DELETE FROM machines WHERE machine_id = 'in-use'")).rejects.toMatchObject(RESTRICT);
  await expect(sql("DELETE FROM containers WHERE container_id = $1", [container_id])).rejects.toMatchObject(RESTRICT);
});

test("one object has one open operation of a kind", async () => {
  const { sql } = database;
  const open = "INSERT INTO operations (kind, noun, object_id) VALUES ('commit', 'image', '1') RETURNING operation_id";
  const [first] = await sql<{ operation_id: string }>(open);
  await expect(sql(open)).rejects.toMatchObject(UNIQUE);
  await sql("UPDATE operations SET state = 'done' WHERE operation_id = $1", [first!.operation_id]);
  await sql(open);
});

test("a status belongs to a row that is there", async () => {
  await expect(database.sql("INSERT INTO container_status (container_id) VALUES (999999)")).rejects.toMatchObject(
    FOREIGN_KEY,
  );
});
