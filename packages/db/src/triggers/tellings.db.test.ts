import { insertContainer, insertImage, insertMachine, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { type Listener, startListener } from "@berth/testbed/rows/listener.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeEach, expect, onTestFinished, test } from "vitest";

const database = useTestDatabase();
let listener: Listener;
let seen = 0;
beforeEach(async () => {
  listener = await startListener(database.url, ["berth_change", "berth_user"]);
  seen = 0;
  onTestFinished(() => listener.close());
});

/** What servers were told since the last call: `[noun, id, audience]`, or the user whose credentials ended. */
async function heard(): Promise<unknown[]> {
  await listener.caughtUp();
  const news = listener.heard.slice(seen);
  seen = listener.heard.length;
  return news.flatMap((line) => {
    const [channel, payload = ""] = line.split(/ (.*)/s);
    return channel === "berth_change" ? (JSON.parse(payload) as unknown[]) : [`ended ${payload}`];
  });
}

test("a container's change is told to its owner, however little of it changed", async () => {
  const { sql } = database;
  const { user_id } = await insertUser(sql);
  const { container_id } = await insertContainer(sql, { user_id });
  await heard();
  const change = ["container", String(container_id), [user_id]];
  await sql("UPDATE containers SET display_name = 'shown' WHERE container_id = $1", [container_id]);
  expect(await heard()).toEqual([change]);
  await sql("DELETE FROM placements WHERE container_id = $1", [container_id]);
  await sql("DELETE FROM containers WHERE container_id = $1", [container_id]);
  expect(await heard()).toEqual([change]);
});

test("an image's change is told to everybody, or to its owner and those with whom it is or was shared", async () => {
  const { sql } = database;
  const publicImage = await insertImage(sql);
  expect(await heard()).toEqual([["image", String(publicImage), null]]);

  const [owner, guest] = [await insertUser(sql), await insertUser(sql)];
  const image_id = await insertImage(sql, { user_id: owner.user_id });
  await heard();
  await sql("UPDATE images SET shared_with = ARRAY[$2::int] WHERE image_id = $1", [image_id, guest.user_id]);
  expect(await heard()).toContainEqual(["image", String(image_id), [owner.user_id, guest.user_id]]);
  await sql("UPDATE images SET shared_with = '{}' WHERE image_id = $1", [image_id]);
  expect(await heard()).toContainEqual(["image", String(image_id), [owner.user_id, guest.user_id]]);
});

test("a GPU that is taken or given back changes its machine", async () => {
  const { sql } = database;
  const { machine_id } = await insertMachine(sql, "with-gpus");
  const { container_id } = await insertContainer(sql);
  await heard();
  const allocation = [machine_id, "GPU-0", container_id];
  await sql("INSERT INTO gpu_allocations (machine_id, gpu_uuid, container_id) VALUES ($1, $2, $3)", allocation);
  expect(await heard()).toEqual([["machine", machine_id, null]]);
  await sql("DELETE FROM gpu_allocations WHERE container_id = $1", [container_id]);
  expect(await heard()).toEqual([["machine", machine_id, null]]);
});

test.each([
  ["password", "password = 'another'"],
  ["role", "role = 'admin'"],
  ["disabling", "disabled_at = now()"],
  ["deletion", "deleted_at = now()"],
])("a change of the %s counts the epoch up once, and ends what was issued", async (_what, assignment) => {
  const { sql } = database;
  const { user_id } = await insertUser(sql);
  await heard();
  await sql(`UPDATE users SET ${assignment} WHERE user_id = $1`, [user_id]);
  expect(await sql("SELECT token_epoch FROM users WHERE user_id = $1", [user_id])).toEqual([{ token_epoch: 1 }]);
  expect(await heard()).toEqual([["user", String(user_id), [user_id]], `ended ${user_id}`]);
});

test("a nickname changes who a user seems, and ends nothing", async () => {
  const { sql } = database;
  const { user_id } = await insertUser(sql);
  await heard();
  await sql("UPDATE users SET nickname = 'Li' WHERE user_id = $1", [user_id]);
  expect(await heard()).toEqual([["user", String(user_id), [user_id]]]);
});

test("a session or an API token that is deleted ends what was opened with it", async () => {
  const { sql } = database;
  const { user_id } = await insertUser(sql);
  await sql(
    `INSERT INTO sessions (user_id, token_epoch, expires_at, page_key_hash)
     VALUES ($1, 0, now() + interval '1 day', '')`,
    [user_id],
  );
  await sql(
    `INSERT INTO api_tokens (user_id, name, scope, token_hash, token_epoch, expires_at)
     VALUES ($1, 'ci', 'read', '\\x00', 0, now() + interval '1 day')`,
    [user_id],
  );
  await heard();
  await sql("DELETE FROM sessions WHERE user_id = $1", [user_id]);
  expect(await heard()).toEqual([`ended ${user_id}`]);
  await sql("DELETE FROM api_tokens WHERE user_id = $1", [user_id]);
  expect(await heard()).toEqual([`ended ${user_id}`]);
});
