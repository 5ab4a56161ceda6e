import type { Actor, ApiServices } from "@berth/api/context.ts";
import { type Engine, EngineError, type LogChunk, type LogOptions } from "@berth/docker/engine.ts";
import { LogsQuery } from "@berth/spec/terminal.ts";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import type { Place } from "./find-place.ts";
import { followLog } from "./follow-log.ts";

const PLACE: Place = { name: "box", engine_id: "e1", machine_id: "gpu-1", running: true, version: 1 };
const ACTOR = { user_id: 1, account: "li", role: "user" } as Actor;
const away = (): EngineError => new EngineError("unreachable", "The connection to the Docker engine was lost.");

/** What an engine does with one request: it sends these lines and ends, is not there, or breaks before it has sent any. */
type Answer = LogChunk[] | "away" | "breaks";

const line = (stamp: string, text: string): LogChunk => ({
  stream: "stdout",
  data: Buffer.from(`2026-01-02T03:04:${stamp}.000000000Z ${text}\n`),
});

/**
 * Follows the log of a container at `place`, which may change meanwhile. Its engine answers each request by the next of
 * `answers`; after them it is quiet until its reader leaves.
 */
function follow(query: object, answers: Answer[]) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const asked: { id: string; options: LogOptions }[] = [];
  const place = { ...PLACE };
  const engine: Pick<Engine, "logs"> = {
    async *logs(id, options) {
      asked.push({ id, options });
      const answer = answers.shift();
      if (answer === "away") throw away();
      options.connected?.();
      if (answer === "breaks") throw away();
      if (answer) yield* answer;
      else await new Promise((resolve) => options.signal.addEventListener("abort", resolve, { once: true }));
    },
  };
  const services = {
    sql: async () => [{ ...place }],
    engines: { engineOf: async () => engine },
  } as unknown as ApiServices;
  const log = pino({ level: "silent" });
  const parts = { services, actor: ACTOR, log, signal: stop.signal, lookMs: 1 };
  const printed = followLog(parts, 1, LogsQuery.parse(query));
  return {
    place,
    asked,
    async next(): Promise<string> {
      const { value } = await printed.next();
      return value?.toString() ?? "the end";
    },
  };
}

test("goes on with a log in which nothing was printed yet, where its engine was away meanwhile", async () => {
  const { next, asked } = follow({ tail: 5 }, ["breaks", "away", [line("05", "hello")]]);
  expect(await next()).toBe("hello\n");
  // It may also have broken before what was there had come: that is no reason to be sent more than was asked for.
  expect(asked.map(({ options }) => options.tail)).toEqual([5, 5, 5]);
});

test("says so where an engine does not answer in the first place", async () => {
  await expect(follow({}, ["away"]).next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("goes on with the container that was made anew, where its engine is away just then", async () => {
  const { next, place, asked } = follow({}, [[line("05", "before")], "away", [line("06", "after")]]);
  expect(await next()).toBe("before\n");
  Object.assign(place, { engine_id: "e2", version: 2 });
  expect(await next()).toBe("after\n");
  expect(asked.map(({ id }) => id)).toEqual(["e1", "e2", "e2"]);
});

test("sends of a container that was restored only what it prints from then on", async () => {
  const { next, place, asked } = follow({ tail: 1 }, [
    [line("05", "of the new one")],
    // An engine may answer with a little more than it is asked for.
    [line("04", "of long ago"), line("07", "restored")],
    [line("05", "of the new one"), line("08", "once more")],
  ]);
  expect(await next()).toBe("of the new one\n");
  Object.assign(place, { engine_id: "e0", version: 2 });
  expect(await next()).toBe("restored\n");
  Object.assign(place, { engine_id: "e1", version: 3 });
  expect(await next()).toBe("once more\n");
  const newest = Date.parse("2026-01-02T03:04:05Z") / 1_000;
  expect(asked.map(({ id, options: { tail, sinceS } }) => ({ id, tail, sinceS }))).toEqual([
    { id: "e1", tail: 1, sinceS: undefined },
    { id: "e0", tail: undefined, sinceS: expect.closeTo(newest, 0) },
    { id: "e1", tail: undefined, sinceS: expect.closeTo(newest, 0) },
  ]);
});

test("sends all that a container prints that was made anew, and nothing of before the time that was asked for", async () => {
  const since = "2026-01-02T03:04:03Z";
  const { next, place, asked } = follow({ tail: 1, since }, [[], [line("06", "first"), line("06", "second")]]);
  const printed = next();
  Object.assign(place, { engine_id: "e2", version: 2 });
  expect([await printed, await next()]).toEqual(["first\n", "second\n"]);
  const { tail, sinceS } = asked[1]!.options;
  expect({ tail, sinceS }).toEqual({ tail: undefined, sinceS: Date.parse(since) / 1_000 });
});
