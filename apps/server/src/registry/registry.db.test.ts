import { randomUUID } from "node:crypto";
import { hashAsClient, hashPassword } from "@berth/api/auth/password.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { RegistryError } from "@berth/docker/registry/registry.ts";
import { createTestDatabase } from "@berth/testbed/postgres/test-database.ts";
import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type OpenApp, openApp } from "../testing/open-app.ts";

const PASSWORD = "correct: horse"; // with a colon, as a Basic header allows it
const EVENTS = "application/vnd.docker.distribution.events.v1+json";
const DIGEST = `sha256:${"a".repeat(64)}`;

let open: OpenApp;
let drop: () => Promise<void>;
let secret: string;
/** What the registry says when it is asked for a manifest. */
let failure: RegistryError | null = null;
let sizeBytes = 7;
let account: string;
let number = 0;

beforeAll(async () => {
  const database = await createTestDatabase();
  drop = database.drop;
  open = await openApp(database.url, {
    connectRegistry: () => ({
      ...UNUSED,
      async headManifest() {
        if (failure) throw failure;
        return { digest: DIGEST, media_type: "", size_bytes: 1 };
      },
      describe: async () => ({ media_type: "", size_bytes: sizeBytes, layers: [], config_digest: null, platforms: [] }),
    }),
  });
  const record = { kind: "process", state: "running", address: "10.0.0.1:5000", ca: null, message: "" } as const;
  await writeRegistry(prismaSql(open.db), { ...record, url: "http://127.0.0.1:5000" });
  secret = await open.services.registries.eventsSecret();
});
afterAll(async () => {
  await open.close();
  await drop();
});
beforeEach(async () => {
  account = `user-${(number += 1)}`;
  failure = null;
  sizeBytes = 7;
  await open.db.users.create({ data: { account, password: await hashPassword(hashAsClient(PASSWORD)) } });
});

const unused = () => Promise.reject(new Error("nobody asks for it"));
const UNUSED = {
  mountLayers: unused,
  check: unused,
  readConfig: unused,
  deleteManifest: unused,
  listTags: unused,
  listRepositories: unused,
  copyManifest: unused,
  replaceByEmpty: unused,
  close() {},
};

const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
});
const get = (query: string, headers: Record<string, string> = {}) =>
  open.app.inject({ url: `/registry/token?${query}`, headers });
const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  open.app.inject({
    method: "POST",
    url: "/registry/token",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    payload: new URLSearchParams(fields).toString(),
  });

function claimsOf({ statusCode, body }: { statusCode: number; body: string }) {
  expect(statusCode, body).toBe(200);
  const { token, access_token, expires_in } = JSON.parse(body) as Record<string, string | number>;
  expect(access_token).toBe(token);
  expect(expires_in).toBe(120);
  const [, claims = ""] = String(token).split(".");
  return JSON.parse(Buffer.from(claims, "base64url").toString()) as { sub: string; access: { name: string }[] };
}

test("GET takes Basic credentials, and scopes that are repeated or stand in a row", async () => {
  const scopes = `scope=repository:${account}/a:pull&scope=repository:public/b:pull%20repository:other/c:pull`;
  const answer = await get(`service=berth&account=${account}&client_id=docker&${scopes}`, basic(account, PASSWORD));
  expect(claimsOf(answer)).toMatchObject({ sub: account, access: [{ name: `${account}/a` }, { name: "public/b" }] });
  expect(answer.headers["cache-control"]).toBe("no-store");
});

test("POST takes OAuth 2's form with a password, or an API token for a refresh token", async () => {
  const scope = `repository:${account}/a:pull repository:public/b:pull`;
  const form = { service: "berth", client_id: "containerd", scope };
  const byPassword = await post({ ...form, grant_type: "password", username: account, password: PASSWORD });
  expect(claimsOf(byPassword)).toMatchObject({
    sub: account,
    access: [{ name: `${account}/a` }, { name: "public/b" }],
  });

  const login = { account, password: hashAsClient(PASSWORD) };
  const signedIn = await open.app.inject({ method: "POST", url: "/api/auth/login", payload: login });
  const headers = { authorization: `Bearer ${signedIn.json<{ access_token: string }>().access_token}` };
  const made = await open.app.inject({
    method: "POST",
    url: "/api/user/api_tokens",
    headers,
    payload: { name: "docker" },
  });
  const { token } = made.json<{ token: string }>();
  expect(claimsOf(await post({ ...form, grant_type: "refresh_token", refresh_token: token })).sub).toBe(account);
  expect(claimsOf(await post({ service: "berth" }, basic(account, token))).sub).toBe(account);
});

