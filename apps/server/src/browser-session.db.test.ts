import { hashAsClient } from "@berth/api/auth/password.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import type { InjectOptions } from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type OpenApp, openApp } from "./testing/open-app.ts";

const HOST = "berth.lab:3000";
const ORIGIN = `http://${HOST}`;
const PASSWORD = hashAsClient("correct horse");
let database: TestDatabase;
const opened: OpenApp[] = [];
let app: OpenApp["app"];

beforeAll(async () => {
  database = await createTestDatabase();
  const { app } = await open();
  const payload = { account: "li", password: PASSWORD };
  await app.inject({ method: "POST", url: "/api/auth/register", payload });
});
beforeEach(async () => {
  app = (await open()).app;
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

type Headers = Record<string, string | string[]>;
const ask = (method: InjectOptions["method"], url: string, headers: Headers, payload?: object) =>
  app.inject({ method: method ?? "GET", url, headers: { host: HOST, ...headers }, ...(payload && { payload }) });

const signIn = (headers: Headers, path = "/api/auth/login") =>
  ask("POST", path, headers, { account: "li", password: PASSWORD });

/** What the browser sends back, and what its page got. */
async function signInAsBrowser() {
  const answer = await signIn({ origin: ORIGIN });
  const valueOf = (name: string) => answer.cookies.find((cookie) => cookie.name === name)?.value ?? "";
  const access_token = answer.json<{ access_token: string }>().access_token;
  return {
    session: `berth_session=${valueOf("berth_session")}`,
    refresh: `berth_refresh=${valueOf("berth_refresh")}`,
    access_token,
  };
}

const COMMON = { httpOnly: true, sameSite: "Strict" };

test("gives a browser its two cookies by either door, and a program none", async () => {
  for (const path of ["/api/auth/login", "/trpc/auth.login"]) {
    const answer = await signIn({ origin: ORIGIN }, path);
    expect(answer.cookies.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: "berth_refresh", value: expect.stringMatching(/.{20}/), path: "/api/auth", maxAge: 2_592_000, ...COMMON },
      { name: "berth_session", value: expect.stringMatching(/.{20}/), path: "/", maxAge: 900, ...COMMON },
    ]);
    expect((await signIn({}, path)).headers["set-cookie"]).toBeUndefined();
    expect((await signIn({ origin: "http://berth.lab:3001" }, path)).headers["set-cookie"]).toBeUndefined();
    expect((await signIn({ origin: "null" }, path)).headers["set-cookie"]).toBeUndefined();
  }
});

test("makes cookies Secure, and asks for https for a year, where a proxy that is believed says https", async () => {
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "berth.lab", "x-forwarded-for": "203.0.113.7" };
  ({ app } = await open({ trustProxy: true }));
  const believed = await signIn({ ...forwarded, origin: "https://berth.lab" });
  expect(believed.cookies.map(({ secure }) => secure)).toEqual([true, true]);
  expect(believed.headers["strict-transport-security"]).toBe("max-age=31536000");
  expect(believed.headers["content-security-policy"]).toContain("connect-src 'self' wss://berth.lab; upgrade-insecure");
  ({ app } = await open({ trustProxy: ["10.0.0.1"] }));
  const stranger = await signIn({ ...forwarded, origin: ORIGIN });
  expect(stranger.cookies.map(({ secure }) => secure)).toEqual([undefined, undefined]);
  expect(stranger.headers["strict-transport-security"]).toBeUndefined();
  expect(stranger.headers["content-security-policy"]).toMatch(/connect-src 'self' ws:\/\/berth\.lab:3000$/);
});

test("gives a page that was loaded again its access token for the refresh cookie, of the same origin only", async () => {
  const { refresh } = await signInAsBrowser();
  for (const headers of [{}, { origin: "http://berth.lab:3001" }, { origin: "null" }]) {
    expect((await ask("POST", "/api/auth/refresh", { cookie: refresh, ...headers }, {})).statusCode).toBe(401);
  }
  const again = await ask("POST", "/api/auth/refresh", { cookie: refresh, origin: ORIGIN }, {});
  expect(again.statusCode).toBe(200);
  expect(again.cookies.map(({ name }) => name).toSorted()).toEqual(["berth_refresh", "berth_session"]);
});

