import { hashAsClient } from "@berth/api/auth/password.ts";
import { announceChanges } from "@berth/db/changes/announce.ts";
import { prismaSql } from "@berth/db/sql.ts";
import type { Change } from "@berth/spec/live.ts";
import { CHANGED_NOUNS } from "@berth/spec/live.ts";
import { CLOSE_CODE } from "@berth/spec/terminal.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { insertContainer, insertImage, insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type OpenApp, openApp } from "../testing/open-app.ts";
import { openSocket, type SocketClient, type TestSocket } from "./testing/open-socket.ts";

const PASSWORD = hashAsClient("correct horse");
const EVERYTHING = CHANGED_NOUNS.map((noun) => ({ noun, id: null }));

let database: TestDatabase;
let app: OpenApp;
let url: string;
const sockets: TestSocket[] = [];
let serial = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  app = await openApp(database.url);
  url = await app.app.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.terminate();
  await app.close();
});
afterAll(() => database.drop());

interface SomeUser {
  user_id: number;
  account: string;
  token: string;
}

async function signUp(role: "user" | "admin" = "user"): Promise<SomeUser> {
  const account = `someone-${(serial += 1)}`;
  const call = async (path: string) => {
    const payload = { account, password: PASSWORD };
    return (await app.app.inject({ method: "POST", url: `/trpc/${path}`, payload })).json<{
      result: { data: { user_id: number; access_token: string } };
    }>().result.data;
  };
  const { user_id } = await call("auth.register");
  if (role === "admin") await app.db.users.update({ where: { user_id }, data: { role } });
  const { access_token } = await call("auth.login");
  return { user_id, account, token: access_token };
}

async function open(client: SocketClient = {}): Promise<TestSocket> {
  const path = client.token === undefined ? "/trpc" : "/trpc?connectionParams=1";
  const opened = await openSocket(url + path, client);
  sockets.push(opened);
  return opened;
}

/** Follows the changes, past the first hint. */
async function follow({ token }: { token: string }) {
  const socket = await open({ token });
  socket.subscribe(1, "live.changes");
  await socket.waitFor("first hint", () => socket.yielded(1).length > 0);
  expect(socket.yielded(1)[0]).toEqual(EVERYTHING);
  return { ...socket, changes: () => socket.yielded<Change[]>(1).slice(1).flat() };
}

test("a change reaches its owner and an admin, and no stranger", async () => {
  const [owner, stranger, admin] = [await signUp(), await signUp(), await signUp("admin")];
  const [ofOwner, ofStranger, ofAdmin] = [await follow(owner), await follow(stranger), await follow(admin)];
  const sql = prismaSql(app.db);
  const image_id = await insertImage(sql);
  const { container_id } = await insertContainer(sql, { user_id: owner.user_id, image_id });
  // What is heard last was heard after the rest.
  await insertMachine(sql, "seen-by-all");
  const machine = { noun: "machine", id: "seen-by-all" };
  for (const { waitFor, changes } of [ofOwner, ofStranger, ofAdmin]) {
    await waitFor("machine", () => changes().some(({ id }) => id === "seen-by-all"));
  }
  const container = { noun: "container", id: String(container_id) };
  const image = { noun: "image", id: String(image_id) };
  expect(ofOwner.changes()).toEqual(expect.arrayContaining([image, container, machine]));
  expect(ofAdmin.changes()).toEqual(expect.arrayContaining([image, container, machine]));
  expect(ofStranger.changes()).toEqual(expect.arrayContaining([image, machine]));
  expect(ofStranger.changes()).not.toContainEqual(container);
});

test("a status that a reconciler wrote reaches its owner", async () => {
  const owner = await signUp();
  const { container_id } = await insertContainer(prismaSql(app.db), { user_id: owner.user_id });
  const { changes, waitFor } = await follow(owner);
  const told = (): number => changes().filter(({ id }) => id === String(container_id)).length;
  // The insert itself may be told late.
  await insertMachine(prismaSql(app.db), "after-the-insert");
  await waitFor("machine", () => changes().some(({ id }) => id === "after-the-insert"));
  const before = told();
  await announceChanges(prismaSql(app.db), [{ noun: "container", id: String(container_id) }]);
  await waitFor("container", () => told() === before + 1);
});

