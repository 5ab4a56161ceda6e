import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { hashAsClient } from "../auth/password.ts";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

const PASSWORD = hashAsClient("correct horse");
let api: InProcessApi;
let number = 0;

beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.admin.settings.update({ registration: "invitation" });
});

const register = (invitation?: string, account?: string) => {
  number += 1;
  // Each from an address of its own: registrations are throttled by it.
  return api.callerFor(null, `10.1.0.${number}`).auth.register({
    account: account ?? `new-${number}`,
    password: PASSWORD,
    ...(invitation !== undefined && { invitation }),
  });
};
const usesLeft = async (invitation_id: number) =>
  (await api.db.invitations.findUniqueOrThrow({ where: { invitation_id } })).uses_left;
const FORBIDDEN = { code: "FORBIDDEN" };

test("registration is open until an admin says otherwise", async () => {
  await api.db.settings.deleteMany({ where: { key: "registration" } });
  expect(await api.admin.settings.get()).toMatchObject({ registration: "open" });
  expect(await register()).toEqual({ user_id: expect.any(Number), account: expect.any(String) });
});

test("nobody registers while it is closed, by an invitation neither", async () => {
  const { code } = await api.admin.invitation.create({});
  expect(await api.admin.settings.update({ registration: "closed" })).toMatchObject({ registration: "closed" });
  await expect(register()).rejects.toMatchObject(FORBIDDEN);
  await expect(register(code)).rejects.toMatchObject(FORBIDDEN);
});

test("an invitation admits as many as it says", async () => {
  const { code, invitation_id } = await api.admin.invitation.create({ uses: 2 });
  await register(code);
  await register(code);
  await expect(register(code)).rejects.toMatchObject(FORBIDDEN);
  expect(await usesLeft(invitation_id)).toBe(0);
  const entry = await api.db.audit_log.findFirst({ where: { action: "register" }, orderBy: { audit_id: "desc" } });
  expect(entry?.details).toEqual({ invitation_id });
});

test("the last use is one person's, however many come at once", async () => {
  const { code, invitation_id } = await api.admin.invitation.create({ uses: 2 });
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => register(code)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  expect(await usesLeft(invitation_id)).toBe(0);
});

test("a use is not lost on an account that is taken", async () => {
  const { code, invitation_id } = await api.admin.invitation.create({});
  await expect(register(code, "boss")).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await usesLeft(invitation_id)).toBe(1);
  expect(await register(code)).toHaveProperty("user_id");
});

test("a code that is unknown, expired or revoked admits nobody", async () => {
  await expect(register()).rejects.toMatchObject(FORBIDDEN);
  await expect(register("inv_unknown")).rejects.toMatchObject(FORBIDDEN);
  const expired = await api.admin.invitation.create({});
  const { invitation_id } = expired;
  await api.db.invitations.update({ where: { invitation_id }, data: { expires_at: new Date(Date.now() - 1) } });
  await expect(register(expired.code)).rejects.toMatchObject(FORBIDDEN);
  const revoked = await api.admin.invitation.create({});
  expect(await api.admin.invitation.revoke(revoked)).toEqual({});
  await expect(register(revoked.code)).rejects.toMatchObject(FORBIDDEN);
  await expect(api.admin.invitation.revoke(revoked)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a code is shown once, and its hash is all that is kept", async () => {
  const { code, ...invitation } = await api.admin.invitation.create({ note: "for the summer school", uses: 30 });
  expect(code).toMatch(/^inv_[A-Za-z0-9_-]{24}$/);
  expect(invitation).toMatchObject({ note: "for the summer school", uses_left: 30 });
  const [newest] = (await api.admin.invitation.list({ limit: 1 })).items;
  expect(newest).toEqual(invitation);
  const rows = await api.services.sql<{ row: string }>(
    `SELECT row_to_json(i)::text AS row FROM invitations i UNION ALL SELECT row_to_json(a)::text FROM audit_log a`,
  );
  expect(rows.filter(({ row }) => row.includes(code))).toEqual([]);
});

test("invitations are listed newest first, page by page", async () => {
  const ids: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.admin.invitation.list({ limit: 2, ...(cursor !== undefined && { cursor }) });
    ids.push(...page.items.map((item) => item.invitation_id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  expect(ids).toHaveLength(await api.db.invitations.count());
});
