import { issueToken } from "@berth/api/auth/access-token.ts";
import { hashApiToken, newApiToken } from "@berth/api/auth/api-token.ts";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { createApiServices } from "@berth/api/services.ts";
import { createDb } from "@berth/db/client.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { CLOSE_CODE } from "@berth/spec/terminal.ts";
import { insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import Fastify from "fastify";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { openLive } from "../live/open-live.ts";
import { registerSockets } from "./register-sockets.ts";
import type { SocketLimits } from "./socket-registry.ts";

const database = useTestDatabase();

/** An app whose only route sends back what it is sent, once `released`. */
async function openEcho(
  limits: Partial<SocketLimits> = {},
  change: { sql?: (real: Sql) => Sql; trustProxy?: string[] } = {},
) {
  const db = createDb(database.url);
  const app = Fastify({ trustProxy: change.trustProxy ?? false });
  const live = await openLive(database.url, app.log);
  const made = createApiServices({
    db,
    box: createSecretBox("a secret of tests"),
    installation: "00000000-0000-4000-8000-000000000000",
    connectEngine,
  });
  const services: ApiServices = { ...made, sql: change.sql?.(made.sql) ?? made.sql };
  const sockets = await registerSockets(app, { services, live, limits });
  const state = { released: Promise.resolve(), brief: null as Actor | null };
  app.get("/echo", { websocket: true }, async (socket, request) => {
    const accepted = await sockets.accept(request, socket);
    if (!accepted) return;
    await state.released;
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    accepted.start();
  });
  app.get("/brief", { websocket: true }, (socket, request) => {
    if (state.brief) sockets.admit(socket, state.brief, request.log);
  });
  app.get("/plain", () => "a page");
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await app.close();
    await live.close();
    await db.$disconnect();
  };
  onTestFinished(close);
  return { db, services, state, url: url.replace("http", "ws"), host: new URL(url).host, close };
}
type Echo = Awaited<ReturnType<typeof openEcho>>;

interface Opening {
  path?: string;
  headers?: Record<string, string>;
  /** Sent as soon as it is open, all at once. */
  messages?: string[];
  autoPong?: boolean;
}

async function open(
  { url }: Pick<Echo, "url">,
  { path = "/echo", headers = {}, messages = [], autoPong = true }: Opening,
) {
  const socket = new WebSocket(url + path, { headers, autoPong });
  onTestFinished(() => socket.terminate());
  const heard: string[] = [];
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  socket.on("message", (data) => heard.push((data as Buffer).toString()));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  for (const message of messages) socket.send(message);
  return { socket, heard, closed };
}

const first = (access_token: string): string => JSON.stringify({ access_token });

async function tokenOf({ services }: Echo, user: { user_id: number; account: string }): Promise<string> {
  return issueToken(services, { ...user, token_epoch: 0 });
}

/** Open, and known to be let in. */
async function openIn(echo: Echo, token: string, opening: Opening = {}) {
  const opened = await open(echo, { ...opening, messages: [first(token), "in"] });
  await vi.waitFor(() => expect(opened.heard).toEqual(["in"]), 10_000);
  return opened;
}

async function openSession({ db, services, host }: Echo) {
  const { user_id, account } = await insertUser(database.sql);
  const session = { user_id, token_epoch: 0, page_key_hash: new Uint8Array(32) };
  const expires_at = new Date(Date.now() + 3_600_000);
  const { session_id } = await db.sessions.create({ data: { ...session, expires_at } });
  const token = await issueToken(services, { user_id, account, token_epoch: 0, session_id });
  return { session_id, token, headers: { origin: `http://${host}` } };
}

test("what arrives before the handlers are there is not lost, and stays in order", async () => {
  const echo = await openEcho();
  const { promise, resolve } = Promise.withResolvers<void>();
  echo.state.released = promise;
  const texts = Array.from({ length: 2_000 }, (_, index) => `${index} ${"x".repeat(100)}`);
  const token = await tokenOf(echo, await insertUser(database.sql));
  const { heard } = await open(echo, { messages: [first(token), ...texts] });
  resolve();
  await vi.waitFor(() => expect(heard).toHaveLength(texts.length), 10_000);
  expect(heard).toEqual(texts);
});