test("whoever is not known is asked for credentials, in words that Docker shows", async () => {
  const refused = [
    await get("service=berth"),
    await get("service=berth", basic(account, "wrong")),
    await get("service=berth", { authorization: "Basic !" }),
    await get("service=berth", basic("x\0y", PASSWORD)),
    await get("service=berth", basic(account, "x".repeat(5_000))),
    await post({ service: "berth", grant_type: "password", username: account, password: "" }),
    await post({ service: "berth", grant_type: "refresh_token", refresh_token: PASSWORD }),
    await post({}),
  ];
  for (const answer of refused) {
    expect(answer.statusCode).toBe(401);
    expect(answer.headers["www-authenticate"]).toMatch(/^Basic /);
    const { error, errors } = answer.json<{ error: object; errors: object[] }>();
    expect(error).toMatchObject({ code: "UNAUTHORIZED" });
    expect(errors).toEqual([{ code: "UNAUTHORIZED", message: expect.stringMatching(/\.$/) }]);
  }
});

test("a push for which there is no room is denied with the reason, in a code that Docker does not try again after", async () => {
  await open.db.settings.upsert({ where: { key: "user_push" }, create: { key: "user_push", value: true }, update: {} });
  await open.db.users.update({ where: { account }, data: { quota: { images: 0 } } });
  const refused = await get(`service=berth&scope=repository:${account}/app:pull,push`, basic(account, PASSWORD));
  expect(refused.statusCode).toBe(409);
  const message = `The quota of ${account} is 0 images.`;
  expect(refused.json()).toMatchObject({ error: { code: "CONFLICT" }, errors: [{ code: "DENIED", message }] });
});

test("a token is for the registry that Berth knows, and by a grant that there is", async () => {
  for (const answer of [
    await get("service=other", basic(account, PASSWORD)),
    await get("", basic(account, PASSWORD)),
    await post({ service: "berth", grant_type: "authorization_code" }),
  ]) {
    expect(answer.statusCode).toBe(400);
  }
  const json = await open.app.inject({ method: "POST", url: "/registry/token", payload: { service: "berth" } });
  expect(json.statusCode).toBe(415);
});

test("who guesses is told to wait", async () => {
  const attempts = { remoteAddress: "10.9.9.9", url: "/registry/token?service=berth" };
  for (let count = 0; count < 10; count += 1) {
    await open.app.inject({ ...attempts, headers: basic(account, `guess ${count}`) });
  }
  const answer = await open.app.inject({ ...attempts, headers: basic(account, PASSWORD) });
  expect(answer.statusCode).toBe(429);
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
});

test("what anybody sends to prove who they are is never logged", async () => {
  await get("service=berth", basic(account, PASSWORD));
  await post({ service: "berth", grant_type: "password", username: account, password: PASSWORD });
  await tell([], { authorization: "Bearer somebody's-guess" });
  expect((await tell([pushed()])).statusCode).toBe(204);
  // Nothing is logged of an event but what is wrong with it.
  failure = new RegistryError("protocol", "It is not an image that an engine runs.");
  expect((await tell([pushed()])).statusCode).toBe(204);
  const log = open.lines.join("\n");
  for (const told of ["/registry/token", "what was pushed can't be recorded"]) expect(log).toContain(told);
  const [, asField] = new URLSearchParams({ password: PASSWORD }).toString().split("=");
  const inBasic = basic(account, PASSWORD).authorization.slice(6);
  for (const told of [PASSWORD, asField, encodeURIComponent(PASSWORD), inBasic, secret, "somebody's-guess"]) {
    expect(log).not.toContain(told);
  }
});

