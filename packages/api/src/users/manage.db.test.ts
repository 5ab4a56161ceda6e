import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { hashAsClient } from "../auth/password.ts";
import type { Actor } from "../context.ts";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { LONG_TRANSACTION } from "../testing/long-transaction.ts";
import { untilSomeoneWaits } from "../testing/until-someone-waits.ts";

const PASSWORD = hashAsClient("correct horse");
let api: InProcessApi;
let admin: Caller;
let number = 0;
let actor: Actor;
let li: Caller;

beforeAll(async () => {
  api = await openInProcessApi();
  admin = api.admin;
  await api.addMachine("gpu-1", gpusOf("gpu-1", 8));
  await admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  ({ actor, api: li } = await api.addUser(`li-${number}`));
});

const row = (user_id = actor.user_id) => api.db.users.findUniqueOrThrow({ where: { user_id } });
const CONFLICT = { code: "CONFLICT" };

test("an admin makes accounts, also while registration is closed", async () => {
  await admin.settings.update({ registration: "closed" });
  const made = await admin.user.create({ account: `made-${number}`, password: PASSWORD });
  expect(made).toMatchObject({
    account: `made-${number}`,
    role: "user",
    disabled: false,
    used: { gpus: 0, containers: 0 },
  });
  expect(await api.nobody.auth.login({ account: made.account, password: PASSWORD })).toHaveProperty("access_token");
  await expect(admin.user.create({ account: made.account, password: PASSWORD })).rejects.toMatchObject(CONFLICT);
  await admin.settings.update({ registration: "open" });
  const entry = await api.db.audit_log.findFirst({ where: { action: "create", object_id: String(made.user_id) } });
  expect(entry).toMatchObject({ account: "boss", details: { account: made.account, role: "user" } });
});

