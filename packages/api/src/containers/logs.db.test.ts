import { type Engine, EngineError, type LogOptions } from "@berth/docker/engine.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Actor } from "../context.ts";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { MAX_LOG_BYTES, readContainerLogs } from "./logs.ts";

const ENGINE_ID = "e".repeat(64);

let api: InProcessApi;
let actor: Actor;
let container_id: number;
/** What the engine has, in the parts in which it sends them, or what it fails with. */
let parts: (Uint8Array | string)[];
let failure: EngineError | null;
let asked: [id: string, options: LogOptions][];

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1");
  const li = await api.addUser("li");
  actor = li.actor;
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  ({ container_id } = await li.api.container.create({ name: "box", image: "public/base:1" }));
});
beforeEach(async () => {
  [parts, failure, asked] = [[], null, []];
  await setEngineId(ENGINE_ID);
});
afterAll(() => api.close());

const setEngineId = (engine_id: string | null) =>
  api.db.container_status.upsert({
    where: { container_id },
    create: { container_id, engine_id },
    update: { engine_id },
  });

function read(tail: number, as: Actor = actor) {
  const engine: Pick<Engine, "logs"> = {
    async *logs(id, options) {
      asked.push([id, options]);
      if (failure) throw failure;
      for (const part of parts) yield { stream: "stdout", data: Buffer.from(part) };
    },
  };
  const engines = { engineOf: async () => engine as Engine };
  const context = { ...api.services, engines, actor: as, address: null, request_id: "a-request", cookies: null };
  return readContainerLogs(context, { container_id, tail });
}

test("asks the engine for as many lines, and for no more than there are", async () => {
  parts = ["one\ntw", "o\r\nthree"];
  expect(await read(3)).toEqual({ lines: ["one", "two", "three"] });
  expect(asked).toMatchObject([[ENGINE_ID, { follow: false, tail: 3 }]]);
});

test("keeps an empty line, and has none where nothing was printed", async () => {
  parts = ["\n\nlast\n"];
  expect(await read(3)).toEqual({ lines: ["", "", "last"] });
  parts = [];
  expect(await read(3)).toEqual({ lines: [] });
});

test("shows of a long log the end, from a whole character on", async () => {
  const character = "漢";
  parts = Array.from({ length: 40 }, () => character.repeat(20_000));
  parts.push("the end\n");
  const { lines } = await read(5_000);
  expect(lines).toHaveLength(1);
  const bytes = Buffer.byteLength(lines[0] ?? "");
  expect(bytes).toBeLessThan(MAX_LOG_BYTES);
  expect(bytes).toBeGreaterThan(MAX_LOG_BYTES - 10);
  expect(lines[0]).toMatch(/^漢+the end$/);
});

test("shows bytes that are no text as what they are", async () => {
  parts = [Buffer.from([0x61, 0xff, 0x62, 0x0a])];
  expect(await read(1)).toEqual({ lines: ["a\ufffdb"] });
});

test("tells a container that was never made, or is gone, from a machine that does not answer", async () => {
  await setEngineId(null);
  await expect(read(1)).rejects.toMatchObject({ code: "CONFLICT", details: { phase: "Pending" } });
  await setEngineId(ENGINE_ID);
  failure = new EngineError("not_found", "no such container", { status: 404 });
  await expect(read(1)).rejects.toMatchObject({ code: "CONFLICT" });
  failure = new EngineError("unreachable", "connection refused", { sent: false });
  await expect(read(1)).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("shows nothing to a stranger", async () => {
  const { actor: stranger } = await api.addUser("stranger");
  parts = ["secret\n"];
  await expect(read(1, stranger)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(asked).toEqual([]);
});
