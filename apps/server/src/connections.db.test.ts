import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type ConnectionLimits, HttpServers } from "./http-servers.ts";
import { type OpenApp, openApp } from "./testing/open-app.ts";

const MAX_HEADER_BYTES = 16 * 1024;
let database: TestDatabase;
let opened: OpenApp;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(() => opened.close());
afterAll(() => database.drop());

/** The port of a server that listens, with these limits. */
async function listen(limits: Partial<ConnectionLimits> = {}): Promise<number> {
  opened = await openApp(database.url, { servers: new HttpServers(undefined, limits) });
  opened.app.get("/never", () => new Promise(() => {}));
  return Number(new URL(await opened.app.listen({ port: 0, host: "127.0.0.1" })).port);
}

/** Sends this as it is, and resolves with all that was answered once the connection has ended. */
async function send(port: number, sent: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(sent);
  return text(socket);
}

const statusOf = (answer: string) => Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]);
const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as unknown;
const shape = (code: string) => ({ error: { code, message: expect.stringMatching(/\.$/), details: null } });

test("ends a client that dribbles its headers, and says so", async () => {
  const port = await listen({ headersTimeoutMs: 200 });
  const answer = await send(port, "GET / HTTP/1.1\r\nHost: berth\r\nX-Slow: ");
  expect(statusOf(answer)).toBe(408);
  expect(bodyOf(answer)).toEqual(shape("BAD_REQUEST"));
});

test("ends a client that never says anything", async () => {
  const socket = connect(await listen({ headersTimeoutMs: 200 }), "127.0.0.1");
  socket.resume();
  await once(socket, "close");
});

test("ends a client that dribbles its body", async () => {
  const port = await listen({ headersTimeoutMs: 100, requestTimeoutMs: 300 });
  const head = "POST /api/auth/login HTTP/1.1\r\nHost: berth\r\nContent-Type: application/json\r\nContent-Length: 100";
  const answer = await send(port, `${head}\r\n\r\n{"account":`);
  expect(statusOf(answer)).toBe(408);
  expect(bodyOf(answer)).toEqual(shape("BAD_REQUEST"));
});

test("ends a client that does nothing between the bytes of its answer for too long", async () => {
  const port = await listen({ idleTimeoutMs: 200 });
  expect(await send(port, "GET /never HTTP/1.1\r\nHost: berth\r\n\r\n")).toBe("");
});

test.each([
  ["headers", `GET / HTTP/1.1\r\nHost: berth\r\nX-Large: ${"x".repeat(MAX_HEADER_BYTES)}\r\n\r\n`],
  ["an address", `GET /${"x".repeat(MAX_HEADER_BYTES)} HTTP/1.1\r\nHost: berth\r\n\r\n`],
])("refuses %s that are too large", async (_what, sent) => {
  const answer = await send(await listen(), sent);
  expect(statusOf(answer)).toBe(431);
  expect(bodyOf(answer)).toEqual(shape("PAYLOAD_TOO_LARGE"));
});

test.each([
  ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
  ["two lengths", "POST / HTTP/1.1\r\nHost: berth\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
])("refuses %s", async (_what, sent) => {
  const answer = await send(await listen(), sent);
  expect(statusOf(answer)).toBe(400);
  expect(bodyOf(answer)).toEqual(shape("BAD_REQUEST"));
});

test.each([
  ["a path that is no UTF-8", "/api/%ff"],
  ["a part of a path that is too long", `/trpc/${"x".repeat(6_000)}`],
])("refuses %s", async (_what, path) => {
  const answer = await send(await listen(), `GET ${path} HTTP/1.1\r\nHost: berth\r\nConnection: close\r\n\r\n`);
  expect(statusOf(answer)).toBe(400);
  expect(bodyOf(answer)).toEqual({ error: { code: "BAD_REQUEST", message: expect.any(String), details: null } });
});

test("takes no more connections at once than it is told to", async () => {
  const port = await listen({ maxConnections: 1, headersTimeoutMs: 300_000 });
  const first = connect(port, "127.0.0.1");
  first.write("GET /healthz HTTP/1.1\r\nHost: berth\r\n\r\n");
  await once(first, "data");
  const second = connect(port, "127.0.0.1").resume();
  await once(second, "close");
  first.destroy();
});
