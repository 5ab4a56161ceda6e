import { MAX_API_TOKENS } from "@berth/spec/api-token.ts";
import { MAX_SSH_KEYS } from "@berth/spec/ssh-key.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { authenticate } from "../auth/authenticate.ts";
import type { Actor } from "../context.ts";
import { type Caller, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let number = 0;
let actor: Actor;
let li: Caller;

beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  ({ actor, api: li } = await api.addUser(`li-${number}`));
});

/** A line of authorized_keys for each number. */
function keyOf(seed: number): string {
  const type = Buffer.from("0000000b7373682d65643235353139", "hex");
  const key = Buffer.alloc(36, seed);
  key.writeUInt32BE(32);
  return `ssh-ed25519 ${Buffer.concat([type, key]).toString("base64")} key-${seed}`;
}
const CONFLICT = { code: "CONFLICT" };
const UNAUTHORIZED = { code: "UNAUTHORIZED" };
const NOT_FOUND = { code: "NOT_FOUND" };

test("ssh keys are added, listed and removed, each once", async () => {
  const first = await li.user.ssh_keys.add({ public_key: keyOf(1) });
  const second = await li.user.ssh_keys.add({ public_key: keyOf(2) });
  expect(first).toMatchObject({ type: "ssh-ed25519", comment: "key-1", public_key: keyOf(1) });
  expect(await li.user.ssh_keys.list()).toEqual({ items: [first, second], next_cursor: null });
  const again = li.user.ssh_keys.add({ public_key: keyOf(1).replace("key-1", "renamed") });
  await expect(again).rejects.toMatchObject({ ...CONFLICT, cause: { details: { key_id: first.key_id } } });
  const wang = (await api.addUser(`wang-${number}`)).api;
  await expect(wang.user.ssh_keys.remove(first)).rejects.toMatchObject(NOT_FOUND);
  expect(await wang.user.ssh_keys.add({ public_key: keyOf(1) })).toEqual(first);
  await li.user.ssh_keys.remove(first);
  expect((await li.user.ssh_keys.list()).items).toEqual([second]);
  await expect(li.user.ssh_keys.remove(first)).rejects.toMatchObject(NOT_FOUND);
  const told = await api.db.audit_log.findMany({ where: { user_id: actor.user_id }, orderBy: { audit_id: "asc" } });
  expect(told.map(({ action }) => action)).toEqual(["add ssh key", "add ssh key", "remove ssh key"]);
  expect(told[2]?.details).toEqual({ fingerprint: first.fingerprint });
});

test("keys that are added at the same time are all kept, up to so many", async () => {
  const seeds = Array.from({ length: MAX_SSH_KEYS + 3 }, (_, index) => index);
  const outcomes = await Promise.allSettled(seeds.map((seed) => li.user.ssh_keys.add({ public_key: keyOf(seed) })));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(MAX_SSH_KEYS);
  expect((await li.user.ssh_keys.list()).items).toHaveLength(MAX_SSH_KEYS);
  await expect(li.user.ssh_keys.add({ public_key: keyOf(99) })).rejects.toMatchObject(CONFLICT);
});

test("an API token is shown once, and its hash is all that is kept", async () => {
  const made = await li.user.api_tokens.create({ name: "ci", scope: "write", expires_in_days: 1 });
  expect(made.token).toMatch(/^berth_[A-Za-z0-9_-]{43}$/);
  const { token, ...shown } = made;
  expect(await li.user.api_tokens.list()).toEqual({ items: [shown], next_cursor: null });
  expect(new Date(shown.expires_at).getTime() - Date.now()).toBeLessThanOrEqual(86_400_000);
  const stored = await api.services.sql<{ row: string }>(
    `SELECT row_to_json(t)::text AS row FROM api_tokens t
     UNION ALL SELECT row_to_json(a)::text FROM audit_log a`,
  );
  const secret = token.slice("berth_".length);
  const hex = Buffer.from(token).toString("hex");
  expect(stored.filter(({ row }) => row.includes(secret) || row.includes(hex))).toEqual([]);
});