test("users are found by account and nickname, page by page", async () => {
  const found = async (search: string) => (await admin.user.list({ search })).items.map(({ account }) => account);
  await api.db.users.update({ where: { user_id: actor.user_id }, data: { nickname: `Ünïque 100%_${number}` } });
  expect(await found(`ÜNÏQUE 100%_${number}`)).toEqual([actor.account]);
  expect(await found(`I-${number}`)).toContain(actor.account);
  expect(await found("%_nobody%")).toEqual([]);
  const first = await admin.user.list({ limit: 1 });
  const second = await admin.user.list({ limit: 1, cursor: first.next_cursor ?? "" });
  expect(first.items[0]?.account).toBe("boss");
  expect(second.items[0]?.user_id).toBeGreaterThan(first.items[0]?.user_id ?? 0);
  await expect(admin.user.list({ cursor: "x" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
  expect((await admin.user.list({ cursor: "9".repeat(18) })).items).toEqual([]);
});

test("an admin sees what a user uses", async () => {
  await li.container.create({ name: "box-a", image: "public/base:1", gpu_count: 2 });
  const { container_id } = await li.container.create({ name: "box-b", image: "public/base:1" });
  await li.container.delete({ container_id });
  expect(await admin.user.get(actor)).toMatchObject({ account: actor.account, used: { gpus: 2, containers: 1 } });
});

test("a quota is set whole", async () => {
  expect((await admin.user.update({ user_id: actor.user_id, quota: { gpus: 2, containers: 3 } })).quota).toEqual({
    gpus: 2,
    containers: 3,
    images: null,
    storage: null,
  });
  expect((await admin.user.update({ user_id: actor.user_id, disabled: false })).quota).toEqual({
    gpus: 2,
    containers: 3,
    images: null,
    storage: null,
  });
  expect((await admin.user.update({ user_id: actor.user_id, quota: { gpus: 1, storage: 5 } })).quota).toEqual({
    gpus: 1,
    containers: null,
    images: null,
    storage: 5,
  });
  expect((await row()).token_epoch).toBe(0);
});

test.each([{ role: "admin" }, { disabled: true }] as const)("to change %j ends the user's tokens", async (change) => {
  const { token_id } = await li.user.api_tokens.create({ name: "ci" });
  await admin.user.update({ user_id: actor.user_id, ...change });
  expect(await api.db.api_tokens.findUnique({ where: { token_id } })).toBeNull();
  expect((await row()).token_epoch).toBe(1);
});

test("one who was disabled can come back", async () => {
  expect(await admin.user.update({ user_id: actor.user_id, disabled: true })).toMatchObject({ disabled: true });
  const since = (await row()).disabled_at;
  await admin.user.update({ user_id: actor.user_id, disabled: true });
  expect((await row()).disabled_at).toEqual(since);
  expect(await admin.user.update({ user_id: actor.user_id, disabled: false })).toMatchObject({ disabled: false });
});

test("the last admin who can sign in stays one, whatever several admins do at once", async () => {
  await api.db.users.updateMany({ where: { account: { not: "boss" } }, data: { role: "user" } });
  const { user_id } = await api.db.users.findUniqueOrThrow({ where: { account: "boss" } });
  await expect(admin.user.update({ user_id, role: "user" })).rejects.toMatchObject(CONFLICT);
  await expect(admin.user.update({ user_id, disabled: true })).rejects.toMatchObject(CONFLICT);
  await expect(admin.user.delete({ user_id })).rejects.toMatchObject(CONFLICT);

  const others = await Promise.all([1, 2, 3].map((n) => api.addUser(`admin-${number}-${n}`, "admin")));
  const ids = [user_id, ...others.map((other) => other.actor.user_id)];
  const outcomes = await Promise.allSettled(
    [admin, ...others.map((other) => other.api)].map((one, index) =>
      one.user.update({ user_id: ids[index] ?? 0, ...(index % 2 === 0 ? { role: "user" } : { disabled: true }) }),
    ),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(ids.length - 1);
  expect(await api.db.users.count({ where: { role: "admin", disabled_at: null } })).toBe(1);
  await api.db.users.update({ where: { user_id }, data: { role: "admin", disabled_at: null, token_epoch: 0 } });
});

test("one who was an admin when the request came, and is none when its turn comes, changes nobody", async () => {
  const { actor: former, api: late } = await api.addUser(`former-${number}`, "admin");
  await admin.user.update({ user_id: former.user_id, role: "user" });
  const UNAUTHORIZED = { code: "UNAUTHORIZED" };
  const { user_id } = actor;
  const before = await row();
  const made = { account: `made-${number}`, password: PASSWORD };
  await expect(late.user.create({ ...made, role: "admin" })).rejects.toMatchObject(UNAUTHORIZED);
  await expect(late.user.update({ user_id: former.user_id, role: "admin" })).rejects.toMatchObject(UNAUTHORIZED);
  await expect(late.user.set_password({ user_id, new_password: PASSWORD })).rejects.toMatchObject(UNAUTHORIZED);
  await expect(late.user.delete({ user_id })).rejects.toMatchObject(UNAUTHORIZED);
  expect(await row()).toEqual(before);
  expect(await api.db.users.count({ where: { account: made.account } })).toBe(0);
});

test("an admin's request that waits while they are demoted is refused", async () => {
  const { actor: former, api: late } = await api.addUser(`former-${number}`, "admin");
  const { changing } = await api.db.$transaction(async (tx) => {
    await tx.users.update({ where: { user_id: former.user_id }, data: { role: "user" } });
    const started = late.user.update({ user_id: actor.user_id, role: "admin" }).catch((error: unknown) => error);
    await untilSomeoneWaits(api.services.sql);
    return { changing: started };
  }, LONG_TRANSACTION);
  expect(await changing).toMatchObject({ code: "UNAUTHORIZED" });
  expect((await row()).role).toBe("user");
});

test("admins who end each other all at once fail for no other cause than that they were ended", async () => {
  const crowd = await Promise.all([1, 2, 3, 4, 5].map((n) => api.addUser(`crowd-${number}-${n}`, "admin")));
  const ids = crowd.map((one) => one.actor.user_id);
  const outcomes = await Promise.all(
    crowd.flatMap((one, index) =>
      ids.map((user_id) =>
        (index % 2 === 0 ? one.api.user.delete({ user_id }) : one.api.user.update({ user_id, role: "user" })).then(
          () => "done",
          (error: { code: string }) => error.code,
        ),
      ),
    ),
  );
  expect(outcomes.filter((outcome) => !["done", "UNAUTHORIZED", "NOT_FOUND"].includes(outcome))).toEqual([]);
});

test("an API token makes no admins", async () => {
  const boss = await api.addUser(`boss-${number}`, "admin");
  const { token_id } = await boss.api.user.api_tokens.create({ name: "ci", scope: "write" });
  const token = api.callerFor({ ...boss.actor, credential: { kind: "api_token", token_id } });
  const FORBIDDEN = { code: "FORBIDDEN" };
  const made = { account: `made-${number}`, password: PASSWORD };
  await expect(token.user.create({ ...made, role: "admin" })).rejects.toMatchObject(FORBIDDEN);
  await expect(token.user.update({ user_id: actor.user_id, role: "admin" })).rejects.toMatchObject(FORBIDDEN);
  expect(await token.user.create(made)).toMatchObject({ role: "user" });
});

test("a user who owns something is not deleted, and the answer names it", async () => {
  const { container_id } = await li.container.create({ name: "box", image: "public/base:1" });
  await admin.image.add({ name: `${actor.account}/own:1`, reference: "registry.lab:5000/own:1" });
  await expect(admin.user.delete(actor)).rejects.toMatchObject({
    ...CONFLICT,
    cause: { details: { containers: ["box"], images: [`${actor.account}/own:1`] } },
  });
  // Until it is gone from its engine it is still there.
  await li.container.delete({ container_id });
  await expect(admin.user.delete(actor)).rejects.toMatchObject({ cause: { details: { containers: ["box"] } } });
});

test("of a deleted user only the account stays, which nobody gets again", async () => {
  await li.user.set_profile({ nickname: "Li", email: "li@lab.example", phone: "123" });
  await li.user.set_photo_default({ user_id: actor.user_id, photo: "whale" });
  await li.user.api_tokens.create({ name: "ci" });
  await admin.user.delete(actor);
  expect(await row()).toMatchObject({
    account: actor.account,
    nickname: null,
    email: null,
    phone: null,
    photo: null,
    ssh_public_keys: [],
    deleted_at: expect.any(Date),
    token_epoch: 1,
  });
  expect(await api.db.api_tokens.count({ where: { user_id: actor.user_id } })).toBe(0);
  const NOT_FOUND = { code: "NOT_FOUND" };
  const { account, user_id } = actor;
  await expect(admin.user.get({ user_id })).rejects.toMatchObject(NOT_FOUND);
  await expect(admin.user.get_user({ account })).rejects.toMatchObject(NOT_FOUND);
  await expect(admin.user.update({ user_id, disabled: false })).rejects.toMatchObject(NOT_FOUND);
  await expect(admin.user.delete({ user_id })).rejects.toMatchObject(NOT_FOUND);
  await expect(admin.user.set_password({ user_id, new_password: PASSWORD })).rejects.toMatchObject(NOT_FOUND);
  await expect(admin.user.set_photo_default({ user_id, photo: "whale" })).rejects.toMatchObject(NOT_FOUND);
  await expect(api.nobody.auth.login({ account, password: PASSWORD })).rejects.toMatchObject(NOT_FOUND);
  await expect(api.nobody.auth.register({ account, password: PASSWORD })).rejects.toMatchObject(CONFLICT);
  expect((await admin.user.list({ search: account, limit: 500 })).items.map((user) => user.account)).not.toContain(
    account,
  );
});

test("a deletion waits for what is just being made for the user", async () => {
  const { image_id } = await api.db.images.findFirstOrThrow({ where: { name: "public/base:1" } });
  const { deleting } = await api.db.$transaction(async (tx) => {
    await tx.containers.create({ data: { name: "box", user_id: actor.user_id, image_id, spec: {} } });
    const started = admin.user.delete(actor).then(
      () => "deleted",
      () => "refused",
    );
    await untilSomeoneWaits(api.services.sql);
    return { deleting: started };
  }, LONG_TRANSACTION);
  expect(await deleting).toBe("refused");
  expect((await row()).deleted_at).toBeNull();
});

test("nothing is made for a user who was deleted since the request was admitted", async () => {
  await admin.user.delete(actor);
  const late = li.container.create({ name: "box", image: "public/base:1" });
  await expect(late).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(await api.db.containers.count({ where: { user_id: actor.user_id } })).toBe(0);
});
