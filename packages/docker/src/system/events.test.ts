import { expect, test } from "vitest";
import type { Engine, EngineEvent, EventOptions } from "../engine.ts";
import { CHUNKED_HEAD, chunk, startFaultServer } from "../transport/fault-server.fixture.ts";

const START = {
  status: "start",
  Type: "container",
  Action: "start",
  Actor: { ID: "0123456789ab", Attributes: { name: "实验", note: '"timeNano":1' } },
  time: 1_700_000_000,
  timeNano: 1_700_000_000_123_456_789n,
};

/** As Docker writes it: the nanoseconds are a number that no double holds. */
function lineOf(event: typeof START): string {
  const { timeNano, ...rest } = event;
  return `${JSON.stringify(rest).slice(0, -1)},"timeNano":${timeNano}}\n`;
}

async function listen(engine: Engine, options: Partial<EventOptions> = {}) {
  const events: EngineEvent[] = [];
  try {
    for await (const event of engine.events({ labels: {}, signal: new AbortController().signal, ...options })) {
      events.push(event);
    }
  } catch (error) {
    return { events, error };
  }
  return expect.unreachable("the stream ended without an error");
}

test("reads events that are split inside a character, or come together", async () => {
  const bytes = Buffer.from(lineOf(START) + lineOf({ ...START, Action: "die" }));
  await using server = await startFaultServer(({ response }) => {
    const cut = bytes.indexOf("验") + 1;
    response.write(bytes.subarray(0, cut));
    setImmediate(() => response.end(bytes.subarray(cut)));
  });
  const { events, error } = await listen(server.engine);
  expect(events.map((event) => event.action)).toEqual(["start", "die"]);
  expect(events[0]).toEqual({
    type: "container",
    action: "start",
    actor_id: "0123456789ab",
    attributes: { name: "实验", note: '"timeNano":1' },
    time_ns: 1_700_000_000_123_456_789n,
  });
  expect(error).toMatchObject({ kind: "unreachable" });
});

test("asks for the labels, and for what was since", async () => {
  await using server = await startFaultServer(({ response }) => response.end());
  await listen(server.engine, { labels: { a: "1", b: "x=y" }, sinceS: 1_700_000_000 });
  const url = new URL(server.requests[0]?.split(" ")[1] ?? "", "http://engine");
  expect(JSON.parse(url.searchParams.get("filters") ?? "")).toEqual({ label: ["a=1", "b=x=y"] });
  expect(url.searchParams.get("since")).toBe("1700000000");
});

test("says that it is connected before anything happens", async () => {
  const stop = new AbortController();
  await using server = await startFaultServer(({ response }) => response.flushHeaders());
  const { events, error } = await listen(server.engine, { signal: stop.signal, connected: () => stop.abort() });
  expect(events).toEqual([]);
  expect(error).toMatchObject({ kind: "closed" });
});

test("yields nothing more once it is aborted, though more has arrived", async () => {
  const stop = new AbortController();
  await using server = await startFaultServer(({ response }) => response.write(lineOf(START).repeat(100)));
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of server.engine.events({ labels: {}, signal: stop.signal })) {
      seen.push(event.action);
      stop.abort();
    }
  })();
  await expect(reading).rejects.toMatchObject({ kind: "closed" });
  expect(seen).toEqual(["start"]);
});

test.each([
  ["ends", `${CHUNKED_HEAD}${chunk(lineOf(START))}0\r\n\r\n`],
  ["is cut", `${CHUNKED_HEAD}${chunk(lineOf(START))}10`],
])("throws when the stream %s, after what it said", async (_, bytes) => {
  await using server = await startFaultServer(({ socket }) => socket.end(bytes));
  const { events, error } = await listen(server.engine);
  expect(events).toHaveLength(1);
  expect(error).toMatchObject({ kind: "unreachable" });
});

test.each(["<html>\n", "null\n", '{"Type":"container"}\n'])("throws at a line that is no event: %j", async (line) => {
  await using server = await startFaultServer(({ response }) => response.end(line));
  expect((await listen(server.engine)).error).toMatchObject({ kind: "protocol" });
});

test("leaves no connection behind when its reader has had enough", async () => {
  await using server = await startFaultServer(({ response }) => response.write(lineOf(START)));
  for await (const _ of server.engine.events({ labels: {}, signal: new AbortController().signal })) break;
  await expect.poll(() => server.connections.open).toBe(1); // the one that calls keep
});
