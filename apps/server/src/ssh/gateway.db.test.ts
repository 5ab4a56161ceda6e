import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Duplex, type Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { makeSshKey } from "@berth/docker/transport/ssh-tunnel.ts";
import type { Client, ClientChannel, PublicKeyAuthMethod } from "ssh2";
import { expect, onTestFinished, test, vi } from "vitest";
import { exec, forwardOut, openGateway, saidBy, send, socketOf } from "./testing/open-gateway.ts";

test("a connection has no more channels than it may, and a place again once one has gone", async () => {
  const { enter } = await openGateway({ channels: 2 });
  const client = await enter();
  const [first] = await Promise.all([forwardOut(client), forwardOut(client)]);
  await expect(forwardOut(client)).rejects.toThrow("Channel open failure");
  await expect(exec(client, "true")).rejects.toThrow();
  first.write("still there");
  expect(String(((await once(first, "data")) as [Buffer])[0])).toBe("still there");
  first.close();
  await once(first, "close");
  expect(await forwardOut(client)).toBeDefined();
});

test("a channel that closes before anything was asked of it keeps its place: it is kept in memory, too", async () => {
  const { enter } = await openGateway({ channels: 2 });
  const client = await enter();
  send.idleSessions(client, 2);
  await expect(forwardOut(client)).rejects.toThrow("Channel open failure");
});

test("an account with too many connections is told so on the next one, which ends, and those that are open stay", async () => {
  const patient = await openGateway({ perAccount: 2, refusalMs: 600_000 });
  await Promise.all([patient.enter(), patient.enter()]);
  const third = await patient.enter();
  expect(await saidBy(await exec(third, "true"))).toContain("You have 2 ssh connections open: close one first.");
  await expect(forwardOut(third)).rejects.toThrow("Channel open failure");

  const { enter, come } = await openGateway({ perAccount: 2, refusalMs: 50 });
  const [first] = [await enter(), await enter()];
  for (let more = 0; more < 2; more += 1) {
    const refused = come();
    const letIn = once(refused, "ready");
    await Promise.all([letIn, once(refused, "close")]);
  }
  expect(await forwardOut(first)).toBeDefined();
});

test("who offers more wrong keys than one may is sent away, though the next one is right", async () => {
  const { key, come } = await openGateway({ attempts: 3 });
  const isLetInAfter = async (wrong: number): Promise<boolean> => {
    const keys = Array.from({ length: wrong }, () => makeSshKey("stranger").private_key);
    const offer = (one: string): PublicKeyAuthMethod => ({ type: "publickey", username: "train.li", key: one });
    const client = come({ authHandler: [...keys, key.private_key].map(offer) });
    return new Promise((resolve) => void client.once("ready", () => resolve(true)).once("close", () => resolve(false)));
  };
  // The right one counts twice: whether it is known, and what was signed by it.
  expect(await isLetInAfter(1)).toBe(true);
  expect(await isLetInAfter(2)).toBe(false);
});

test("an address that came too often for nothing is sent away", async () => {
  const { enter, come } = await openGateway({ perAddress: 2, windowMs: 60_000 });
  const open = await enter();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const stranger = come({ privateKey: makeSshKey("stranger").private_key });
    const [error] = (await once(stranger, "error")) as [Error];
    expect(error.message).toContain("authentication methods failed");
    await once(stranger, "close");
  }
  // With the right key, too: it is sent away before it can show one.
  const late = come();
  await expect(once(late, "ready")).rejects.toThrow("Connection lost before handshake");
  expect(await forwardOut(open)).toBeDefined();
});

test.each([
  ["says nothing", ""],
  ["says no more than that it speaks ssh", "SSH-2.0-slow\r\n"],
  ["speaks something else", "GET / HTTP/1.1\r\n\r\n"],
])("who %s is not waited for, and does not keep the connection by staying", async (_what, greeting) => {
  const { port } = await openGateway({ handshakeMs: 200 });
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.resume();
  socket.write(greeting);
  // What it had not read yet makes its end an error.
  await once(socket, "end").catch(() => {});
  // The far end has not only ended its side: what is written gets nowhere.
  await vi.waitFor(() => {
    socket.write(".");
    expect(socket.destroyed).toBe(true);
  });
});

