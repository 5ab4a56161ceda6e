import { afterEach, expect, test, vi } from "vitest";
import type { Engine, LogOptions } from "../engine.ts";
import { startFaultServer } from "../transport/fault-server.fixture.ts";

const ID = "0123456789ab";
const MULTIPLEXED = { "content-type": "application/vnd.docker.multiplexed-stream" };
const RAW = { "content-type": "application/vnd.docker.raw-stream" };

function frame(text: string): Buffer {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

afterEach(() => void vi.useRealTimers());

async function read(engine: Engine, options: Partial<LogOptions> = {}): Promise<string> {
  let text = "";
  const logs = engine.logs(ID, { follow: false, signal: new AbortController().signal, ...options });
  for await (const { stream, data } of logs) text += `${stream}: ${Buffer.from(data).toString()}`;
  return text;
}

test("believes the engine when it says how its log is written, and asks nothing more", async () => {
  await using framed = await startFaultServer(({ response }) => response.writeHead(200, MULTIPLEXED).end(frame("a\n")));
  expect(await read(framed.engine)).toBe("stdout: a\n");
  await using raw = await startFaultServer(({ response }) => response.writeHead(200, RAW).end(frame("a\n")));
  expect(await read(raw.engine)).toBe(`stdout: ${frame("a\n").toString()}`);
  expect([...framed.requests, ...raw.requests]).toHaveLength(2);
});

test("asks for the lines, the time and the following that are wanted", async () => {
  await using server = await startFaultServer(({ response }) => response.writeHead(200, RAW).end());
  await read(server.engine, { follow: true, tail: 10, sinceS: 5, timestamps: true });
  expect(server.requests[0]).toBe(
    `GET /v1.41/containers/${ID}/logs?follow=true&stdout=true&stderr=true&timestamps=true&tail=10&since=5`,
  );
});

test("says that it is connected before anything is printed, and never where it is refused", async () => {
  const stop = new AbortController();
  const connected = vi.fn<() => void>(() => stop.abort());
  await using refusing = await startFaultServer(({ response }) =>
    response.writeHead(404, { "content-type": "application/json" }).end('{"message":"No such container"}'),
  );
  await expect(read(refusing.engine, { connected })).rejects.toMatchObject({ kind: "not_found" });
  expect(connected).not.toHaveBeenCalled();
  await using quiet = await startFaultServer(({ response }) => response.writeHead(200, RAW).flushHeaders());
  await expect(read(quiet.engine, { follow: true, signal: stop.signal, connected })).rejects.toMatchObject({
    kind: "closed",
  });
  expect(connected).toHaveBeenCalledOnce();
});

test("holds an engine back whose log is read slowly", async () => {
  const block = Buffer.alloc(64 * 1024, "x");
  let written = 0;
  const isHeld = Promise.withResolvers<void>();
  await using server = await startFaultServer(({ response }) => {
    response.writeHead(200, RAW);
    const write = () => {
      while (!response.destroyed && written < 512 * 1024 * 1024) {
        written += block.length;
        if (!response.write(block)) return isHeld.resolve();
      }
    };
    response.on("drain", write);
    write();
  });
  for await (const _ of server.engine.logs(ID, { follow: true, signal: new AbortController().signal })) {
    await isHeld.promise;
    let before = -1;
    await expect
      .poll(() => {
        const isStill = written === before;
        before = written;
        return isStill;
      })
      .toBe(true);
    break;
  }
  expect(written).toBeLessThan(64 * 1024 * 1024);
});

test("gives up a log that is there already but does not come, and waits for a slow reader", async () => {
  const isRead = Promise.withResolvers<void>();
  await using server = await startFaultServer(({ response }) => {
    response.writeHead(200, RAW).write("a");
    void isRead.promise.then(() => response.write("b"));
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const logs = server.engine.logs(ID, { follow: false, signal: new AbortController().signal });
  const reader = logs[Symbol.asyncIterator]();
  expect((await reader.next()).value?.data.toString()).toBe("a");
  vi.advanceTimersByTime(60_000); // the reader takes its time
  isRead.resolve();
  expect((await reader.next()).value?.data.toString()).toBe("b");
  const silence = reader.next();
  vi.advanceTimersByTime(60_000);
  await expect(silence).rejects.toMatchObject({ kind: "unreachable", timedOut: true });
});

test("tells a log that was cut from one that ended", async () => {
  await using server = await startFaultServer(({ response, socket }) => {
    response.writeHead(200, RAW).write("so far", () => socket.destroy());
  });
  await expect(read(server.engine)).rejects.toMatchObject({ kind: "unreachable" });
});