test("an API token calls as its user, as far as its scope goes, and not what concerns credentials", async () => {
  const { token } = await li.user.api_tokens.create({ name: "read" });
  const reader = api.callerFor(await authenticate(api.services, token));
  expect(await reader.user.me()).toMatchObject({ account: actor.account });
  expect((await li.user.api_tokens.list()).items[0]?.last_used_at).not.toBeNull();
  const FORBIDDEN = { code: "FORBIDDEN" };
  await expect(reader.user.set_profile({ nickname: "x" })).rejects.toMatchObject(FORBIDDEN);
  const { token: write, token_id } = await li.user.api_tokens.create({ name: "write", scope: "write" });
  const writer = api.callerFor(await authenticate(api.services, write));
  expect(await writer.user.set_profile({ nickname: "x" })).toEqual({});
  const { user_id } = actor;
  await expect(writer.user.set_password({ user_id, new_password: "a new hash" })).rejects.toMatchObject(FORBIDDEN);
  await expect(writer.user.api_tokens.create({ name: "more" })).rejects.toMatchObject(FORBIDDEN);
  await expect(writer.user.api_tokens.revoke({ token_id })).rejects.toMatchObject(FORBIDDEN);
  await expect(writer.auth.logout_everywhere({})).rejects.toMatchObject(FORBIDDEN);
});

test("a revoked token ends, and only its owner revokes it", async () => {
  const { token, token_id } = await li.user.api_tokens.create({ name: "ci" });
  const wang = (await api.addUser(`wang-${number}`)).api;
  await expect(wang.user.api_tokens.revoke({ token_id })).rejects.toMatchObject(NOT_FOUND);
  await expect(api.admin.user.api_tokens.revoke({ token_id })).rejects.toMatchObject(NOT_FOUND);
  await authenticate(api.services, token);
  await li.user.api_tokens.revoke({ token_id });
  await expect(authenticate(api.services, token)).rejects.toMatchObject(UNAUTHORIZED);
  await expect(li.user.api_tokens.revoke({ token_id })).rejects.toMatchObject(NOT_FOUND);
});

test("who waits to add a key while their token ends has added none", async () => {
  await api.services.sql("UPDATE users SET token_epoch = token_epoch + 1 WHERE user_id = $1", [actor.user_id]);
  await expect(li.user.ssh_keys.add({ public_key: keyOf(1) })).rejects.toMatchObject(UNAUTHORIZED);
  expect((await api.db.users.findUniqueOrThrow({ where: { user_id: actor.user_id } })).ssh_public_keys).toEqual([]);
});

test("a token of before a change of the password is not listed, and leaves its name", async () => {
  await li.user.api_tokens.create({ name: "ci" });
  // By hand: a verb would delete it.
  await api.services.sql("UPDATE users SET token_epoch = token_epoch + 1 WHERE user_id = $1", [actor.user_id]);
  expect((await li.user.api_tokens.list()).items).toEqual([]);
  const expires_at = new Date(Date.now() + 60_000);
  const again = api.callerFor({ ...actor, credential: { kind: "access_token", token_epoch: 1, expires_at } });
  expect(await again.user.api_tokens.create({ name: "ci" })).toMatchObject({ name: "ci" });
});

test("names of tokens are one's own, and free again when a token has ended", async () => {
  const { token_id } = await li.user.api_tokens.create({ name: "ci" });
  await expect(li.user.api_tokens.create({ name: " ci " })).rejects.toMatchObject(CONFLICT);
  const wang = (await api.addUser(`wang-${number}`)).api;
  expect(await wang.user.api_tokens.create({ name: "ci" })).toMatchObject({ name: "ci" });
  await api.db.api_tokens.update({ where: { token_id }, data: { expires_at: new Date(Date.now() - 1) } });
  expect((await li.user.api_tokens.list()).items).toMatchObject([{ token_id, name: "ci" }]);
  expect(await li.user.api_tokens.create({ name: "ci" })).toMatchObject({ name: "ci" });
  expect((await li.user.api_tokens.list()).items).toHaveLength(1);
});

test("one has so many tokens and no more, also when they are made at the same time", async () => {
  const { user_id } = actor;
  const expires_at = new Date(Date.now() + 86_400_000);
  const rows = Array.from({ length: MAX_API_TOKENS - 2 }, (_, index) => ({
    user_id,
    name: `old-${index}`,
    scope: "read",
    token_hash: Buffer.from(`${user_id}-${index}`),
    token_epoch: 0,
    expires_at,
  }));
  await api.db.api_tokens.createMany({ data: rows });
  const makes = [1, 2, 3, 4].map((index) => li.user.api_tokens.create({ name: `new-${index}` }));
  const outcomes = await Promise.allSettled(makes);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  expect((await li.user.api_tokens.list()).items).toHaveLength(MAX_API_TOKENS);
});
