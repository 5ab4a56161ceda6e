import { once } from "node:events";
import { Agent, type IncomingMessage, request as httpRequest, type RequestListener } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { ask, openProxy, type OpenedProxy, visit } from "./testing/open-proxy.ts";

const hello: RequestListener = (_request, response) => void response.end("hello");
const UPGRADE = "connection: upgrade\r\nupgrade: websocket\r\n";

/** A client of TCP, which keeps its side open whatever it is told. */
async function dial(url: string, sent = ""): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port), allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(sent);
  return socket;
}

const countOf = ({ proxy }: OpenedProxy): Promise<number> =>
  promisify(proxy.server.getConnections.bind(proxy.server))();

test("who is refused leaves no connection behind, though its client keeps its side open", async () => {
  const opened = await openProxy();
  const alice = await opened.addContainer("alice", "train", hello);
  opened.proxy.server.closeIdleConnections();
  for (const sent of [
    `GET ${alice.path} HTTP/1.1\r\nhost: x\r\n${UPGRADE}\r\n`,
    `GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n`,
    "nonsense\r\n\r\n",
  ]) {
    expect(await text(await dial(opened.url, sent))).toMatch(/^HTTP\/1.1 40[01] /);
  }
  await expect.poll(() => countOf(opened)).toBe(0);
});

test("is a WebSocket answered otherwise, its connection ends with the answer", async () => {
  const opened = await openProxy();
  const alice = await opened.addContainer("alice", "train", hello);
  alice.server.on(
    "upgrade",
    (_request, socket) => void socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"),
  );
  const cookie = await visit(alice.api, alice);
  const { host } = new URL(opened.url);
  const sent = `GET ${alice.path} HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\n${UPGRADE}\r\n`;
  expect(await text(await dial(opened.url, sent))).toMatch(/^HTTP\/1.1 403 [^]*\r\n\r\nno$/);
  await expect.poll(() => countOf(opened)).toBe(0);
});

test("a request that is refused before its body has come is not waited for", async () => {
  const opened = await openProxy();
  for (const path of ["/", "/.berth/open?code=x"]) {
    const socket = await dial(opened.url, `GET ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nthe first `);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 401 /);
  }
  await expect.poll(() => countOf(opened)).toBe(0);
});

test("a body that comes after the answer costs nobody the connection", async () => {
  const { url } = await openProxy();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const post = httpRequest(url, { method: "POST", agent, headers: { "content-length": "4" } });
  post.flushHeaders();
  const [refused] = (await once(post, "response")) as [IncomingMessage];
  expect(refused.statusCode).toBe(401);
  post.end("late");
  await text(refused);
  const next = httpRequest(url, { agent }).end();
  const [again] = (await once(next, "response")) as [IncomingMessage];
  expect([again.statusCode, next.reusedSocket]).toEqual([401, true]);
  again.resume();
});

test("one address has only so many connections open by which nobody was let in", async () => {
  const opened = await openProxy(null, { limits: { connections: 3 } });
  const alice = await opened.addContainer("alice", "train", hello);
  const cookie = await visit(alice.api, alice);
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const enter = async (): Promise<() => void> => {
    const [answer] = (await once(
      httpRequest(opened.url + alice.path, { headers: { cookie }, agent }).end(),
      "response",
    )) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    return () => void answer.resume();
  };
  // Of visitors there may be more: each of these holds its connection until its answer is read.
  const visitors: (() => void)[] = [];
  for (let number = 0; number < 6; number += 1) visitors.push(await enter());
  expect(await countOf(opened)).toBeGreaterThanOrEqual(6);

  const strangers = [await dial(opened.url), await dial(opened.url), await dial(opened.url)];
  await expect.poll(() => countOf(opened)).toBeGreaterThanOrEqual(9);
  expect(await text(await dial(opened.url, `GET / HTTP/1.1\r\nhost: x\r\n\r\n`))).toBe("");
  strangers[0]?.destroy();
  await expect.poll(async () => (await ask(opened.url).catch(() => null))?.status).toBe(401);
  for (const leave of visitors) leave();
});

test("one address asks only so much in vain, and then nothing is looked up for it", async () => {
  const { url, api, addContainer } = await openProxy(null, { limits: { requestsPerMinute: 4 } });
  const alice = await addContainer("alice", "train", hello);
  const cookie = await visit(alice.api, alice);
  // Whoever is let in asks as much as they like.
  for (let number = 0; number < 8; number += 1) expect((await ask(url + alice.path, { cookie })).status).toBe(200);
  for (let number = 0; number < 4; number += 1) {
    expect((await ask(url + alice.path, { cookie: `berth_proxy=${number}` })).status).toBe(401);
  }
  const { url: at } = await alice.api.container.open({ container_id: alice.container_id, port: "web" });
  const refused = await ask(at);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect(await api.db.proxy_codes.count()).toBe(1);
  const socket = await dial(url, `GET ${alice.path} HTTP/1.1\r\nhost: x\r\n${UPGRADE}\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1.1 429 /);
});