test("a browser is known by its first message, and only from a page of this origin", async () => {
  const echo = await openEcho();
  const { token, headers } = await openSession(echo);
  await openIn(echo, token, { headers });
  for (const origin of ["http://elsewhere.test", "null", `http://${echo.host.replace(/\d+$/, "1")}`]) {
    const { closed, heard } = await open(echo, { headers: { origin }, messages: [first(token)] });
    expect(await closed).toBe(CLOSE_CODE.UNAUTHORIZED);
    expect(JSON.parse(heard[0]!)).toMatchObject({ type: "error", error: { code: "UNAUTHORIZED", details: null } });
  }
});

test("no cookie opens a socket, not even from a page of this origin", async () => {
  const echo = await openEcho({ firstMessageMs: 50 });
  const { token, headers } = await openSession(echo);
  for (const name of ["berth_session", "berth_refresh", "access_token"]) {
    const { closed, heard } = await open(echo, { headers: { ...headers, cookie: `${name}=${token}` } });
    expect(await closed).toBe(CLOSE_CODE.UNAUTHORIZED);
    expect(JSON.parse(heard[0]!)).toMatchObject({ type: "error", error: { code: "UNAUTHORIZED" } });
  }
});

test.each([
  ["no token", JSON.stringify({ hello: 1 })],
  ["no JSON", "{"],
  ["a token that is none", first("x")],
])("%s as the first message is refused", async (_what, message) => {
  const { closed } = await open(await openEcho(), { messages: [message] });
  expect(await closed).toBe(CLOSE_CODE.UNAUTHORIZED);
});

test("one that says nothing is refused after a while", async () => {
  const { closed } = await open(await openEcho({ firstMessageMs: 50 }), {});
  expect(await closed).toBe(CLOSE_CODE.UNAUTHORIZED);
});

test("a user has so many sockets, and another when one was closed", async () => {
  const echo = await openEcho();
  const token = await tokenOf(echo, await insertUser(database.sql));
  const sockets = [];
  for (let count = 0; count < 50; count += 1) sockets.push(await openIn(echo, token));
  const refused = await open(echo, { messages: [first(token)] });
  expect(await refused.closed).toBe(CLOSE_CODE.TOO_MANY_REQUESTS);
  sockets[0]!.socket.close();
  await sockets[0]!.closed;
  await openIn(echo, token);
  await openIn(echo, await tokenOf(echo, await insertUser(database.sql)));
});

test("so many of one address may wait to be signed in", async () => {
  const echo = await openEcho({ guestsPerAddress: 3 });
  const waiting: Awaited<ReturnType<typeof open>>[] = [];
  for (let count = 0; count < 3; count += 1) waiting.push(await open(echo, {}));
  const refused = await open(echo, {});
  expect(await refused.closed).toBe(CLOSE_CODE.TOO_MANY_REQUESTS);
  const token = await tokenOf(echo, await insertUser(database.sql));
  waiting[0]!.socket.send(first(token));
  waiting[0]!.socket.send("in");
  await vi.waitFor(() => expect(waiting[0]!.heard).toEqual(["in"]), 10_000);
  await openIn(echo, token);
});

test("so many of one IPv6 network may wait to be signed in, whichever of its addresses they have", async () => {
  const echo = await openEcho({ guestsPerAddress: 2 }, { trustProxy: ["127.0.0.1"] });
  const openFrom = (address: string) => open(echo, { headers: { "x-forwarded-for": address } });
  await openFrom("2001:db8::1:0:0:0:1");
  await openFrom("2001:db8:0:1::2");
  const refused = await openFrom("2001:db8:0:1:2:3:4:5");
  expect(await refused.closed).toBe(CLOSE_CODE.TOO_MANY_REQUESTS);
  const neighbour = await openFrom("2001:db8:0:2::1");
  neighbour.socket.send("{");
  expect(await neighbour.closed).toBe(CLOSE_CODE.UNAUTHORIZED);
});

test.each(["/plain", "/nowhere"])("no socket is opened on %s, where nothing speaks over one", async (path) => {
  await expect(open(await openEcho(), { path })).rejects.toThrow("Unexpected server response: 404");
});

test("a session that ends takes its sockets along", async () => {
  const echo = await openEcho();
  const { session_id, token, headers } = await openSession(echo);
  const { closed } = await openIn(echo, token, { headers });
  await echo.db.sessions.delete({ where: { session_id } });
  expect(await closed).toBe(CLOSE_CODE.UNAUTHORIZED);
});

