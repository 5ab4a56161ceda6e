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
let lines: OpenApp["lines"];

beforeAll(async () => {
  database = await createTestDatabase();
  const { app } = await open();
  const payload = { account: "li", password: PASSWORD };
  await app.inject({ method: "POST", url: "/api/auth/register", payload });
});
beforeEach(async () => {
  ({ app, lines } = await open());
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

const KEY = "berth-page-key";

/** What the browser sends back by itself, and what its page got. */
async function signInAsBrowser() {
  const { cookies, headers, json } = await signIn({ origin: ORIGIN });
  const { access_token } = json<{ access_token: string }>();
  return { cookie: `berth_refresh=${cookies[0]?.value}`, key: String(headers[KEY]), access_token };
}

test("gives a browser its cookie and its page's key by either door, and a program neither", async () => {
  for (const path of ["/api/auth/login", "/trpc/auth.login"]) {
    const answer = await signIn({ origin: ORIGIN }, path);
    const value: unknown = expect.stringMatching(/.{20}/);
    const attributes = { path: "/api/auth", maxAge: 2_592_000, httpOnly: true, sameSite: "Strict" };
    expect(answer.cookies).toEqual([{ name: "berth_refresh", value, ...attributes }]);
    expect(answer.headers[KEY]).toMatch(/^[\w-]{43}$/);
    expect(answer.body).not.toContain(answer.headers[KEY]);
    for (const headers of [{}, { origin: "http://berth.lab:3001" }, { origin: "null" }]) {
      const program = await signIn(headers, path);
      expect(program.statusCode).toBe(200);
      expect(program.headers["set-cookie"]).toBeUndefined();
      expect(program.headers[KEY]).toBeUndefined();
    }
  }
});

test("lets no page of another origin read a page key, or send one", async () => {
  const foreign = { origin: "http://berth.lab:20999" };
  const asked = { ...foreign, "access-control-request-method": "POST", "access-control-request-headers": KEY };
  for (const url of ["/api/auth/login", "/api/auth/refresh", "/trpc/auth.login", "/trpc/auth.refresh"]) {
    for (const answer of [
      await ask("OPTIONS", url, asked),
      await signIn(foreign, url),
      await signIn({ origin: ORIGIN }, url),
    ]) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  }
});

test("makes its cookie Secure, and asks for https for a year, where a proxy that is believed says https", async () => {
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "berth.lab", "x-forwarded-for": "203.0.113.7" };
  ({ app } = await open({ trustProxy: true }));
  const believed = await signIn({ ...forwarded, origin: "https://berth.lab" });
  expect(believed.cookies.map(({ secure }) => secure)).toEqual([true]);
  expect(believed.headers["strict-transport-security"]).toBe("max-age=31536000");
  expect(believed.headers["content-security-policy"]).toContain("connect-src 'self' wss://berth.lab; upgrade-insecure");
  ({ app } = await open({ trustProxy: ["10.0.0.1"] }));
  const stranger = await signIn({ ...forwarded, origin: ORIGIN });
  expect(stranger.cookies.map(({ secure }) => secure)).toEqual([undefined]);
  expect(stranger.headers["strict-transport-security"]).toBeUndefined();
  expect(stranger.headers["content-security-policy"]).toMatch(/connect-src 'self' ws:\/\/berth\.lab:3000$/);
});

test("gives a page that was loaded again its access token for cookie and key, of the same origin only", async () => {
  const { cookie, key } = await signInAsBrowser();
  for (const headers of [{}, { origin: "http://berth.lab:3001" }, { origin: "null" }]) {
    expect((await ask("POST", "/api/auth/refresh", { cookie, [KEY]: key, ...headers }, {})).statusCode).toBe(401);
  }
  const again = await ask("POST", "/api/auth/refresh", { cookie, [KEY]: key, origin: ORIGIN }, {});
  expect(again.statusCode).toBe(200);
  expect(again.cookies.map(({ name }) => name)).toEqual(["berth_refresh"]);
  expect(again.headers[KEY]).toBeUndefined();
});

test("gives nothing for the cookie and our Origin, as a container's server can send them, by either door", async () => {
  const { cookie, key } = await signInAsBrowser();
  const others = (await signInAsBrowser()).key;
  for (const keys of [{}, { [KEY]: "" }, { [KEY]: others }, { [KEY]: [key, key] }]) {
    for (const door of ["/api/auth/", "/trpc/auth."]) {
      const replay = (verb: string) => ask("POST", door + verb, { cookie, origin: ORIGIN, ...keys }, {});
      const refused = await replay("refresh");
      expect(refused.statusCode).toBe(401);
      expect(refused.headers["set-cookie"]).toBeUndefined();
      expect((await replay("logout")).statusCode).toBe(200);
    }
  }
  const page = { cookie, origin: ORIGIN, [KEY]: key };
  expect((await ask("POST", "/trpc/auth.refresh", page, {})).statusCode).toBe(200);
});

test("signing out takes the cookie away", async () => {
  const { cookie, key } = await signInAsBrowser();
  const page = { cookie, origin: ORIGIN, [KEY]: key };
  const { cookies } = await ask("POST", "/api/auth/logout", page, {});
  expect(cookies).toMatchObject([{ name: "berth_refresh", value: "", path: "/api/auth", maxAge: 0 }]);
  expect((await ask("POST", "/api/auth/refresh", page, {})).statusCode).toBe(401);
});

test("knows nobody by what a browser sends along by itself, whatever its origin", async () => {
  const { cookie, key, access_token } = await signInAsBrowser();
  const jar = `${cookie}; berth_session=${access_token}; access_token=${access_token}`;
  const profile = { field: "nickname", value: "Li" };
  for (const headers of [{}, { origin: ORIGIN }, { origin: ORIGIN, [KEY]: key }]) {
    const sent = { ...headers, cookie: jar };
    expect((await ask("GET", "/trpc/user.me", sent)).statusCode).toBe(401);
    expect((await ask("GET", "/api/user/me", sent)).statusCode).toBe(401);
    expect((await ask("POST", "/trpc/user.set_profile", sent, profile)).statusCode).toBe(401);
  }
});

test("takes neither cookie nor key for a bearer's token, nor one from a query", async () => {
  const { cookie, key, access_token } = await signInAsBrowser();
  const me = async (headers: Headers, query = "") => (await ask("GET", `/trpc/user.me${query}`, headers)).statusCode;
  expect(await me({ authorization: `Bearer ${access_token}` })).toBe(200);
  for (const other of [cookie.replace("berth_refresh=", ""), key]) {
    expect(await me({ authorization: `Bearer ${other}` })).toBe(401);
  }
  for (const name of ["access_token", "token", "authorization"]) {
    expect(await me({}, `?${name}=${access_token}`)).toBe(401);
    expect(await me({}, `?${name}=Bearer%20${access_token}`)).toBe(401);
  }
  const wrapped = encodeURIComponent(JSON.stringify({ access_token, authorization: `Bearer ${access_token}` }));
  expect(await me({}, `?connectionParams=${wrapped}`)).toBe(401);
});

test("logs no page key, whatever is logged of its requests", async () => {
  const { cookie, key } = await signInAsBrowser();
  for (const sent of [key, `${key}x`]) {
    for (const url of ["/trpc/auth.refresh", "/api/auth/refresh", "/api/auth/nothing", "/api/auth/logout"]) {
      await ask("POST", url, { cookie, origin: ORIGIN, [KEY]: sent }, {});
    }
  }
  expect(lines.filter((line) => line.includes("request completed"))).toHaveLength(9);
  expect(lines.join("")).not.toContain(key);
});

test("reads one Authorization header, in any case and with any spaces, and nothing else in its place", async () => {
  const { access_token } = await signInAsBrowser();
  const me = async (authorization: string | string[]) =>
    (await ask("GET", "/api/user/me", { authorization })).statusCode;
  expect(await me(`bearer ${access_token}`)).toBe(200);
  expect(await me(`BEARER   ${access_token} `)).toBe(200);
  expect(await me([`Bearer ${access_token}`, "Bearer other"])).toBe(401);
  expect(await me(["Bearer other", `Bearer ${access_token}`])).toBe(401);
  expect(await me(`Basic ${access_token}`)).toBe(401);
  expect(await me(`Bearer ${access_token} more`)).toBe(401);
  expect(await me(`Bearer ${"x".repeat(10_000)}`)).toBe(401);
});
