import { randomBytes } from "node:crypto";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashAsClient } from "@berth/api/auth/password.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type OpenApp, openApp } from "./testing/open-app.ts";

const PASSWORD = hashAsClient("correct horse");
let database: TestDatabase;
const opened: OpenApp[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});
afterAll(() => database.drop());

async function open(change: Parameters<typeof openApp>[1] = {}): Promise<OpenApp> {
  const app = await openApp(database.url, change);
  opened.push(app);
  return app;
}

const post = ({ app }: OpenApp, path: string, payload: object, token = "") =>
  app.inject({
    method: "POST",
    url: `/trpc/${path}`,
    payload,
    headers: token === "" ? {} : { authorization: `Bearer ${token}` },
  });

async function signUp(app: OpenApp, account: string): Promise<string> {
  await post(app, "auth.register", { account, password: PASSWORD });
  const answer = await post(app, "auth.login", { account, password: PASSWORD });
  return answer.json<{ result: { data: { access_token: string } } }>().result.data.access_token;
}

test("serves procedures to a bearer of a token, and refuses one without", async () => {
  const app = await open();
  const token = await signUp(app, "li");
  const me = (authorization: string) => app.app.inject({ url: "/trpc/user.me", headers: { authorization } });
  expect((await me(`Bearer ${token}`)).json()).toMatchObject({ result: { data: { account: "li", role: "user" } } });
  const refused = await me(`Bearer ${token.slice(0, -2)}`);
  expect(refused.statusCode).toBe(401);
  expect(refused.json()).toMatchObject({ error: { data: { code: "UNAUTHORIZED", details: null } } });
});

test("signs in a caller whose old token is no good any more", async () => {
  const app = await open();
  await signUp(app, "wang");
  const again = await post(app, "auth.login", { account: "wang", password: PASSWORD }, "old.and.broken");
  expect(again.statusCode).toBe(200);
});

