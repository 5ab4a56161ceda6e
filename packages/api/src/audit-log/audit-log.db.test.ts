import { afterAll, beforeAll, expect, test } from "vitest";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;

beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());

test("tells who did what to which object, and from where", async () => {
  const { actor } = await api.addUser("li");
  const li = api.callerFor(actor, "192.168.7.8");
  await li.user.set_profile({ nickname: "Li" });
  const [entry] = (await api.admin.audit.list({ user_id: actor.user_id })).items;
  expect(entry).toEqual({
    audit_id: expect.stringMatching(/^[0-9]+$/),
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    user_id: actor.user_id,
    account: "li",
    action: "set profile",
    noun: "user",
    object_id: String(actor.user_id),
    address: "192.168.7.8",
    details: { fields: ["nickname"] },
  });
});

test("tells what an admin set, and of one object where that is asked for", async () => {
  const { actor } = await api.addUser("wang");
  await api.admin.user.update({
    user_id: actor.user_id,
    role: "user",
    disabled: true,
    quota: { gpus: 1, containers: null },
  });
  await api.admin.settings.update({ registration: "closed" });
  const ofWang = await api.admin.audit.list({ noun: "user", object_id: String(actor.user_id) });
  const details = { account: "wang", role: "user", disabled: true, gpus: 1, containers: null };
  expect(ofWang.items).toMatchObject([{ account: "boss", action: "update", details }]);
  const ofSettings = await api.admin.audit.list({ noun: "settings" });
  expect(ofSettings.items).toMatchObject([
    { action: "update", object_id: "settings", details: { registration: "closed" } },
  ]);
  expect((await api.admin.audit.list({ noun: "machine" })).items).toEqual([]);
});

test("is read newest first, page by page", async () => {
  for (let index = 0; index < 5; index += 1) await api.admin.user.set_profile({ nickname: `Boss ${index}` });
  const ids: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.admin.audit.list({ limit: 2, ...(cursor !== undefined && { cursor }) });
    ids.push(...page.items.map((item) => Number(item.audit_id)));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  expect(ids).toHaveLength(await api.db.audit_log.count());
});

test("nothing is told of what was refused", async () => {
  const before = await api.db.audit_log.count();
  await expect(api.admin.user.update({ user_id: 1, role: "user" })).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(api.admin.user.delete({ user_id: 2_000_000_000 })).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await api.db.audit_log.count()).toBe(before);
});
