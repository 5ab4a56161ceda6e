import { hashAsClient } from "@berth/api/auth/password.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OpenApp, openApp } from "./testing/open-app.ts";

const PASSWORD = hashAsClient("correct horse");
let database: TestDatabase;
let open: OpenApp;

beforeAll(async () => {
  database = await createTestDatabase();
  open = await openApp(database.url);
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

const post = (path: string, payload: object) => open.app.inject({ method: "POST", url: `/api/auth/${path}`, payload });

async function signIn(account: string): Promise<string> {
  return (await post("login", { account, password: PASSWORD })).json<{ access_token: string }>().access_token;
}
const fromAfar = (headers: Record<string, string> = {}) =>
  open.app.inject({ url: "/metrics", headers, remoteAddress: "10.0.0.5" });

test("tells this machine how long requests took, by the pattern of their route", async () => {
  await open.app.inject("/trpc/no.such.procedure.of.mine");
  await open.app.inject("/no/such/page/of/mine");
  const answer = await open.app.inject("/metrics");
  expect(answer.headers["content-type"]).toContain("text/plain");
  expect(answer.body).toContain('_count{method="GET",route="/trpc/:path",status="404"} 1');
  expect(answer.body).toContain('berth_trpc_failures_total{procedure="none",code="NOT_FOUND"} 1');
  expect(answer.body).not.toContain("of.mine");
  expect(answer.body).not.toContain("of/mine");
  for (const name of ["berth_open_sockets 0", "berth_open_terminals", "process_resident_memory_bytes"]) {
    expect(answer.body).toContain(name);
  }
});

test("tells another machine nothing without an admin's token", async () => {
  for (const account of ["li", "chief"]) await post("register", { account, password: PASSWORD });
  await open.db.users.update({ where: { account: "chief" }, data: { role: "admin" } });
  const statusOf = async (token: string) => (await fromAfar({ authorization: `Bearer ${token}` })).statusCode;
  expect((await fromAfar()).json()).toMatchObject({ error: { code: "UNAUTHORIZED", details: null } });
  expect(await statusOf("no.good.token")).toBe(401);
  expect(await statusOf(await signIn("li"))).toBe(403);
  expect(await statusOf(await signIn("chief"))).toBe(200);
});

test("takes who speaks through a proxy on this machine for no part of this machine", async () => {
  const answer = await open.app.inject({ url: "/metrics", headers: { "x-forwarded-for": "203.0.113.7" } });
  expect(answer.statusCode).toBe(401);
});