test("signing out takes both cookies away", async () => {
  const { refresh } = await signInAsBrowser();
  const { cookies } = await ask("POST", "/api/auth/logout", { cookie: refresh, origin: ORIGIN }, {});
  expect(cookies).toMatchObject([
    { name: "berth_refresh", value: "", path: "/api/auth", maxAge: 0 },
    { name: "berth_session", value: "", path: "/", maxAge: 0 },
  ]);
  expect((await ask("POST", "/api/auth/refresh", { cookie: refresh, origin: ORIGIN }, {})).statusCode).toBe(401);
});

test("knows the console by its session cookie at /trpc, and nobody by it at the REST door", async () => {
  const { session: cookie } = await signInAsBrowser();
  const statusOf = async (url: string, headers: Headers) => (await ask("GET", url, headers)).statusCode;
  expect(await statusOf("/trpc/user.me", { cookie })).toBe(200);
  expect(await statusOf("/trpc/user.me", { cookie, "sec-fetch-site": "same-site" })).toBe(401);
  expect(await statusOf("/trpc/user.me", { cookie, origin: "http://berth.lab:3001" })).toBe(401);
  expect(await statusOf("/api/user/me", { cookie, origin: ORIGIN })).toBe(401);
});

test("changes something for the session cookie only on the word of a page of the same origin", async () => {
  const { session: cookie } = await signInAsBrowser();
  const rename = async (headers: Headers) =>
    (await ask("POST", "/trpc/user.set_profile", { cookie, ...headers }, { field: "nickname", value: "Li" }))
      .statusCode;
  expect(await rename({ origin: ORIGIN })).toBe(200);
  expect(await rename({})).toBe(401);
  expect(await rename({ origin: "http://berth.lab:3001" })).toBe(401);
  expect(await rename({ origin: "null" })).toBe(401);
});

test("takes no session token for a bearer's, nor the reverse, nor either from a query", async () => {
  const { session, access_token } = await signInAsBrowser();
  const session_token = session.replace("berth_session=", "");
  const me = async (headers: Headers, query = "") => (await ask("GET", `/trpc/user.me${query}`, headers)).statusCode;
  expect(await me({ authorization: `Bearer ${access_token}` })).toBe(200);
  expect(await me({ authorization: `Bearer ${session_token}` })).toBe(401);
  expect(await me({ cookie: `berth_session=${access_token}` })).toBe(401);
  for (const name of ["access_token", "token", "authorization"]) {
    expect(await me({}, `?${name}=${access_token}`)).toBe(401);
    expect(await me({}, `?${name}=Bearer%20${session_token}`)).toBe(401);
  }
  const wrapped = encodeURIComponent(JSON.stringify({ access_token, authorization: `Bearer ${access_token}` }));
  expect(await me({}, `?connectionParams=${wrapped}`)).toBe(401);
});

test("reads one Authorization header, in any case and with any spaces, and nothing else in its place", async () => {
  const { access_token, session } = await signInAsBrowser();
  const me = async (authorization: string | string[], cookie = "") =>
    (await ask("GET", "/api/user/me", { authorization, cookie })).statusCode;
  expect(await me(`bearer ${access_token}`)).toBe(200);
  expect(await me(`BEARER   ${access_token} `)).toBe(200);
  expect(await me([`Bearer ${access_token}`, "Bearer other"])).toBe(401);
  expect(await me(["Bearer other", `Bearer ${access_token}`])).toBe(401);
  expect(await me(`Basic ${access_token}`)).toBe(401);
  expect(await me(`Bearer ${access_token} more`)).toBe(401);
  expect(await me(`Bearer ${"x".repeat(10_000)}`)).toBe(401);
  const bad = { authorization: "Bearer other", cookie: session };
  expect((await ask("GET", "/trpc/user.me", bad)).statusCode).toBe(401);
});
