import { insertContainer, insertImage, insertMachine, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { type Listener, startListener } from "@berth/testbed/rows/listener.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { SPEC_CHANNELS } from "../listen.ts";
import { inTransaction } from "../sql.ts";

const database = useTestDatabase();
let listener: Listener;
beforeEach(async () => {
  listener = await startListener(database.url, SPEC_CHANNELS);
  onTestFinished(() => listener.close());
});

/** What was notified since the last call. */
let seen = 0;
beforeEach(() => {
  seen = 0;
});
async function heard(): Promise<string[]> {
  await listener.caughtUp();
  const news = listener.heard.slice(seen);
  seen = listener.heard.length;
  return news;
}

const dirty = (id: string | number) => database.sql("SELECT noun, generation FROM dirty WHERE id = $1", [String(id)]);

test("a new row of each noun is marked dirty and notified by the id that its reader asks for", async () => {
  const { sql } = database;
  await insertMachine(sql, "new-machine");
  expect(await heard()).toEqual(["berth_machine new-machine"]);
  expect(await dirty("new-machine")).toEqual([{ noun: "machine", generation: 1 }]);

  const image_id = await insertImage(sql);
  expect(await heard()).toEqual([`berth_image ${image_id}`]);
  expect(await dirty(image_id)).toEqual([{ noun: "image", generation: 1 }]);

  const { uid } = await insertContainer(sql, { image_id });
  expect(await heard()).toEqual([`berth_container ${uid}`]);
  expect(await dirty(uid)).toEqual([{ noun: "container", generation: 1 }]);
});

test("a new generation is marked and notified, and any other write is not", async () => {
  const { sql } = database;
  const { uid, container_id } = await insertContainer(sql);
  await heard();
  await sql("UPDATE containers SET display_name = 'shown' WHERE uid = $1", [uid]);
  await sql("UPDATE container_status SET phase = 'Running' WHERE container_id = $1", [container_id]);
  expect(await heard()).toEqual([]);
  await sql("UPDATE containers SET desired = 'stopped' WHERE uid = $1", [uid]);
  expect(await heard()).toEqual([`berth_container ${uid}`]);
  expect(await dirty(uid)).toEqual([{ noun: "container", generation: 2 }]);
});

test("nothing is notified of a change that was rolled back", async () => {
  const { uid } = await insertContainer(database.sql);
  await heard();
  const undone = inTransaction(database.pool, async (sql) => {
    await sql("UPDATE containers SET desired = 'stopped' WHERE uid = $1", [uid]);
    throw new Error("undone");
  });
  await expect(undone).rejects.toThrow("undone");
  expect(await heard()).toEqual([]);
  expect(await dirty(uid)).toEqual([{ noun: "container", generation: 1 }]);
});

test("a placement's change marks and notifies its container, without a new generation", async () => {
  const { sql } = database;
  const { uid, container_id } = await insertContainer(sql);
  await insertMachine(sql, "placed");
  await sql("DELETE FROM dirty WHERE id = $1", [uid]);
  await heard();
  await sql("INSERT INTO placements (container_id, machine_id) VALUES ($1, 'placed')", [container_id]);
  expect(await heard()).toEqual([`berth_container ${uid}`]);
  await sql("UPDATE placements SET gpu_uuids = '{GPU-1}' WHERE container_id = $1", [container_id]);
  expect(await heard()).toEqual([`berth_container ${uid}`]);
  expect(await dirty(uid)).toEqual([{ noun: "container", generation: 1 }]);
});

test("another key marks the containers of its user that have an sshd, in the order of their numbers", async () => {
  const { sql } = database;
  const { user_id } = await insertUser(sql);
  await insertMachine(sql, "with-sshd");
  const uids: string[] = [];
  for (const name of ["third", "second", "first", "none"]) {
    const { uid, container_id } = await insertContainer(sql, { user_id, name });
    const ports = name === "none" ? [] : [{ kind: "ssh" }];
    await sql("INSERT INTO placements (container_id, machine_id, ports) VALUES ($1, 'with-sshd', $2::jsonb)", [
      container_id,
      JSON.stringify(ports),
    ]);
    if (name !== "none") uids.push(uid);
  }
  // The first one's row is the last of its table now.
  await sql("UPDATE containers SET desired = 'stopped' WHERE uid = $1", [uids[0]!]);
  await heard();
  await sql("UPDATE users SET ssh_public_keys = '{ssh-ed25519 AAAA}' WHERE user_id = $1", [user_id]);
  expect(await heard()).toEqual(uids.map((uid) => `berth_container ${uid}`));
});

test("what is deleted is dirty no more, and its end is notified", async () => {
  const { sql } = database;
  const { uid, container_id } = await insertContainer(sql);
  const image_id = await insertImage(sql);
  await insertMachine(sql, "leaving");
  await heard();
  await sql("DELETE FROM containers WHERE container_id = $1", [container_id]);
  await sql("DELETE FROM images WHERE image_id = $1", [image_id]);
  await sql("DELETE FROM machines WHERE machine_id = 'leaving'");
  expect(await heard()).toEqual([`berth_container ${uid}`, `berth_image ${image_id}`, "berth_machine leaving"]);
  expect([...(await dirty(uid)), ...(await dirty(image_id)), ...(await dirty("leaving"))]).toEqual([]);
});

test("a dirty row's generation never goes back", async () => {
  const { sql } = database;
  const { uid } = await insertContainer(sql);
  await sql("SELECT mark_dirty('container', $1, 7)", [uid]);
  await sql("UPDATE containers SET desired = 'stopped' WHERE uid = $1", [uid]);
  expect(await dirty(uid)).toEqual([{ noun: "container", generation: 7 }]);
});
