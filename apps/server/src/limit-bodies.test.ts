import { once } from "node:events";
import { connect, type Socket } from "node:net";
import websocket from "@fastify/websocket";
import Fastify from "fastify";
import { expect, onTestFinished, test, vi } from "vitest";
import { registerErrors } from "./errors.ts";
import { limitBodies } from "./limit-bodies.ts";

async function openApp(bytesPerAddress: number) {
  const app = Fastify();
  registerErrors(app);
  await app.register(websocket);
  limitBodies(app, bytesPerAddress);
  app.post("/", (request) => ({ got: request.body }));
  app.get("/socket", { websocket: true }, (socket) => socket.close());
  const url = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  onTestFinished(() => app.close());
  const send = (headers: string, body: string, from = "127.0.0.1"): Sent => {
    const socket = connect({ host: url.hostname, port: Number(url.port), localAddress: from });
    const sent: Sent = { socket, answer: "" };
    socket.on("data", (bytes) => (sent.answer += bytes.toString()));
    socket.on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.write(`${headers}\r\nHost: berth\r\nContent-Type: application/json\r\n\r\n${body}`);
    return sent;
  };
  const post = (length: number, body: string, from?: string) =>
    send(`POST / HTTP/1.1\r\nContent-Length: ${length}`, body, from);
  return { send, post };
}

interface Sent {
  socket: Socket;
  answer: string;
}

const isAnswered = (sent: Sent, status: number): Promise<unknown> =>
  vi.waitUntil(() => sent.answer.startsWith(`HTTP/1.1 ${status} `), { timeout: 15_000, interval: 5 });

test("one address sends so much at once, and more when that has arrived; another is not held up", async () => {
  const { post } = await openApp(100);
  const slow = post(90, '"a');
  // A request is counted before its answer, so that the next is only sent when the first was heard.
  await vi.waitUntil(
    async () => {
      const probe = post(20, `"${"b".repeat(18)}"`);
      await vi.waitUntil(() => probe.answer !== "", { timeout: 15_000, interval: 5 });
      return probe.answer.startsWith("HTTP/1.1 429 ");
    },
    { timeout: 15_000, interval: 5 },
  );
  await isAnswered(post(20, `"${"b".repeat(18)}"`, "127.0.0.2"), 200);
  slow.socket.write(`${"a".repeat(87)}"`);
  await isAnswered(slow, 200);
  await isAnswered(post(90, `"${"c".repeat(88)}"`), 200);
});

test("what is lost on its way counts no more", async () => {
  const { post } = await openApp(100);
  for (let round = 0; round < 5; round += 1) {
    const lost = post(90, '"a');
    await once(lost.socket, "connect");
    lost.socket.destroy();
  }
  await vi.waitUntil(
    async () => {
      const whole = post(90, `"${"c".repeat(88)}"`);
      await vi.waitUntil(() => whole.answer !== "", { timeout: 15_000, interval: 5 });
      return whole.answer.startsWith("HTTP/1.1 200 ");
    },
    { timeout: 15_000, interval: 5 },
  );
});

test("a body that does not tell its length counts as a large one", async () => {
  const { send } = await openApp(1_000_000);
  const chunked = send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n");
  await isAnswered(chunked, 429);
  expect(chunked.answer).toMatch(/retry-after: 1/i);
});

test("a WebSocket's handshake takes no room, whatever length it names", async () => {
  const { send, post } = await openApp(100);
  const handshake =
    "GET /socket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 90";
  await isAnswered(send(handshake, ""), 101);
  await isAnswered(post(90, `"${"c".repeat(88)}"`), 200);
});
