import { randomBytes } from "node:crypto";
import { hashAsClient } from "@berth/api/auth/password.ts";
import { createDb, type Db } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { CLOSE_CODE } from "@berth/spec/terminal.ts";
import { PAGE_KEY_HEADER } from "@berth/spec/user.ts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { insertMachine } from "../rows/insert-rows.ts";
import { type ApiServer, passwordOf, startApiServer } from "./api-server.ts";
import { type Answer, ask } from "./ask.ts";
import { openProgramSocket, type ProgramSocket } from "./program-socket.ts";

const IMAGE = "public/base:1";
/** One white dot. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg==",
  "base64",
);

let database: TestDatabase;
let db: Db;
let a: ApiServer;
let b: ApiServer;

beforeAll(async () => {
  database = await createTestDatabase();
  db = createDb(database.url);
  a = await startApiServer({ databaseUrl: database.url });
  b = await startApiServer({ databaseUrl: database.url, secretKey: a.secret_key });
  await insertMachine(prismaSql(db), "gpu-1");
  await addImage(a, IMAGE);
});
afterAll(async () => {
  await Promise.all([a.stop(), b.stop()]);
  await db.$disconnect();
  await database.drop();
});

/** Somebody new, registered at A. */
async function register(): Promise<{ account: string; user_id: number }> {
  const account = `user-${randomBytes(4).toString("hex")}`;
  const { user_id } = await (await a.registerUser(account)).user.me.query();
  return { account, user_id };
}

const me = ({ url }: ApiServer, token: string): Promise<Answer> => ask("GET", `${url}/api/user/me`, { token });

/** Follows changes, as a page or a program does, and resolves once the server has taken it. */
async function follow({ url }: ApiServer, token: string): Promise<ProgramSocket> {
  const first = { method: "connectionParams", data: { access_token: token } };
  const socket = await openProgramSocket(url, "/trpc?connectionParams=1", first);
  socket.send({ id: 1, method: "subscription", params: { path: "live.changes" } });
  await socket.hears("first batch", (message) => JSON.stringify(message).includes('"type":"data"'));
  return socket;
}

/** Waits to be told of this image. */
function hearsOfImage(socket: ProgramSocket, { image_id }: { image_id: number }): Promise<void> {
  const change = JSON.stringify({ noun: "image", id: String(image_id) });
  return socket.hears(change, (message) => JSON.stringify(message).includes(change));
}

const addImage = ({ admin }: ApiServer, name: string): Promise<{ image_id: number }> =>
  admin.image.add.mutate({ name, reference: "registry.lab:5000/base:1" });

const login = ({ url }: ApiServer, account: string, password: string, from?: string): Promise<Answer> =>
  ask("POST", `${url}/api/auth/login`, { body: { account, password }, ...(from !== undefined && { from }) });

test("a photo that one server was sent is served by the other, which has no disk of the first", async () => {
  const { account } = await register();
  const form = new FormData();
  form.append("photo", new Blob([PNG]), "dot.png");
  const authorization = `Bearer ${await a.signIn(account)}`;
  const sent = await fetch(`${a.url}/api/user/set_photo/custom`, {
    method: "POST",
    headers: { authorization },
    body: form,
  });
  expect(sent.status).toBe(200);
  const { photo } = (await sent.json()) as { photo: string };
  const [ofA, ofB] = await Promise.all([a, b].map(({ url }) => ask("GET", url + photo)));
  expect(ofB).toMatchObject({ status: 200, headers: { "content-type": "image/webp" } });
  expect(ofB?.bytes).toEqual(ofA?.bytes);
  expect((await me(b, await b.signIn(account))).json).toMatchObject({ photo });
});

test.for([
  {
    what: "a new password",
    act: (token: string, user_id: number) =>
      ask("POST", `${a.url}/api/user/set_password`, {
        token,
        body: { user_id, new_password: hashAsClient("another") },
      }),
  },
  {
    what: "signing out everywhere",
    act: (token: string) => ask("POST", `${a.url}/api/auth/logout_everywhere`, { token, body: {} }),
  },
  {
    what: "being disabled",
    async act(_token: string, user_id: number) {
      await a.admin.user.update.mutate({ user_id, disabled: true });
      return { status: 200 };
    },
  },
])("$what at one server ends tokens and sockets at the other", async ({ act }) => {
  const { account, user_id } = await register();
  const access = await a.signIn(account);
  const made = await ask("POST", `${a.url}/api/user/api_tokens`, { token: access, body: { name: "program" } });
  const { token: ofProgram } = made.json as { token: string };
  const tokens = [access, await b.signIn(account), ofProgram];
  const sockets = await Promise.all(tokens.map((token) => follow(b, token)));
  for (const token of tokens) expect((await me(b, token)).status).toBe(200);

  expect((await act(access, user_id)).status).toBe(200);
  for (const token of tokens) expect((await me(b, token)).status).toBe(401);
  for (const socket of sockets) expect(await socket.closed).toBe(CLOSE_CODE.UNAUTHORIZED);
});