test("an API token that is revoked takes its sockets along, and leaves those of another", async () => {
  const echo = await openEcho();
  const { user_id } = await insertUser(database.sql);
  const makeToken = async (name: string) => {
    const token = newApiToken();
    const data = { user_id, name, scope: "read", token_hash: hashApiToken(token), token_epoch: 0 };
    const expires_at = new Date(Date.now() + 3_600_000);
    return { token, ...(await echo.db.api_tokens.create({ data: { ...data, expires_at } })) };
  };
  const [revoked, kept] = [await makeToken("revoked"), await makeToken("kept")];
  const [ofRevoked, ofKept] = [await openIn(echo, revoked.token), await openIn(echo, kept.token)];
  await echo.db.api_tokens.delete({ where: { token_id: revoked.token_id } });
  expect(await ofRevoked.closed).toBe(CLOSE_CODE.UNAUTHORIZED);
  ofKept.socket.send("still here");
  await vi.waitFor(() => expect(ofKept.heard).toEqual(["in", "still here"]), 10_000);
});

test("nothing that a user sends after their end is acted on", async () => {
  const echo = await openEcho();
  const user = await insertUser(database.sql);
  const { socket, closed, heard } = await openIn(echo, await tokenOf(echo, user));
  const sending = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send("more"), 1);
  await echo.db.users.update({ where: { user_id: user.user_id }, data: { disabled_at: new Date() } });
  expect(await closed).toBe(CLOSE_CODE.UNAUTHORIZED);
  clearInterval(sending);
  expect(heard.at(-1)).toContain('"code":"UNAUTHORIZED"');
});

test("a socket ends when its access token expires", async () => {
  const echo = await openEcho();
  const user = await insertUser(database.sql);
  const expires_at = new Date(Date.now() + 1_500);
  const credential = { kind: "access_token" as const, token_epoch: 0, expires_at };
  echo.state.brief = { ...user, role: "user", scope: "write", credential };
  const { closed } = await open(echo, { path: "/brief" });
  expect(await closed).toBe(CLOSE_CODE.UNAUTHORIZED);
  expect(Date.now()).toBeGreaterThanOrEqual(expires_at.getTime());
});

test("who does not answer pings is gone, and who does stays", async () => {
  const echo = await openEcho({ pingMs: 3_000 });
  const token = await tokenOf(echo, await insertUser(database.sql));
  const alive = await openIn(echo, token);
  const dead = await openIn(echo, token, { autoPong: false });
  expect(await dead.closed).toBe(1006);
  expect(alive.socket.readyState).toBe(WebSocket.OPEN);
});

test("nobody is signed out because the database is away, and a change of that time counts afterwards", async () => {
  const away = { isAway: false, asked: 0 };
  const echo = await openEcho(
    { recheckMs: 50, retryMs: 20 },
    {
      sql: (real) => (text, parameters) => {
        if (!away.isAway) return real(text, parameters);
        away.asked += 1;
        return Promise.reject(new Error("Connection terminated unexpectedly"));
      },
    },
  );
  const user = await insertUser(database.sql);
  const { socket, closed, heard } = await openIn(echo, await tokenOf(echo, user));
  away.isAway = true;
  await vi.waitFor(() => expect(away.asked).toBeGreaterThan(3), 10_000);
  socket.send("still here");
  await vi.waitFor(() => expect(heard).toEqual(["in", "still here"]), 10_000);
  await echo.db.users.update({ where: { user_id: user.user_id }, data: { disabled_at: new Date() } });
  away.isAway = false;
  expect(await closed).toBe(CLOSE_CODE.UNAUTHORIZED);
});

test("an app that closes says so to all, also to who has not signed in", async () => {
  const echo = await openEcho();
  const inside = await openIn(echo, await tokenOf(echo, await insertUser(database.sql)));
  const outside = await open(echo, {});
  await echo.close();
  expect(await Promise.all([inside.closed, outside.closed])).toEqual([1001, 1001]);
});

test("a message that is too large ends its socket", async () => {
  const echo = await openEcho();
  const { socket, closed } = await openIn(echo, await tokenOf(echo, await insertUser(database.sql)));
  socket.send("x".repeat(1024 * 1024 + 1));
  expect(await closed).toBe(1009);
});
