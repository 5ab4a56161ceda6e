import { expect, test } from "vitest";
import type { EngineEvent } from "@berth/docker/engine.ts";
import { type ContractTarget, eventually, openScratch, type Scratch } from "./scratch.ts";

export function describeEvents(target: () => Promise<ContractTarget>): void {
  test("tells what happens to a container, from its creation to its end", async () => {
    const scratch = await openScratch(target);
    await using heard = await listen(scratch);
    const id = await scratch.start();
    await scratch.engine.stopContainer(id, 10);
    await scratch.engine.removeContainer(id);
    await eventually(() => expect(heard.actions()).toContain("destroy"));

    const mine = heard.events.filter((event) => event.type === "container");
    expect(mine.every((event) => event.actor_id === id)).toBe(true);
    expect(mine.map((event) => event.action)).toEqual(
      expect.arrayContaining(["create", "start", "kill", "die", "destroy"]),
    );
    expect(mine[0]?.attributes).toMatchObject({ ...scratch.labels, name: scratch.name() });
    expect(heard.find("kill")?.attributes["signal"]).toBe("15");
    expect(heard.find("die")?.attributes["exitCode"]).toBe("143");
  });

  test("loses nothing between being connected and a list made after it", async () => {
    const scratch = await openScratch(target);
    await using heard = await listen(scratch);
    expect(await scratch.list()).toEqual([]);
    const id = await scratch.create();
    await eventually(() => expect(heard.find("create")?.actor_id).toBe(id));
  });

  test("tells of nothing that carries other labels", async () => {
    const scratch = await openScratch(target);
    await using heard = await listen(scratch, { "berth-contract.colour": "blue" });
    await scratch.create({ name: scratch.name("red"), labels: { "berth-contract.colour": "red" } });
    const blue = await scratch.create({ labels: { "berth-contract.colour": "blue" } });
    await eventually(() => expect(heard.find("create")).toBeDefined());
    expect(heard.events.map((event) => event.actor_id)).toEqual([blue]);
  });

  test("tells times by the nanosecond, in order, and renames with the old name", async () => {
    const scratch = await openScratch(target);
    await using heard = await listen(scratch);
    const id = await scratch.create();
    await scratch.engine.renameContainer(id, scratch.name("new"));
    await eventually(() => expect(heard.find("rename")).toBeDefined());
    const [created, renamed] = [heard.find("create"), heard.find("rename")];
    expect(renamed?.attributes["oldName"]).toBe(`/${scratch.name()}`);
    expect(Number((renamed?.time_ns ?? 0n) - (created?.time_ns ?? 0n))).toBeGreaterThan(0);
    expect(created?.time_ns).toBeGreaterThan(10n ** 18n);
  });

  test("tells again what happened since a moment", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    const { created_at_s = 0 } = (await scratch.find(id)) ?? {};
    await using heard = await listen(scratch, {}, created_at_s - 1);
    await eventually(() => expect(heard.find("create")?.actor_id).toBe(id));
  });

  test("ends at its caller's signal", async () => {
    const scratch = await openScratch(target);
    const heard = await listen(scratch);
    await heard[Symbol.asyncDispose]();
    expect(heard.end()).toMatchObject({ kind: "closed" });
  });
}

interface Heard extends AsyncDisposable {
  events: EngineEvent[];
  actions(): string[];
  find(action: string): EngineEvent | undefined;
  /** The error that ended the stream. */
  end(): unknown;
}

/** Listens to a test's own events from now on; resolves once the engine has answered. */
async function listen(scratch: Scratch, labels: Record<string, string> = {}, sinceS?: number): Promise<Heard> {
  const stop = new AbortController();
  const connected = Promise.withResolvers<void>();
  const events: EngineEvent[] = [];
  let end: unknown;
  const stream = scratch.engine.events({
    labels: { ...scratch.labels, ...labels },
    signal: stop.signal,
    connected: connected.resolve,
    ...(sinceS === undefined ? {} : { sinceS }),
  });
  const reading = (async () => {
    try {
      for await (const event of stream) events.push(event);
    } catch (error) {
      end = error;
      connected.reject(error);
    }
  })();
  await connected.promise;
  return {
    events,
    actions: () => events.map((event) => event.action),
    find: (action) => events.find((event) => event.action === action),
    end: () => end,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await reading;
    },
  };
}
