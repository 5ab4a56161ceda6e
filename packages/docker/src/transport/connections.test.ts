import { Worker } from "node:worker_threads";
import { connect, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { connectEngine } from "../connect-engine.ts";
import { startFaultServer } from "./fault-server.fixture.ts";

const ID = "0123456789ab";

test("keeps a connection alive over many calls", async () => {
  await using server = await startFaultServer(({ response }) => response.end("[]"));
  for (let call = 0; call < 5; call += 1) await server.engine.listContainers({ labels: {} });
  expect(server.connections.opened).toBe(1);
});

test("asks again when a kept connection was closed by the engine just then", async () => {
  let isFirst = true;
  await using server = await startFaultServer(({ response, socket }) => {
    if (isFirst) socket.resetAndDestroy();
    else response.end("[]");
    isFirst = false;
  });
  await server.engine.ping(); // leaves the connection that the list then meets
  expect(await server.engine.listContainers({ labels: {} })).toEqual([]);
  expect(server.requests).toHaveLength(2);
});

test("asks only once again", async () => {
  await using server = await startFaultServer(({ socket }) => socket.resetAndDestroy());
  await server.engine.ping();
  await expect(server.engine.listContainers({ labels: {} })).rejects.toMatchObject({ kind: "unreachable" });
  expect(server.requests).toHaveLength(2);
});

test("never repeats a call that changes something", async () => {
  await using server = await startFaultServer(({ socket }) => socket.resetAndDestroy());
  await server.engine.ping();
  await expect(server.engine.startContainer(ID)).rejects.toMatchObject({ kind: "unreachable", sent: true });
  expect(server.requests).toHaveLength(1);
});

test("leaves room for calls however many streams are open", async () => {
  await using server = await startFaultServer(({ request, response }) => {
    if (request.url?.includes("/events")) response.writeHead(200).flushHeaders();
    else response.end("[]");
  });
  const stop = new AbortController();
  const connected = Array.from({ length: 40 }, () => Promise.withResolvers<void>());
  const streams = connected.map(async ({ resolve }) => {
    for await (const _ of server.engine.events({ labels: {}, signal: stop.signal, connected: resolve }));
  });
  await Promise.all(connected.map(({ promise }) => promise));
  expect(await server.engine.listContainers({ labels: {} })).toEqual([]);
  stop.abort();
  for (const stream of streams) await expect(stream).rejects.toMatchObject({ kind: "closed" });
});

test("uses at most sixteen connections for calls, and lets the others wait", async () => {
  await using server = await startFaultServer(({ response }) => setImmediate(() => response.end("[]")));
  await Promise.all(Array.from({ length: 100 }, () => server.engine.listContainers({ labels: {} })));
  expect(server.connections.opened).toBeLessThanOrEqual(16);
});

test("holds the deadline of a call that waits for a connection, and says that it was not sent", async () => {
  const all = Promise.withResolvers<void>();
  await using server = await startFaultServer(() => {
    if (server.requests.length === 16) all.resolve();
  });
  const hanging = Array.from({ length: 16 }, () => server.engine.startContainer(ID));
  await all.promise;
  const startedAt = performance.now();
  const waiting = server.engine.listContainers({ labels: {} }, { deadlineMs: 100 });
  await expect(waiting).rejects.toMatchObject({ kind: "unreachable", sent: false, timedOut: true });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  server.engine.close();
  for (const call of await Promise.allSettled(hanging)) expect(call).toMatchObject({ reason: { kind: "closed" } });
});

test("asks once more whether a change may go out when its connection is open, and sends nothing of one that may not", async () => {
  let answerFirst: (() => void) | undefined;
  await using server = await startFaultServer(({ response }) => {
    if (server.requests.length === 16) answerFirst = () => response.writeHead(204).end();
    else if (server.requests.length > 16) response.end("[]");
  });
  let asked = 0;
  let mayChange = true;
  const beforeChange = (): void => {
    asked += 1;
    if (!mayChange) throw new Error("not any more");
  };
  const address = { kind: "plain", host: "127.0.0.1", port: server.port } as const;
  const engine = connectEngine(address, { beforeChange });
  const begun = Array.from({ length: 16 }, () => engine.startContainer(ID));
  await vi.waitUntil(() => answerFirst !== undefined);
  expect(asked).toBe(16);

  const late = engine.stopContainer(ID, 10);
  expect(asked).toBe(16);
  mayChange = false;
  answerFirst?.();
  await expect(late).rejects.toThrow("not any more");
  // What only looks needs no word, and the place of the one that did not go out is free.
  expect(await engine.listContainers({ labels: {} })).toEqual([]);
  expect(server.requests.filter((request) => request.includes("/stop"))).toEqual([]);
  expect(asked).toBe(17);
  engine.close();
  expect(await Promise.allSettled(begun)).toContainEqual({ status: "fulfilled", value: undefined });
});

test("says that nothing was sent where nothing listens", async () => {
  await using server = await startFaultServer(() => {});
  const address = { kind: "plain", host: "127.0.0.1", port: server.port } as const;
  await server[Symbol.asyncDispose]();
  const engine = connectEngine(address);
  await expect(engine.startContainer(ID)).rejects.toMatchObject({ kind: "unreachable", sent: false, timedOut: false });
  engine.close();
});

test("names no path of this host where a socket is missing", async () => {
  const engine = connectEngine({ kind: "unix", path: "/nowhere/secret/docker.sock" });
  const error: unknown = await engine.ping().catch((cause: unknown) => cause);
  expect(error).toMatchObject({ kind: "unreachable", sent: false });
  expect(String(error)).not.toContain("secret");
  engine.close();
});

test("gives up on a host that takes no connection", async () => {
  await using hole = await startBlackHole();
  const engine = connectEngine({ kind: "plain", host: "127.0.0.1", port: hole.port }, { connectTimeoutMs: 200 });
  const startedAt = performance.now();
  const message = expect.stringContaining("took no connection within 0.2 s");
  const failure = { kind: "unreachable", sent: false, timedOut: true, message };
  await expect(engine.startContainer(ID)).rejects.toMatchObject(failure);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  engine.close();
});

/** A listening socket that never accepts, and whose queue is full: what a firewall that drops looks like. */
async function startBlackHole(): Promise<{ port: number } & AsyncDisposable> {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     const server = require("node:net").createServer();
     server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // the loop that would accept stands still
     });`,
    { eval: true },
  );
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  const fillers: Socket[] = [];
  for (let isFull = false; !isFull;) {
    const filler = connect(port, "127.0.0.1").on("error", () => {});
    fillers.push(filler);
    isFull = await new Promise<boolean>((resolve) => {
      // Once more around the loop: where it stood still, a connection that was made long ago is heard only then.
      const timer = setTimeout(() => setImmediate(() => resolve(true)), 150);
      filler.once("connect", () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}