test("who was let in stays for longer than others may take to be", async () => {
  const { port, enter } = await openGateway({ handshakeMs: 2_000 });
  // A slow machine may need longer than that.
  const client = await vi.waitFor(enter);
  const late = connect(port, "127.0.0.1").resume();
  await once(late, "close");
  expect(await saidBy(await exec(client, "echo here"))).toBe("here\n");
});

test("no more connections are taken than there may be, let in or not", async () => {
  const { port, enter } = await openGateway({ connections: 2 });
  const first = await enter();
  const silent = connect(port, "127.0.0.1");
  await once(silent, "data"); // its greeting
  const refused = connect(port, "127.0.0.1");
  let said = "";
  refused.on("data", (chunk) => (said += String(chunk)));
  refused.on("error", () => {});
  await once(refused, "close");
  expect(said).toBe("");
  expect(await forwardOut(first)).toBeDefined();
  silent.destroy();
});

test("an address has few connections open that nobody was let in by, however long they wait", async () => {
  const { port, enter, come } = await openGateway({ guestsPerAddress: 2 });
  const first = await enter();
  const second = await enter();
  const silent = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
  for (const socket of silent) await once(socket, "data"); // its greeting
  const refused = come();
  await expect(once(refused, "ready")).rejects.toThrow("Connection lost before handshake");
  expect(await forwardOut(first)).toBeDefined();
  expect(await forwardOut(second)).toBeDefined();
  silent[0]!.destroy();
  await vi.waitFor(async () => expect(await enter()).toBeDefined());
  silent[1]!.destroy();
});

test.each([
  ["command", (channel: ClientChannel) => send.exec(channel, "echo second")],
  ["shell", (channel: ClientChannel) => send.shell(channel)],
  ["subsystem", (channel: ClientChannel) => send.subsystem(channel, "sftp")],
])("a second %s on one channel is not begun, and harms neither the first nor anybody else", async (_what, ask) => {
  const { enter } = await openGateway();
  const [client, other] = [await enter(), await enter()];
  const channel = await exec(client, "cat; exit 3");
  const said = saidBy(channel);
  const exit = once(channel, "exit");
  ask(channel);
  channel.end("first");
  expect(await said).toBe("first");
  expect(await exit).toEqual([3]);
  expect(await saidBy(await exec(other, "echo here"))).toBe("here\n");
});

const MIB = 1024 * 1024;

/** The server's ends of connections, and the most that any of them had waiting. */
function watchServerSockets() {
  const watched = { sockets: [] as Socket[], mostWaiting: 0 };
  const watch = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    watched.sockets.push(socket);
    const write = socket.write.bind(socket) as (...all: unknown[]) => boolean;
    socket.write = (...all: unknown[]) => {
      const isTaken = write(...all);
      watched.mostWaiting = Math.max(watched.mostWaiting, socket.writableLength);
      return isTaken;
    };
  };
  subscribe("net.server.socket", watch);
  onTestFinished(() => void unsubscribe("net.server.socket", watch));
  return watched;
}

const SENT_BYTES = 32 * MIB;
/** Once it is asked. */
const sendsMuch = async () =>
  Duplex.from(async function* (asked: AsyncIterable<Buffer>) {
    for await (const _ of asked) break;
    for (let sent = 0; sent < SENT_BYTES; sent += 65_536) yield Buffer.alloc(65_536);
  });

