import { recordProxyAddress } from "@berth/api/proxy/addresses.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, type OpenRest, openRest, type RestAnswer } from "./testing/open-rest.ts";

let rest: OpenRest;
let li: Client;
let number = 0;

beforeAll(async () => {
  rest = await openRest();
  li = await rest.addUser("li");
  await rest.addMachine("gpu-1");
  const admin = await rest.addUser("boss", "admin");
  const body = { name: "public/base:1", reference: "registry.lab:5000/base:1" };
  await rest.fetch("POST", "/api/images", { as: admin, body });
});
afterAll(() => rest.close());

const newName = (): string => `box-${(number += 1)}`;
const create = (name: string, key: string, as: Client = li): Promise<RestAnswer> =>
  rest.fetch("POST", "/api/containers", {
    as,
    body: { name, image: "public/base:1" },
    headers: { "idempotency-key": key },
  });
const rowOf = (key: string) => rest.db.idempotency_keys.findFirst({ where: { key, user_id: li.user_id } });
const isReplayed = ({ headers }: RestAnswer): boolean => headers.get("idempotency-replayed") === "true";

test("a repeat acts once, and reads the first answer byte by byte", async () => {
  const name = newName();
  const first = await create(name, "a");
  const again = await create(name, "a");
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.text).toBe(first.text);
  expect([isReplayed(first), isReplayed(again)]).toEqual([false, true]);
  expect(await rest.db.containers.count({ where: { name } })).toBe(1);
});

test("a key is one request's: another body or path with it is refused", async () => {
  const first = await create(newName(), "b");
  const { container_id } = first.json as { container_id: number };
  expect(await create(newName(), "b")).toMatchObject({ status: 422, json: { error: { code: "UNPROCESSABLE" } } });
  const headers = { "idempotency-key": "b" };
  const stop = await rest.fetch("POST", `/api/containers/${container_id}/stop`, { as: li, headers });
  expect(stop.status).toBe(422);
});

test("a key is its user's, and nobody else's", async () => {
  const wang = await rest.addUser("wang");
  const name = newName();
  const [mine, theirs] = [await create(name, "c"), await create(name, "c", wang)];
  expect(mine.json).toMatchObject({ account: "li" });
  expect(theirs.json).toMatchObject({ account: "wang" });
});

test("what is sent twice at once acts once", async () => {
  const name = newName();
  const answers = await Promise.all(Array.from({ length: 5 }, () => create(name, "d")));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(0);
  expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
  expect(answers.filter((answer) => answer.status === 201 && !isReplayed(answer))).toHaveLength(1);
  expect(await rest.db.containers.count({ where: { name } })).toBe(1);
});

test("a refusal is not kept: the same may succeed later", async () => {
  const name = newName();
  const ghost = (image: string) =>
    rest.fetch("POST", "/api/containers", { as: li, body: { name, image }, headers: { "idempotency-key": "e" } });
  expect((await ghost("public/ghost:1")).status).toBe(404);
  expect(await rowOf("e")).toBeNull();
  expect((await ghost("public/base:1")).status).toBe(201);
});

test("a request that is under way is not run again, until its server must be dead", async () => {
  const name = newName();
  await create(name, "f");
  const place = { user_id_key: { user_id: li.user_id, key: "f" } };
  const under_way = { status: null, answer: null, created_at: new Date() };
  await rest.db.idempotency_keys.update({ where: place, data: under_way });
  expect(await create(name, "f")).toMatchObject({ status: 409, json: { error: { code: "CONFLICT" } } });
  await rest.db.idempotency_keys.update({ where: place, data: { created_at: new Date(Date.now() - 180_000) } });
  // It runs, and finds its own name taken.
  const [one, other] = await Promise.all([create(name, "f"), create(name, "f")]);
  for (const { status, json } of [one, other]) {
    expect(status).toBe(409);
    expect(json).toMatchObject({ error: { code: "CONFLICT" } });
  }
  expect([one, other].filter(({ text }) => text.includes("under way")).length).toBeLessThan(2);
});