test("a listener whose backend was ended says that anything may have changed", async () => {
  const { changes, waitFor } = await follow(await signUp());
  const sql = prismaSql(app.db);
  await sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'berth-server-listen' AND datname = current_database()`,
  );
  await waitFor("full hint", () => changes().filter(({ id }) => id === null).length === EVERYTHING.length);
  await insertMachine(sql, "after-the-gap");
  await waitFor("machine", () => changes().some(({ id }) => id === "after-the-gap"));
});

test("a storm of changes comes as few frames, and none is lost", async () => {
  const { changes, messages, waitFor } = await follow(await signUp());
  const announced = Array.from({ length: 10_000 }, (_, index) => ({ noun: "machine" as const, id: `gpu-${index}` }));
  await announceChanges(prismaSql(app.db), announced);
  await waitFor("hint", () => changes().some(({ noun, id }) => noun === "machine" && id === null));
  expect(messages.length).toBeLessThan(20);
});

test.each(["password", "role", "disabled_at"] as const)("a changed %s ends a user's sockets", async (field) => {
  const user = await signUp();
  const socket = await follow(user);
  const changed = {
    password: { password: "another" },
    role: { role: "admin" },
    disabled_at: { disabled_at: new Date() },
  };
  await app.db.users.update({ where: { user_id: user.user_id }, data: changed[field] });
  expect(await socket.closed).toBe(CLOSE_CODE.UNAUTHORIZED);
  expect(socket.messages.at(-1)).toMatchObject({ type: "error", error: { code: "UNAUTHORIZED" } });
});

test("a user's end leaves the sockets of others", async () => {
  const [leaving, staying] = [await signUp(), await signUp()];
  const [ofLeaving, ofStaying] = [await follow(leaving), await follow(staying)];
  await app.db.users.update({ where: { user_id: leaving.user_id }, data: { disabled_at: new Date() } });
  await ofLeaving.closed;
  await insertMachine(prismaSql(app.db), "for-who-stays");
  await ofStaying.waitFor("machine", () => ofStaying.changes().some(({ id }) => id === "for-who-stays"));
});

test("answers as over HTTP: codes, details, request ids, and nothing of how we are made", async () => {
  const socket = await open({ token: (await signUp()).token });
  socket.subscribe(1, "container.stats", { container_id: 123_456 });
  socket.subscribe(2, "container.stats", { container_id: "x" });
  socket.send({ id: 3, method: "query", params: { path: "user.me" } });
  await socket.waitFor("answers", (messages) => messages.length === 3);
  const errorOf = (id: number) => socket.messages.find((message) => message.id === id)?.error;
  expect(errorOf(1)?.data).toMatchObject({ code: "NOT_FOUND", request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  expect(errorOf(2)?.data).toMatchObject({ code: "BAD_REQUEST", details: { fields: [{ field: "container_id" }] } });
  expect(errorOf(3)?.data).toMatchObject({ code: "NOT_FOUND" });
  expect(JSON.stringify(socket.messages)).not.toContain("node_modules");
});

test("subscriptions are not served over HTTP, where nothing would end them with their credential", async () => {
  const { token } = await signUp();
  const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
  const answer = await app.app.inject({ url: "/trpc/live.changes", headers });
  expect(answer.statusCode).toBe(404);
  expect(answer.headers["content-type"]).toContain("application/json");
});

test("a socket has so many subscriptions and no more", async () => {
  const socket = await open({ token: (await signUp()).token });
  for (let id = 1; id <= 101; id += 1) socket.subscribe(id, "live.changes");
  await socket.waitFor("refusal", (messages) => messages.some(({ error }) => error !== undefined));
  expect(socket.messages.filter(({ error }) => error !== undefined)).toMatchObject([
    { id: 101, error: { data: { code: "TOO_MANY_REQUESTS" } } },
  ]);
  socket.send({ id: 1, method: "subscription.stop" });
  await socket.waitFor("stop", (messages) => messages.some(({ id, result }) => id === 1 && result?.type === "stopped"));
  socket.subscribe(102, "live.changes");
  await socket.waitFor("changes", () => socket.yielded(102).length > 0);
});

test("who asks and does not read what is answered is cut off", async () => {
  const { socket, send, closed } = await open({ token: (await signUp()).token });
  socket.pause();
  const isCutOff = () => app.lines.some((line) => line.includes("socket closed"));
  // What is asked for is named in the answer. Much of that waits in the system's own buffers.
  const path = "x".repeat(50_000);
  for (let id = 1; id <= 600; id += 1) send({ id, method: "query", params: { path } });
  await expect.poll(isCutOff).toBe(true);
  socket.resume();
  expect(await closed).toBe(1006);
});

test("logs no token", async () => {
  const { token } = await signUp();
  const socket = await follow({ token });
  socket.socket.close();
  await vi.waitFor(() => expect(app.lines.some((line) => line.includes("socket closed"))).toBe(true));
  expect(app.lines.filter((line) => line.includes(token))).toEqual([]);
});