test.each([
  ["a command", (client: Client) => exec(client, `read -r asked; head -c ${SENT_BYTES} /dev/zero`)],
  ["a forwarded port", forwardOut],
])("what %s sends waits where its client does not read, however wide its window is", async (_what, open) => {
  const watched = watchServerSockets();
  const { enter } = await openGateway({}, sendsMuch);
  const client = await enter();
  const channel = await open(client);
  send.windowAdjust(channel, 0x7000_0000);
  socketOf(client).pause();
  channel.write("send\n");
  let before = 0;
  await vi.waitFor(() => {
    const [last, now] = [before, watched.mostWaiting];
    before = now;
    expect(now > MIB && now === last, "no more comes").toBe(true);
  });
  let received = 0;
  channel.on("data", (chunk: Buffer) => (received += chunk.length));
  socketOf(client).resume();
  await once(channel, "close");
  expect(received).toBe(SENT_BYTES);
  expect(watched.mostWaiting).toBeLessThan(2 * MIB);
});

test("both outputs of a command arrive as they are where their reader stops now and then", async () => {
  const { enter } = await openGateway();
  const client = await enter();
  const some = (letter: string) => `head -c ${6 * MIB} /dev/zero | tr '\\0' ${letter}`;
  const channel = await exec(client, `${some("a")}; ${some("b")} >&2; ${some("c")}; ${some("d")} >&2`);
  const read = async (output: Readable): Promise<string> => {
    let said = "";
    for await (const chunk of output as AsyncIterable<Buffer>) {
      said += chunk.toString();
      // Until nothing more comes, as what may is used up, or all is there.
      for (let before = -1; before !== output.readableLength;) {
        before = output.readableLength;
        await delay(100);
      }
    }
    return said;
  };
  const [out, err] = await Promise.all([read(channel), read(channel.stderr)]);
  const all = (letter: string) => letter.repeat(6 * MIB);
  expect(out === all("a") + all("c") && err === all("b") + all("d"), "all of it, and in order").toBe(true);
});

test("a client that asks without reading the answers is cut off", async () => {
  const watched = watchServerSockets();
  const { enter } = await openGateway();
  const [client, other] = [await enter(), await enter()];
  const socket = watched.sockets[0]!;
  // As many answers as this would take a client minutes to ask for.
  socket.cork();
  socket.write(Buffer.alloc(5 * MIB));
  send.ping(client);
  await vi.waitFor(() => expect(socket.destroyed).toBe(true));
  expect(await saidBy(await exec(other, "echo here"))).toBe("here\n");
});

test("a client that sends more than its channel's window is cut off", async () => {
  const watched = watchServerSockets();
  const { enter } = await openGateway();
  const client = await enter();
  const channel = await exec(client, "sleep 1000");
  const [socket] = watched.sockets;
  const wire = socketOf(client);
  for (let sent = 0; !socket!.destroyed && sent < 64 * MIB; sent += 30_001) {
    send.data(channel, Buffer.alloc(30_001));
    if (wire.writableNeedDrain) await new Promise((go) => wire.once("drain", go).once("close", go));
  }
  await vi.waitFor(() => expect(socket!.destroyed).toBe(true));
});

test.each([0, 1])("a client that takes packets of %i bytes keeps nobody waiting", async (packetBytes) => {
  const watched = watchServerSockets();
  const { enter } = await openGateway();
  const [client, other] = [await enter(), await enter()];
  send.execInPackets(client, packetBytes, "head -c 100000 /dev/zero; sleep 1000");
  await vi.waitFor(() => expect(watched.sockets[0]!.bytesWritten).toBeGreaterThan(100_000));
  expect(watched.sockets[0]!.bytesWritten).toBeLessThan(200_000);
  expect(await saidBy(await exec(other, "echo here"))).toBe("here\n");
});

test.each([
  [{ commandsPerUser: 2 }, "You have 2 commands and files open over ssh: close one first."],
  [{ commandsPerContainer: 2 }, "This container has 2 commands and files open over ssh: close one first."],
])("with %o one more is refused, and not where one has ended", async (limits, refusal) => {
  const { enter } = await openGateway(limits);
  const client = await enter();
  const [first] = [await exec(client, "cat"), await exec(await enter(), "cat")];
  expect(await saidBy(await exec(client, "true"))).toContain(refusal);
  first.end();
  await saidBy(first);
  expect(await saidBy(await exec(client, "echo here"))).toBe("here\n");
});
