import { randomBytes } from "node:crypto";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { insertContainer, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { actorOf } from "../auth/credential.ts";
import { admitSshKey, parseSshUser } from "./admit.ts";
import { field, loadSshHostKey } from "./host-key.ts";

const database = useTestDatabase();

const newKey = (): Buffer => Buffer.concat([field("ssh-ed25519"), field(randomBytes(32))]);
const lineOf = (key: Buffer): string => `ssh-ed25519 ${key.toString("base64")} a comment`;

/** With a key of their own, and a container. */
async function insertOwner(differs: { role?: "admin"; keys?: Buffer[] } = {}) {
  const key = newKey();
  const user = await insertUser(database.sql);
  await database.sql("UPDATE users SET ssh_public_keys = $2, role = $3 WHERE user_id = $1", [
    user.user_id,
    [key, ...(differs.keys ?? [])].map(lineOf),
    differs.role ?? "user",
  ]);
  const { container_id } = await insertContainer(database.sql, { user_id: user.user_id });
  const [row] = await database.sql<{ name: string }>("SELECT name FROM containers WHERE container_id = $1", [
    container_id,
  ]);
  return { ...user, key, container_id, container: row!.name, ssh: `${row!.name}.${user.account}` };
}

const admit = (username: string, key: Buffer) => admitSshKey(database.sql, username, key);

test("lets an owner in by a key of theirs, and nobody else but an admin", async () => {
  const [owner, stranger, admin] = [await insertOwner(), await insertOwner(), await insertOwner({ role: "admin" })];
  expect(await admit(owner.ssh, owner.key)).toMatchObject({
    container_id: owner.container_id,
    actor: { user_id: owner.user_id, scope: "write" },
  });
  expect(await admit(owner.ssh, stranger.key)).toBeNull();
  expect(await admit(owner.ssh, admin.key)).toMatchObject({ actor: { user_id: admin.user_id, role: "admin" } });
  expect(await admit(owner.ssh, newKey())).toBeNull();
  expect(await admit(`${owner.container}x.${owner.account}`, owner.key)).toBeNull();
});

test("takes the container's name alone where the key is one account's only", async () => {
  const owner = await insertOwner();
  expect(await admit(owner.container, owner.key)).toMatchObject({ container_id: owner.container_id });
  await insertOwner({ keys: [owner.key] });
  expect(await admit(owner.container, owner.key)).toBeNull();
  expect(await admit(owner.ssh, owner.key)).toMatchObject({ container_id: owner.container_id });
});

test("a disabled account and a removed key let nobody in, and end what they had let in", async () => {
  const owner = await insertOwner();
  const { actor } = (await admit(owner.ssh, owner.key))!;
  const isStillIn = async (): Promise<boolean> =>
    (await actorOf(database.sql, actor.user_id, actor.credential)) !== null;
  expect(await isStillIn()).toBe(true);
  await database.sql("UPDATE users SET disabled_at = now() WHERE user_id = $1", [owner.user_id]);
  expect([await admit(owner.ssh, owner.key), await isStillIn()]).toEqual([null, false]);
  await database.sql("UPDATE users SET disabled_at = NULL, ssh_public_keys = '{}' WHERE user_id = $1", [owner.user_id]);
  expect([await admit(owner.ssh, owner.key), await isStillIn()]).toEqual([null, false]);
});

test.each([
  ["job.li.lei", { container: "job", account: "li.lei" }],
  ["job", { container: "job" }],
  ["", null],
  [".li", null],
  ["job.", null],
  ["x".repeat(201), null],
])("reads the user name %j", (username, expected) => expect(parseSshUser(username)).toEqual(expected));

test("the host key is made once, and is the same for every server", async () => {
  const box = createSecretBox("a secret of tests");
  const [one, another] = await Promise.all([loadSshHostKey(database.sql, box), loadSshHostKey(database.sql, box)]);
  expect(one).toEqual(another);
  expect(one.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  const [row] = await database.sql<{ value: string }>("SELECT value::text FROM settings WHERE key = 'ssh_host_key'");
  expect(Buffer.from(row!.value, "base64").includes(one.seed)).toBe(false);
});