test("an API token that is revoked at one server ends at the other, and no other token does", async () => {
  const { account } = await register();
  const access = await a.signIn(account);
  const made = await ask("POST", `${a.url}/api/user/api_tokens`, { token: access, body: { name: "program" } });
  const { token, token_id } = made.json as { token: string; token_id: number };
  const [ended, kept] = [await follow(b, token), await follow(b, access)];
  expect((await ask("DELETE", `${a.url}/api/user/api_tokens/${token_id}`, { token: access })).status).toBe(200);
  expect((await me(b, token)).status).toBe(401);
  expect(await ended.closed).toBe(CLOSE_CODE.UNAUTHORIZED);
  expect((await me(b, access)).status).toBe(200);
  await hearsOfImage(kept, await addImage(a, `public/${account}:1`));
});

test("guesses at both servers count together, by address, and never lock anybody else out", async () => {
  const { account } = await register();
  const right = hashAsClient(passwordOf(account));
  for (let guess = 0; guess < 10; guess += 1) {
    const answer = await login(guess % 2 === 0 ? a : b, account, hashAsClient(`guess ${guess}`));
    expect(answer.status).toBe(401);
  }
  for (const server of [a, b]) {
    const refused = await login(server, account, right);
    expect(refused).toMatchObject({ status: 429, json: { error: { code: "TOO_MANY_REQUESTS" } } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  }
  for (const server of [a, b]) expect((await login(server, account, right, "127.0.0.2")).status).toBe(200);
  const { account: other } = await register();
  expect((await login(b, other, hashAsClient(passwordOf(other)))).status).toBe(200);
});

test("a browser refreshes at either server, and a refresh token that comes again ends its session at both", async () => {
  const { account } = await register();
  const cookieOf = (answer: Answer): string =>
    answer.headers["set-cookie"]?.find((cookie) => cookie.startsWith("berth_refresh="))?.split(";", 1)[0] ?? "";
  const refresh = ({ url }: ApiServer, cookie: string): Promise<Answer> =>
    ask("POST", `${url}/api/auth/refresh`, { headers: { origin: url, cookie, [PAGE_KEY_HEADER]: key }, body: {} });
  const tokenOf = (answer: Answer): string => (answer.json as { access_token: string }).access_token;

  const body = { account, password: hashAsClient(passwordOf(account)) };
  const signedIn = await ask("POST", `${a.url}/api/auth/login`, { headers: { origin: a.url }, body });
  const key = String(signedIn.headers[PAGE_KEY_HEADER]);
  const atB = await refresh(b, cookieOf(signedIn));
  expect((await me(a, tokenOf(atB))).status).toBe(200);
  const atA = await refresh(a, cookieOf(atB));
  expect((await me(b, tokenOf(atA))).status).toBe(200);
  expect(new Set([signedIn, atB, atA].map(cookieOf)).size).toBe(3);

  expect((await refresh(b, cookieOf(signedIn))).status).toBe(401);
  expect((await refresh(a, cookieOf(atA))).status).toBe(401);
  for (const server of [a, b]) expect((await me(server, tokenOf(atA))).status).toBe(401);
});

const create = ({ url }: ApiServer, token: string, key: string): Promise<Answer> =>
  ask("POST", `${url}/api/containers`, {
    token,
    headers: { "idempotency-key": key },
    body: { name: key, image: IMAGE },
  });

test("what was asked of one server with a key is read again at the other", async () => {
  const { account } = await register();
  const token = await a.signIn(account);
  const first = await create(a, token, "once");
  const again = await create(b, token, "once");
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.bytes).toEqual(first.bytes);
  expect(first.headers["idempotency-replayed"]).toBeUndefined();
  expect(again.headers["idempotency-replayed"]).toBe("true");

  const both = await Promise.all([a, b, a, b].map((server) => create(server, token, "at-once")));
  expect(both.filter(({ status }) => ![201, 409].includes(status))).toEqual([]);
  expect(await db.containers.count({ where: { user: { account } } })).toBe(2);
});

test("who follows changes at one server is told of those that were made at the other", async () => {
  const { account } = await register();
  const socket = await follow(b, await b.signIn(account));
  await hearsOfImage(socket, await addImage(a, `public/${account}:1`));
});

test("what an admin sets at one server counts at the other", async () => {
  onTestFinished(async () => void (await a.admin.settings.update.mutate({ registration: "open" })));
  await a.admin.settings.update.mutate({ registration: "closed" });
  const body = { account: "late-comer", password: hashAsClient("a password") };
  expect((await ask("POST", `${b.url}/api/auth/register`, { body })).status).toBe(403);
});

test("what was done at one server is read in the other's audit log", async () => {
  const { account, user_id } = await register();
  const token = await a.signIn(account);
  const body = { field: "nickname", value: "Li" };
  expect((await ask("POST", `${a.url}/api/user/set_profile`, { token, body })).status).toBe(200);
  const { items } = await b.admin.audit.list.query({ user_id });
  expect(items.map(({ action }) => action)).toContain("sign in");
  expect(items[0]).toMatchObject({
    account,
    action: "set profile",
    noun: "user",
    object_id: String(user_id),
    address: "127.0.0.1",
  });
});

test("what a server that was killed has begun is gone on with at another", async () => {
  const doomed = await startApiServer({ databaseUrl: database.url, secretKey: a.secret_key });
  const { account } = await register();
  const token = await doomed.signIn(account);
  const socket = await follow(doomed, token);
  const first = await create(doomed, token, "before-the-end");
  await doomed.kill();
  expect(await socket.closed).toBe(1006);
  expect((await create(b, token, "before-the-end")).bytes).toEqual(first.bytes);
  await follow(b, token);
});