function pushed(change: { target?: object; action?: string; actor?: object } = {}): object {
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action: change.action ?? "push",
    target: {
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      size: 528,
      length: 528,
      digest: DIGEST,
      repository: `${account}/x`,
      url: "http://10.0.0.1:5000/v2/x",
      tag: "1",
      ...change.target,
    },
    actor: change.actor ?? { name: account },
    source: { addr: "registry:5000", instanceID: randomUUID() },
    request: {},
  };
}

const tell = (events: unknown, headers: Record<string, string> = {}, change: Partial<InjectOptions> = {}) =>
  open.app.inject({
    method: "POST",
    url: "/registry/events",
    headers: { "content-type": EVENTS, authorization: `Bearer ${secret}`, ...headers },
    payload: JSON.stringify({ events }),
    ...change,
  });
const images = () => open.db.images.findMany({ where: { name: { startsWith: `${account}/` } } });

test("the registry tells of a push, and it is an image", async () => {
  expect((await tell([pushed()])).statusCode).toBe(204);
  expect((await tell([pushed(), pushed()])).statusCode).toBe(204);
  expect(await images()).toMatchObject([{ name: `${account}/x:1`, source: "push" }]);
});

test("nobody but the registry tells anything", async () => {
  for (const authorization of ["", "Bearer ", `Bearer ${secret}x`, `Basic ${secret}`, `Bearer ${secret.slice(1)}`]) {
    expect((await tell([pushed()], { authorization })).statusCode).toBe(401);
  }
  expect(await images()).toEqual([]);
});

test("of what the registry tells only pushes of tags count, and the rest stands in no one's way", async () => {
  const events = [
    "nonsense",
    {},
    pushed({ action: "pull" }),
    pushed({ action: "delete", target: { tag: undefined } }),
    pushed({ target: { tag: "", mediaType: "application/octet-stream" } }),
    pushed({ target: { digest: "sha256:no" } }),
    pushed({ actor: {} }),
    pushed({ target: { tag: "2" } }),
  ];
  expect((await tell(events)).statusCode).toBe(204);
  expect(await images()).toMatchObject([{ name: `${account}/x:2` }]);
});

test("a body of another form or size is not taken", async () => {
  const type = await tell([], {}, { headers: { "content-type": "text/plain", authorization: `Bearer ${secret}` } });
  expect(type.statusCode).toBe(415);
  expect((await tell("no list")).statusCode).toBe(400);
  expect((await tell([], {}, { payload: "{" })).statusCode).toBe(400);
  expect((await tell(["x".repeat(1024 * 1024)])).statusCode).toBe(413);
});

test("what can't be looked at now is told again, and what never can be is not", async () => {
  failure = new RegistryError("unreachable", "It is away.");
  expect((await tell([pushed()])).statusCode).toBe(503);
  failure = new RegistryError("protocol", "It is not an image that an engine runs.");
  expect((await tell([pushed()])).statusCode).toBe(204);
  expect(await images()).toEqual([]);
  failure = null;
  expect((await tell([pushed()])).statusCode).toBe(204);
  expect(await images()).toHaveLength(1);
});

test("a push that the database refuses keeps nothing behind it from being recorded", async () => {
  sizeBytes = 2 ** 70;
  expect((await tell([pushed()])).statusCode).toBe(204);
  expect(await images()).toEqual([]);
  expect(open.lines.at(-1)).toContain("what was pushed can't be recorded");
  sizeBytes = 7;
  expect((await tell([pushed()])).statusCode).toBe(204);
  expect(await images()).toHaveLength(1);
});

test("a push that comes while the database is away is told again", async () => {
  const query = vi
    .spyOn(open.services, "sql")
    .mockRejectedValue(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
  const answer = await tell([pushed()]);
  expect(query.mock.calls.some(([statement]) => statement.includes("FROM users"))).toBe(true);
  query.mockRestore();
  expect(answer.statusCode).toBe(503);
});
