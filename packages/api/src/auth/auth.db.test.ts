import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createDb } from "@berth/db/client.ts";
import { createTestDatabase } from "@berth/testbed/postgres/test-database.ts";
import type { TRPCError } from "@trpc/server";
import { SignJWT } from "jose";
import { createCaller } from "../router.ts";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { issueToken } from "./access-token.ts";
import { authenticate } from "./authenticate.ts";
import { ensureFirstAdmin } from "./ensure-first-admin.ts";
import { hashAsClient } from "./password.ts";

const PASSWORD = hashAsClient("correct horse");
let api: InProcessApi;
let number = 0;
let account: string;

beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  account = `user-${number}`;
  await api.nobody.auth.register({ account, password: PASSWORD });
});

const signIn = async () => (await api.nobody.auth.login({ account, password: PASSWORD })).access_token;
const change = (data: object) => api.db.users.update({ where: { account }, data });

test("a registered user signs in, and is who the token says", async () => {
  const actor = await authenticate(api.services, await signIn());
  expect(actor).toMatchObject({ account, role: "user" });
  expect(await api.callerFor(actor).user.me()).toMatchObject({ user_id: actor.user_id, account, role: "user" });
});

test("a password is stored as argon2id of what the client sent, with the recommended cost", async () => {
  const { password } = await api.db.users.findUniqueOrThrow({ where: { account } });
  expect(password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test("a wrong password, an unknown account and a disabled user are told apart", async () => {
  const login = (as: string, password: string) => api.nobody.auth.login({ account: as, password });
  await expect(login(account, hashAsClient("wrong"))).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  await expect(login("nobody-here", PASSWORD)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await change({ disabled_at: new Date() });
  await expect(login(account, hashAsClient("wrong"))).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  await expect(login(account, PASSWORD)).rejects.toMatchObject({ code: "FORBIDDEN" });
  await change({ deleted_at: new Date() });
  await expect(login(account, PASSWORD)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("an account is taken once, and some are never given", async () => {
  const register = (as: string) => api.nobody.auth.register({ account: as, password: PASSWORD });
  await expect(register(account)).rejects.toMatchObject({ code: "CONFLICT" });
  for (const refused of ["public", "root", "Li", "a", "two--dashes", "-edge", "x".repeat(33)]) {
    await expect(register(refused)).rejects.toMatchObject({ code: "BAD_REQUEST" });
  }
});

test.each([
  ["the epoch is counted up", { token_epoch: 1 }],
  ["the password is changed", { password: "another hash" }],
  ["the user is disabled", { disabled_at: new Date() }],
  ["the user is deleted", { deleted_at: new Date() }],
  ["the user gets another role", { role: "admin" }],
])("a token ends when %s", async (_cause, data) => {
  const token = await signIn();
  await authenticate(api.services, token);
  await change(data);
  await expect(authenticate(api.services, token)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});

test("a token tells the role of when it was made, and is no good beside another one", async () => {
  await change({ role: "admin" });
  const token = await signIn();
  expect((await authenticate(api.services, token)).role).toBe("admin");
  await change({ role: "user" });
  await expect(authenticate(api.services, token)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect((await authenticate(api.services, await signIn())).role).toBe("user");
});

test("only a token of this installation, signed with its secret and not expired, is believed", async () => {
  const { user_id } = await api.db.users.findUniqueOrThrow({ where: { account } });
  const claims = { user_id, account, token_epoch: 0 };
  const key = api.services.box.deriveKey("access-token");
  const sign = (issuer: string, expires: string, secret: Uint8Array) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer(issuer)
      .setAudience("access")
      .setExpirationTime(expires)
      .sign(secret);
  const { installation } = api.services;
  const bad = [
    "not.a.token",
    await sign(installation, "1h", new Uint8Array(32)),
    await sign(installation, "-1s", key),
    await issueToken({ ...api.services, installation: "another" }, claims),
    `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.`,
  ];
  for (const token of bad) {
    await expect(authenticate(api.services, token)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  }
  const good = await sign(installation, "1h", key);
  expect(await authenticate(api.services, good)).toMatchObject({ account });
});

test("guessing is slowed down for the one who guesses, and locks nobody else out", async () => {
  const guesser = api.callerFor(null, "10.6.6.6");
  const guess = () => guesser.auth.login({ account, password: hashAsClient("guess") });
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, guess));
  const codes = outcomes.map((outcome) => outcome.status === "rejected" && (outcome.reason as TRPCError).code);
  expect(codes.filter((code) => code === "UNAUTHORIZED")).toHaveLength(10);
  await expect(guess()).rejects.toMatchObject({
    code: "TOO_MANY_REQUESTS",
    cause: { details: { retry_after_s: expect.any(Number) } },
  });
  expect(await signIn()).toEqual(expect.any(String));
});

/** So many attempts that have failed, each for an account of its own. */
const haveFailed = (kind: "login" | "register", address: string, count: number) =>
  api.db.attempts.createMany({
    data: Array.from({ length: count }, (_, nth) => ({ kind, address, account: `other-${nth}`, decided: true })),
  });
const TOO_MANY = { code: "TOO_MANY_REQUESTS", cause: { details: { retry_after_s: expect.any(Number) } } };

test("who guesses at many accounts has fifty guesses in all, and is told to wait though the next one is right", async () => {
  const address = "10.6.6.8";
  await haveFailed("login", address, 49);
  const login = (password: string) => api.callerFor(null, address).auth.login({ account, password });
  await expect(login(hashAsClient("guess"))).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  await expect(login(PASSWORD)).rejects.toMatchObject(TOO_MANY);
  expect(await signIn()).toEqual(expect.any(String));
});

test("an address registers a hundred accounts and no more, also where each was refused, and no other address waits", async () => {
  const address = "10.6.6.9";
  await haveFailed("register", address, 98);
  const register = (as: string, from = address) =>
    api.callerFor(null, from).auth.register({ account: as, password: PASSWORD });
  await expect(register(account)).rejects.toMatchObject({ code: "CONFLICT" });
  await register(`${account}-last`);
  await expect(register(`${account}-late`)).rejects.toMatchObject(TOO_MANY);
  await register(`${account}-late`, "10.6.6.10");
});

test("many who are right at once all get in", async () => {
  const office = api.callerFor(null, "10.6.6.7");
  const outcomes = await Promise.all(
    Array.from({ length: 15 }, () => office.auth.login({ account, password: PASSWORD })),
  );
  expect(outcomes).toHaveLength(15);
  expect(await api.db.attempts.count({ where: { address: "10.6.6.7" } })).toBe(0);
});

test("the first admin is made once, and a generated password is told once", async () => {
  const database = await createTestDatabase();
  const db = createDb(database.url);
  const made = await Promise.all([ensureFirstAdmin(db), ensureFirstAdmin(db)]);
  const [password, ...others] = made.filter((plain) => plain !== null);
  expect(others).toEqual([]);
  expect(await ensureFirstAdmin(db)).toBeNull();
  const login = { account: "berth-admin", password: hashAsClient(password ?? "") };
  const caller = createCaller({
    ...api.services,
    db,
    actor: null,
    address: null,
    request_id: "a-request",
    cookies: null,
  });
  expect(await caller.auth.login(login)).toHaveProperty("access_token");
  expect(await db.users.findMany()).toMatchObject([{ account: "berth-admin", role: "admin" }]);
  await db.$disconnect();
  await database.drop();
});

test("a password that the admin chose is not told", async () => {
  const database = await createTestDatabase();
  const db = createDb(database.url);
  expect(await ensureFirstAdmin(db, { account: "chief", password: "chosen by hand" })).toBeNull();
  expect(await db.users.findMany()).toMatchObject([{ account: "chief", role: "admin" }]);
  await db.$disconnect();
  await database.drop();
});
