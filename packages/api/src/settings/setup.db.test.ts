import { createDb, type Db } from "@berth/db/client.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { createTestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { ensureFirstAdmin } from "../auth/ensure-first-admin.ts";
import { openInProcessApi } from "../testing/in-process-api.ts";
import { readSetup } from "./setup.ts";

let db: Db;
let sql: Sql;
beforeEach(async () => {
  const database = await createTestDatabase();
  db = createDb(database.url);
  sql = prismaSql(db);
  onTestFinished(async () => {
    await db.$disconnect();
    await database.drop();
  });
});

const NOTHING = { registry: false, machines: 0, machines_online: 0, images: 0, people: 0, invitations: 0 };

test("nothing of an empty Berth is set up, and what it lacks is said", async () => {
  await ensureFirstAdmin(db, { account: "boss" });
  expect(await readSetup(sql)).toEqual({
    ...NOTHING,
    first_password: { account: "boss", changed: false },
    registry_message: expect.stringContaining("apt-get install docker-registry"),
    dismissed: false,
  });
});

test("a first password that somebody chose need not be changed", async () => {
  await ensureFirstAdmin(db, { account: "boss", password: "chosen by somebody" });
  expect(await readSetup(sql)).toMatchObject({ ...NOTHING, first_password: null });
});

test("a registry that runs is reached", async () => {
  await writeRegistry(sql, {
    kind: "process",
    state: "running",
    address: "registry.lab:5000",
    url: "http://127.0.0.1:5000",
    ca: null,
    message: "",
  });
  expect(await readSetup(sql)).toMatchObject({ registry: true, registry_message: "" });
});

test("each step is done once what it is about is there", async () => {
  const api = await openInProcessApi();
  onTestFinished(() => api.close());
  const steps = () => api.admin.settings.setup();
  expect(await steps()).toMatchObject(NOTHING);
  await api.addMachine("gpu-1");
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  await api.admin.invitation.create({ uses: 2 });
  expect(await steps()).toMatchObject({ machines: 1, machines_online: 1, images: 1, people: 0, invitations: 1 });
  await api.addUser("li");
  expect(await steps()).toMatchObject({ people: 1, dismissed: false });
  await api.admin.settings.update({ setup_dismissed: true });
  expect(await steps()).toMatchObject({ dismissed: true });
});

test("the generated password counts as changed once its admin has set another", async () => {
  await ensureFirstAdmin(db, { account: "boss" });
  const { user_id } = await db.users.findFirstOrThrow();
  const set = { action: "set password", noun: "user", account: "boss" };
  await db.audit_log.create({ data: { ...set, object_id: String(user_id + 1) } });
  expect((await readSetup(sql)).first_password).toEqual({ account: "boss", changed: false });
  await db.audit_log.create({ data: { ...set, object_id: String(user_id) } });
  expect((await readSetup(sql)).first_password).toEqual({ account: "boss", changed: true });
});