test("a key is forgotten after a day", async () => {
  await create(newName(), "g");
  const place = { user_id_key: { user_id: li.user_id, key: "g" } };
  await rest.db.idempotency_keys.update({ where: place, data: { created_at: new Date(Date.now() - 25 * 3_600_000) } });
  const answer = await create(newName(), "g");
  expect([answer.status, isReplayed(answer)]).toEqual([201, false]);
});

test("an answer that holds a token is never kept", async () => {
  const headers = { "idempotency-key": "h" };
  const make = (name: string) => rest.fetch("POST", "/api/user/api_tokens", { as: li, body: { name }, headers });
  expect((await make("one")).status).toBe(201);
  expect((await make("two")).status).toBe(201);
  expect(await rowOf("h")).toBeNull();
});

test("an answer that holds a code is never kept", async () => {
  await recordProxyAddress(rest.services.sql, { url: "http://127.0.0.1:3001", domain: null });
  const ports = [{ name: "web", kind: "http", container_port: 8080, publish: false }];
  const body = { name: newName(), image: "public/base:1", ports };
  const made = await rest.fetch("POST", "/api/containers", { as: li, body });
  const { container_id } = made.json as { container_id: number };
  const openPort = () =>
    rest.fetch("POST", `/api/containers/${container_id}/open`, {
      as: li,
      body: { port: "web" },
      headers: { "idempotency-key": "code" },
    });
  const first = await openPort();
  expect(first.status).toBe(200);
  expect((await openPort()).text).not.toBe(first.text);
  expect(await rowOf("code")).toBeNull();
});

test("a key of nobody's, or on another method, is ignored", async () => {
  const headers = { "idempotency-key": "i" };
  expect((await rest.fetch("POST", "/api/containers", { body: {}, headers })).status).toBe(401);
  expect((await rest.fetch("GET", "/api/containers", { as: li, headers })).status).toBe(200);
  expect(await rowOf("i")).toBeNull();
});

test("a token that may only read repeats nothing", async () => {
  const name = newName();
  await create(name, "j");
  const made = await rest.fetch("POST", "/api/user/api_tokens", { as: li, body: { name: "reader", scope: "read" } });
  const { token } = made.json as { token: string };
  expect(await create(name, "j", { ...li, token })).toMatchObject({
    status: 403,
    json: { error: { code: "FORBIDDEN" } },
  });
});

test.each(["", " ", "with space", "x".repeat(256), "é"])("a key is visible ASCII, and %j is none", async (key) => {
  const name = newName();
  expect(await create(name, key)).toMatchObject({ status: 400, json: { error: { code: "BAD_REQUEST" } } });
  expect(await rest.db.containers.count({ where: { name } })).toBe(0);
});

test("a registration may be repeated by who is not signed in yet", async () => {
  const body = { account: "twice", password: "a hash of a password" };
  const register = (account: string) =>
    rest.fetch("POST", "/api/auth/register", { body: { ...body, account }, headers: { "idempotency-key": "r" } });
  const first = await register("twice");
  const again = await register("twice");
  expect([first.status, again.status, isReplayed(again)]).toEqual([200, 200, true]);
  expect(again.text).toBe(first.text);
  expect((await register("another")).status).toBe(422);
});

test("of many keys of one user the newest are kept", async () => {
  const busy = await rest.addUser("busy");
  const { user_id } = busy;
  await rest.db.idempotency_keys.createMany({
    data: Array.from({ length: 1_003 }, (_, index) => ({
      user_id,
      key: `old-${index}`,
      request_hash: Buffer.alloc(32),
      status: 200,
      answer: "{}",
      created_at: new Date(Date.now() - 3_600_000 + index),
    })),
  });
  expect((await create(newName(), "newest", busy)).status).toBe(201);
  expect(await rest.db.idempotency_keys.count({ where: { user_id } })).toBe(1_001);
  const oldest = await rest.db.idempotency_keys.findFirst({ where: { user_id }, orderBy: { created_at: "asc" } });
  expect(oldest?.key).toBe("old-3");
});
