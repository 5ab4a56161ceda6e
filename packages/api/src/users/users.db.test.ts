import type { TRPCError } from "@trpc/server";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { authenticate } from "../auth/authenticate.ts";
import { hashAsClient } from "../auth/password.ts";
import { openBrowser } from "../auth/testing/browser.ts";
import type { Actor } from "../context.ts";
import { asActor, type Caller, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { detailsOf } from "../to-trpc-error.ts";

const PASSWORD = hashAsClient("correct horse");
const NEW_PASSWORD = hashAsClient("battery staple");
let api: InProcessApi;
let number = 0;
let account: string;
let actor: Actor;
let li: Caller;

beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  account = `li-${number}`;
  const { user_id } = await api.nobody.auth.register({ account, password: PASSWORD });
  actor = asActor({ user_id, account, role: "user" });
  li = api.callerFor(actor);
});

const row = () => api.db.users.findUniqueOrThrow({ where: { account } });
const audit = async (action: string) => {
  const object_id = String(actor.user_id);
  const entry = await api.db.audit_log.findFirst({ where: { action, object_id }, orderBy: { audit_id: "desc" } });
  return entry ?? null;
};
const login = (password: string) => api.nobody.auth.login({ account, password });
const isGood = (token: string): Promise<boolean> =>
  authenticate(api.services, token).then(
    () => true,
    () => false,
  );

test("one sees all of oneself, and what others may know of others", async () => {
  await li.user.set_profile({ nickname: "小李", email: "li@lab.example", phone: "+86 10-1234" });
  const all = { user_id: actor.user_id, account, nickname: "小李", email: "li@lab.example", phone: "+86 10-1234" };
  expect(await li.user.get_user({ account })).toEqual({ ...all, photo: null });
  expect(await api.admin.user.get_user({ account })).toEqual({ ...all, photo: null });
  const wang = (await api.addUser(`wang-${number}`)).api;
  expect(await wang.user.get_user({ account })).toEqual({ ...all, photo: null, email: null, phone: null });
  expect(await li.user.me()).toEqual({
    ...all,
    photo: null,
    role: "user",
    quota: { gpus: null, containers: null, images: null, storage: null },
    used: { gpus: 0, containers: 0, images: 0, storage: 0 },
  });
  await expect(li.user.get_user({ account: "nobody-here" })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a profile is set by field and value, or by the fields as keys", async () => {
  await li.user.set_profile({ field: "nickname", value: " Li 👩‍💻 " });
  await li.user.set_profile({ email: "li@lab.example", phone: "(010) 12" });
  expect(await row()).toMatchObject({ nickname: "Li 👩‍💻", email: "li@lab.example", phone: "(010) 12" });
  await li.user.set_profile({ field: "email", value: "" });
  await li.user.set_profile({ phone: "" });
  expect(await row()).toMatchObject({ nickname: "Li 👩‍💻", email: null, phone: null });
  const entry = await audit("set profile");
  expect(entry?.details).toEqual({ fields: ["phone"] });
});

test.each([
  [{ field: "email", value: "not an address" }, "value"],
  [{ field: "phone", value: "one two" }, "value"],
  [{ field: "nickname", value: "x".repeat(65) }, "value"],
  [{ field: "nickname", value: "two\nlines" }, "value"],
  [{ field: "nickname", value: "\u202Eil" }, "value"],
  [{ email: "not an address" }, "email"],
  [{ nickname: "   " }, "nickname"],
  [{ field: "role", value: "admin" }, "field"],
  [{ field: "nickname" }, "value"],
  [{ nickname: 5 }, "nickname"],
  [{ field: "nickname", value: "one", nickname: "other" }, "nickname"],
])("refuses the profile %j, and names the field", async (profile, field) => {
  const refused: unknown = await li.user.set_profile(profile as object).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "BAD_REQUEST" });
  expect(detailsOf(refused as TRPCError)).toMatchObject({ fields: [{ field }] });
});

test.each([{}, { role: "admin" }])("a profile has no other fields: %j", async (profile) => {
  await expect(li.user.set_profile(profile as object)).rejects.toMatchObject({ code: "BAD_REQUEST" });
  expect((await row()).role).toBe("user");
});

test("a new password ends every token and session, and gives its owner a new one", async () => {
  const program = (await login(PASSWORD)).access_token;
  const other = openBrowser(api);
  const others = (await (await other.call()).auth.login({ account, password: PASSWORD })).access_token;
  const answer = await li.user.set_password({ user_id: actor.user_id, new_password: NEW_PASSWORD });
  expect(await isGood(program)).toBe(false);
  expect(await isGood(others)).toBe(false);
  expect(await isGood("access_token" in answer ? answer.access_token : "")).toBe(true);
  expect(await api.db.sessions.count({ where: { user_id: actor.user_id } })).toBe(0);
  await expect(login(PASSWORD)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(await login(NEW_PASSWORD)).toHaveProperty("access_token");
  expect((await audit("set password"))?.details).toEqual({});
});

test("a browser that sets the password stays signed in, by a new cookie and a new page key", async () => {
  const browser = openBrowser(api);
  const { access_token } = await (await browser.call()).auth.login({ account, password: PASSWORD });
  const before = { ...browser };
  await (await browser.call(access_token)).user.set_password({ user_id: actor.user_id, new_password: NEW_PASSWORD });
  expect(browser.refresh_token).not.toBe(before.refresh_token);
  expect(browser.page_key).not.toBe(before.page_key);
  expect(await isGood((await (await browser.call()).auth.refresh({})).access_token)).toBe(true);
  expect(await api.db.sessions.count({ where: { user_id: actor.user_id } })).toBe(1);
});

test("an admin sets another's password and gets no token of theirs; nobody else may", async () => {
  const wang = (await api.addUser(`wang-${number}`)).api;
  const request = { user_id: actor.user_id, new_password: NEW_PASSWORD };
  await expect(wang.user.set_password(request)).rejects.toMatchObject({ code: "FORBIDDEN" });
  expect(await login(PASSWORD)).toHaveProperty("access_token");
  expect(await api.admin.user.set_password(request)).toEqual({});
  expect(await login(NEW_PASSWORD)).toHaveProperty("access_token");
  const nobody = { user_id: 2_000_000_000, new_password: NEW_PASSWORD };
  await expect(api.admin.user.set_password(nobody)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a token that ended while its request was on its way makes nothing that lives on", async () => {
  // The request was admitted by then: the caller here is never asked again.
  await api.db.users.update({ where: { account }, data: { token_epoch: { increment: 1 } } });
  const takeover = li.user.set_password({ user_id: actor.user_id, new_password: NEW_PASSWORD });
  await expect(takeover).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  await expect(li.user.api_tokens.create({ name: "ci" })).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(await login(PASSWORD)).toHaveProperty("access_token");
});