test("answers several procedures in one request", async () => {
  const app = await open();
  const token = await signUp(app, "zhao");
  const answer = await app.app.inject({
    url: `/trpc/user.me,container.list?batch=1&input=${encodeURIComponent('{"1":{}}')}`,
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.json()).toMatchObject([
    { result: { data: { account: "zhao" } } },
    { result: { data: { items: [], next_cursor: null } } },
  ]);
});

test("answers twenty procedures in one request, and no more", async () => {
  const app = await open();
  const authorization = `Bearer ${await signUp(app, "zhou")}`;
  const ask = (count: number) =>
    app.app.inject({ url: `/trpc/${Array(count).fill("user.me").join(",")}?batch=1`, headers: { authorization } });
  const most = await ask(20);
  expect(most.statusCode).toBe(200);
  expect(most.json()).toHaveLength(20);
  const more = await ask(21);
  expect(more.statusCode).toBe(400);
  expect(more.body).not.toContain("zhou");
});

test("takes a mutation without input as tRPC's client sends it, and says of another what is missing", async () => {
  const app = await open();
  const authorization = `Bearer ${await signUp(app, "sun")}`;
  const send = (procedure: string) =>
    app.app.inject({
      method: "POST",
      url: `/trpc/${procedure}`,
      headers: { authorization, "content-type": "application/json" },
    });
  expect((await send("registry.collect")).json()).toMatchObject({ error: { data: { code: "FORBIDDEN" } } });
  const refused = (await send("auth.login")).json();
  expect(refused).toMatchObject({ error: { data: { code: "BAD_REQUEST" } } });
  expect(JSON.stringify(refused)).toContain("account");
});

test("names each field that is wrong", async () => {
  const answer = await post(await open(), "auth.register", { account: "Li", password: "short" });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({
    error: {
      message: expect.stringContaining("lower case"),
      data: { details: { fields: expect.arrayContaining([expect.objectContaining({ field: "password" })]) } },
    },
  });
});

test("tells a client nothing of a fault of ours, and the log all, under one id", async () => {
  const fault = new Error("relation secret_table does not exist");
  const whole = await open();
  const token = await signUp(whole, "qian");
  const sql = prismaSql(whole.db);
  const app = await open({
    services: { sql: (text, values) => (text.includes("containers") ? Promise.reject(fault) : sql(text, values)) },
  });
  const answer = await app.app.inject({
    url: `/trpc/container.list?input=${encodeURIComponent("{}")}`,
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.statusCode).toBe(500);
  const { message, data } = answer.json<{ error: { message: string; data: Record<string, unknown> } }>().error;
  expect(message).toBe("internal error");
  expect(Object.keys(data).toSorted()).toEqual(["code", "details", "httpStatus", "path", "request_id"]);
  expect(answer.body).not.toContain("secret_table");
  const logged = app.lines.filter((line) => line.includes("secret_table"));
  expect(logged.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { requestId: data["request_id"], level: 50 },
  ]);
});

test("logs no password, no token and no input", async () => {
  const app = await open();
  const token = await signUp(app, "sun");
  const input = encodeURIComponent(JSON.stringify({ cursor: "in-the-query" }));
  const headers = { authorization: `Bearer ${token}` };
  await app.app.inject({ url: `/trpc/container.list?input=${input}`, headers });
  const completed = () => app.lines.filter((line) => line.includes("request completed"));
  await vi.waitFor(() => expect(completed()).toHaveLength(3));
  for (const secret of [PASSWORD, token, "in-the-query"]) {
    expect(app.lines.filter((line) => line.includes(secret))).toEqual([]);
  }
});

test("says after how many seconds a guesser may try again", async () => {
  const app = await open();
  const guess = () => post(app, "auth.login", { account: "nobody-here", password: PASSWORD });
  for (let attempt = 0; attempt < 10; attempt += 1) expect((await guess()).statusCode).toBe(404);
  const refused = await guess();
  expect(refused.statusCode).toBe(429);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(200);
});

test("refuses a body above 1 MiB and a flood, each in the same form", async () => {
  const app = await open({ requestsPerMinute: 3 });
  const large = await post(app, "auth.login", { account: "x".repeat(1024 * 1024), password: PASSWORD });
  expect(large.statusCode).toBe(413);
  expect(large.json()).toMatchObject({ error: { code: "PAYLOAD_TOO_LARGE", details: null } });
  await app.app.inject("/");
  await app.app.inject("/");
  const flooded = await app.app.inject("/");
  expect(flooded.statusCode).toBe(429);
  expect(flooded.headers["retry-after"]).toBeDefined();
  expect(flooded.json()).toMatchObject({ error: { code: "TOO_MANY_REQUESTS" } });
  expect((await app.app.inject("/healthz")).statusCode).toBe(200);
});

test("believes a proxy about the caller's address only where it is told to", async () => {
  const addressOf = async (trustProxy: boolean | string[], forwardedFor = "203.0.113.7") => {
    const app = await open({ trustProxy });
    const account = `proxied-${randomBytes(4).toString("hex")}`;
    const headers = { "x-forwarded-for": forwardedFor };
    await app.app.inject({
      method: "POST",
      url: "/trpc/auth.register",
      payload: { account, password: PASSWORD },
      headers,
    });
    return (await app.db.audit_log.findFirstOrThrow({ where: { account } })).address;
  };
  expect(await addressOf(true)).toBe("203.0.113.7");
  expect(await addressOf(false)).toBe("127.0.0.1");
  // What stands left of the proxy's own word was written by whoever called it.
  expect(await addressOf(true, "198.51.100.1, 203.0.113.7")).toBe("203.0.113.7");
  expect(await addressOf(["127.0.0.1", "203.0.113.0/24"], "192.0.2.1, 198.51.100.1, 203.0.113.7")).toBe("198.51.100.1");
  expect(await addressOf(["10.0.0.1"], "198.51.100.1, 203.0.113.7")).toBe("127.0.0.1");
});

test("sends no page that others may frame or that loads from elsewhere, and works without https", async () => {
  const { headers } = await (await open()).app.inject("/");
  const policy = String(headers["content-security-policy"]);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("upgrade-insecure-requests");
  expect(headers["strict-transport-security"]).toBeUndefined();
  expect(headers["x-content-type-options"]).toBe("nosniff");
});

test("says on a plain page what it is where the console is not built", async () => {
  const { app } = await open();
  const page = await app.inject("/");
  expect(page.headers["content-type"]).toContain("text/html");
  expect(page.body).toContain("GPU servers");
  expect((await app.inject("/nothing/here")).json()).toMatchObject({ error: { code: "NOT_FOUND" } });
});

test("serves the console's page for each of its paths, and no file that is not there", async () => {
  const consoleDir = await mkdtemp(join(tmpdir(), "berth-console-"));
  await mkdir(join(consoleDir, "assets"));
  await writeFile(join(consoleDir, "index.html"), "<title>the console</title>");
  await writeFile(join(consoleDir, "assets", "app-1a2b.js"), "run()");
  const { app } = await open({ consoleDir });
  const deep = await app.inject({ url: "/containers/7", headers: { accept: "text/html" } });
  expect(deep.body).toContain("the console");
  for (const path of [
    "/api/nothing",
    "/api/machine/infos?limit=1",
    "/trpc",
    "/ws/containers/1/terminal",
    "/api/x/../y",
  ]) {
    const none = await app.inject({ url: path, headers: { accept: "text/html, */*" } });
    expect([path, none.statusCode, none.body.includes("the console")]).toEqual([path, 404, false]);
  }
  expect(deep.headers["cache-control"]).toBe("no-cache");
  const asset = await app.inject("/assets/app-1a2b.js");
  expect(asset.headers["cache-control"]).toContain("immutable");
  expect((await app.inject("/assets/gone.js")).statusCode).toBe(404);
  expect((await app.inject({ url: "/trpc/no.such", headers: { accept: "text/html" } })).statusCode).toBe(404);
  await rm(consoleDir, { recursive: true });
});

test("ends a connection that is busy when it begins to close with its answer", async () => {
  const { app } = await open();
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<string>();
  app.get("/slow", () => {
    asked.resolve();
    return released.promise;
  });
  app.addHook("preClose", async () => released.resolve("answered"));
  const answer = fetch(`${await app.listen({ port: 0 })}/slow`);
  await asked.promise;
  await Promise.all([app.close(), answer]);
  expect(await (await answer).text()).toBe("answered");
  expect((await answer).headers.get("connection")).toBe("close");
});
