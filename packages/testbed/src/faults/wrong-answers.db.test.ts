import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CallFault, FaultEffect } from "../simulated/faults.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { countCalls, doneTo, recordRequests, type SeenRequest, timesOf, useFaultyScene } from "./faulty-scene.ts";
import { fingerprint } from "./on-engine.ts";

const answer = (status: number, body: string, contentType = "application/json"): FaultEffect => {
  return { kind: "answer", status, body, content_type: contentType };
};
const saying = (message: string): string => JSON.stringify({ message });

const CREATE = /^POST .*\/containers\/create\b/;
const REMOVAL = /^DELETE .*\/containers\//;
const askedBy = (requests: readonly SeenRequest[], call: RegExp): SeenRequest[] =>
  requests.filter(({ method, url }) => call.test(`${method} ${url}`));

/**
 * After the second failure 0.5 s at the least, then 1, 2 …: a slow machine only adds to that. Not after the first: until it
 * is written down, a look at the machine that comes meanwhile asks once more at once.
 */
function expectEverMoreSeldom(requests: readonly SeenRequest[]): void {
  const gaps = requests.slice(1).map(({ at }, before) => at - requests[before]!.at);
  expect(gaps.length).toBeGreaterThanOrEqual(3);
  for (const [at, gap] of [...gaps.entries()].slice(1)) {
    // A timer may ring a little early.
    expect(gap, `gaps of ${gaps.map(Math.round).join(", ")} ms`).toBeGreaterThanOrEqual(250 * 2 ** at - 10);
  }
}

/** By force an engine kills what runs, and lets go of what it can't clear away. */
function expectNoneForced(removals: readonly SeenRequest[]): void {
  const forced = removals.filter(({ url }) => /[?&]force=(?!(?:0|false|)(?:&|$))/i.test(url));
  expect(forced).toEqual([]);
}

describe("an engine that answers", () => {
  const open = useFaultyScene();

  test.each([
    ["HTTP 500", answer(500, saying("the disk is on fire")), "the disk is on fire"],
    ["HTTP 503", answer(503, saying("the engine is going down")), "the engine is going down"],
    ["a proxy's page", answer(502, "<html>Bad Gateway</html>", "text/html"), "not a Docker engine"],
  ])(
    "%s to a create: its owner reads why, it is asked ever more seldom, and runs in the end",
    async (_, effect, why) => {
      const { scene, engine } = open();
      const heal = engine.simulation.faults.add({ call: "create", effect });
      const requests = recordRequests(engine.simulation);
      const container = await scene.create();
      const seen = await container.until("the reason", ({ message }) => message.includes(why));
      expect(seen).toMatchObject({ status: false, next_retry_at: expect.any(String) });
      await container.tells(`Retrying: `);
      await expect.poll(() => askedBy(requests, CREATE).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
      expectEverMoreSeldom(askedBy(requests, CREATE));
      heal();
      expect(await container.reaches("Running")).toMatchObject({ message: "" });
    },
  );

  /** What a container's running copy must survive. Each is answered to every list for a while. */
  const lists: [string, FaultEffect][] = [
    ["an empty list", answer(200, "[]")],
    ["null", answer(200, "null")],
    ["a page", answer(200, "<html></html>", "text/html")],
    ["HTTP 500", answer(500, saying("no list today"))],
    ["half a list as if it were whole", { kind: "truncate", after_bytes: 60 }],
    ["a list that never ends in brackets", answer(200, "[".repeat(5_000_000))],
  ];

  test.each(lists)(
    "%s: nothing is removed, nothing is made twice, and what was asked for is done later",
    async (_, effect) => {
      const { scene, engine } = open();
      const [container, leaving] = await Promise.all([scene.run(), scene.run({ gpu_count: 1 })]);
      const { id } = await container.onEngine();
      const heal = engine.simulation.faults.add({ call: "list", effect });
      const calls = countCalls(engine.simulation);
      await container.owner.container.update.mutate({ ...container.ref, memory: 64 });
      await leaving.owner.container.delete.mutate(leaving.ref);
      engine.simulation.dropConnections(); // a new connection is followed by a look at the whole machine
      await expect.poll(() => calls("list"), { timeout: 20_000 }).toBeGreaterThan(2);
      // What it holds is not free for others while it may run.
      expect(await leaving.see()).toMatchObject({ gpus: [expect.anything()] });
      heal();
      await container.reaches("Running");
      await leaving.isGone();
      expect(timesOf(engine.simulation, container, "create")).toBe(1);
      expect(timesOf(engine.simulation, container, "destroy")).toBe(0);
      expect(await container.allOnEngine()).toMatchObject([{ id, state: "running" }]);
      expect(await container.inspect("{{.HostConfig.Memory}}")).toBe(String(64 * 1_048_576));
      engine.simulation.dropConnections();
    },
  );

  test("one empty list while containers run: nobody is told of a loss", async () => {
    const { scene, engine } = open();
    const container = await scene.run();
    const before = await container.onEngine();
    const calls = countCalls(engine.simulation);
    engine.simulation.faults.add({ call: "list", effect: answer(200, "[]"), times: 1 });
    await container.owner.container.update.mutate({ ...container.ref, memory: 80 });
    await container.reaches("Running");
    expect(engine.simulation.faults.take("list")).toBeNull();
    expect(await container.allOnEngine()).toEqual([before]);
    expect(calls("create")).toBe(0);
    expect((await container.told()).join()).not.toContain("ContainerGone");
  });

  test("that a port is taken to a start: its owner reads so, who has it keeps it, and it starts once the port is free", async () => {
    const { scene, engine } = open();
    const container = await scene.create({
      desired: "stopped",
      ports: [{ name: "web", kind: "http", container_port: 80 }],
    });
    const [port] = (await container.reaches("Stopped")).ports;
    const published = `${port?.host_port}:80`;
    const stranger = await engine.docker("run", "-d", "--publish", published, TEST_IMAGE, "sleep", "1000");
    const before = await fingerprint(engine, stranger);
    await container.owner.container.start.mutate(container.ref);
    await container.tells("port is already allocated");
    expect(await fingerprint(engine, stranger)).toBe(before);
    await engine.docker("rm", "--force", stranger);
    // A start that failed is tried again after seconds; a new word of its owner does not wait for that.
    await container.owner.container.update.mutate({ ...container.ref, memory: 64 });
    expect(await container.reaches("Running")).toMatchObject({ ports: [port] });
    expect(timesOf(engine.simulation, container, "create")).toBe(1);
  });

  test("nothing when it is asked what it is: that is told, it is not asked again at once, and containers run", async () => {
    const { scene, engine, berth } = open();
    const isHealthy = async (): Promise<boolean> => {
      const { conditions } = await berth.admin.machine.get.query({ machine_id: scene.machine_id });
      return conditions.every(({ type, status }) => type !== "EngineHealthy" || status === "true");
    };
    const calls = countCalls(engine.simulation);
    const heal = engine.simulation.faults.add({ call: "info", effect: { kind: "hang" } });
    engine.simulation.dropConnections(); // who connects anew asks
    await expect.poll(isHealthy).toBe(false);
    // A container that runs says nothing of what does not answer.
    await scene.run();
    await delay(6_000); // how often it is asked, only time shows: each question takes five seconds
    expect(await isHealthy()).toBe(false);
    expect(calls("info")).toBe(1);
    heal();
    engine.simulation.dropConnections();
    await expect.poll(isHealthy).toBe(true);
  });

  test("HTTP 500 to every list for a while: its machine is told to be away, and why, and containers run on", async () => {
    const { scene, engine, berth } = open();
    const container = await scene.run();
    const { id } = await container.onEngine();
    const see = () => berth.admin.machine.get.query({ machine_id: scene.machine_id });
    const heal = engine.simulation.faults.add({ call: "list", effect: answer(500, saying("no list this week")) });
    engine.simulation.dropConnections();
    await expect.poll(async () => (await see()).online, { timeout: 40_000 }).toBe(false);
    const reachable = (await see()).conditions.find(({ type }) => type === "Reachable");
    expect(reachable).toMatchObject({ status: "false", message: expect.stringContaining("no list this week") });
    await container.until("it to be unknown", ({ phase }) => phase === "Unknown");
    heal();
    await expect.poll(async () => (await see()).online, { timeout: 40_000 }).toBe(true);
    await container.reaches("Running");
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "running" }]);
  });

  test("HTTP 500 when it is asked what it is: it is not asked again at once, and its machine is online", async () => {
    const { scene, engine, berth } = open();
    const calls = countCalls(engine.simulation);
    const effect = answer(500, saying("it does not know what it is"));
    const heal = engine.simulation.faults.add({ call: "info", effect });
    engine.simulation.dropConnections(); // who connects anew asks
    await expect.poll(() => calls("info")).toBe(1);
    await scene.run();
    await delay(2_000); // how often it is asked, only time shows
    expect(calls("info")).toBe(1);
    expect(await berth.admin.machine.get.query({ machine_id: scene.machine_id })).toMatchObject({ online: true });
    heal();
  });

  test("that a removal is in progress: it is polled until it is done, and never forced", async () => {
    const { scene, engine } = open();
    const { faults } = engine.simulation;
    const container = await scene.run();
    const { id } = await container.onEngine();
    const message = `removal of container ${id} is already in progress`;
    faults.add({ call: "remove", effect: answer(409, saying(message)), times: 3 });
    const requests = recordRequests(engine.simulation);
    const startedAt = performance.now();
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    expect(askedBy(requests, REMOVAL)).toHaveLength(4);
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
    expectNoneForced(askedBy(requests, REMOVAL));
    expect(doneTo(engine.simulation, container)).toContain("stop");
  });

  test("that a device is busy to the removal of a dead container: it is tried again, ever more seldom, until it is gone", async () => {
    const { scene, engine } = open();
    const { faults, daemon } = engine.simulation;
    const container = await scene.run();
    const { id } = await container.onEngine();
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    daemon.containers.get(id)!.status = "dead";
    const busy = `driver "overlay2" failed to remove root filesystem: device or resource busy`;
    faults.add({ call: "remove", effect: answer(500, saying(busy)), times: 3 });
    const requests = recordRequests(engine.simulation);
    await container.owner.container.delete.mutate(container.ref);
    await container.tells(busy);
    await container.isGone();
    const removals = askedBy(requests, REMOVAL);
    expect(removals).toHaveLength(4);
    expectEverMoreSeldom(removals);
    expectNoneForced(removals);
  });

  test("with a redirect: it is followed nowhere", async () => {
    const { scene, engine } = open();
    const visits: string[] = [];
    const trap = createServer((request, response) => {
      visits.push(`${request.method} ${request.url}`);
      response.end("[]");
    });
    onTestFinished(() => void trap.close());
    await once(trap.listen(0, "127.0.0.1"), "listening");
    const { port } = trap.address() as AddressInfo;
    const headers = { Location: `http://127.0.0.1:${port}/containers/json` };
    const container = await scene.run();
    const calls = countCalls(engine.simulation);
    const redirects = (["list", "stop", "ping", "events"] satisfies CallFault["call"][]).map((call) =>
      engine.simulation.faults.add({ call, effect: { ...answer(307, ""), headers } as FaultEffect }),
    );
    await container.owner.container.stop.mutate(container.ref);
    engine.simulation.dropConnections();
    for (const call of ["list", "events"] as const) {
      await expect.poll(() => calls(call), { timeout: 20_000 }).toBeGreaterThan(1);
    }
    for (const heal of redirects) heal();
    await container.reaches("Stopped");
    expect(visits).toEqual([]);
  });

  test("more than any answer holds: it is not read to its end, and the reconciler lives", async () => {
    const { scene, engine, berth } = open();
    const see = () => berth.admin.machine.get.query({ machine_id: scene.machine_id });
    const container = await scene.run();
    const heal = engine.simulation.faults.add({
      call: "list",
      effect: answer(200, `[${" ".repeat(80 * 1024 * 1024)}]`),
    });
    await container.owner.container.update.mutate({ ...container.ref, memory: 90 });
    engine.simulation.dropConnections(); // a new connection is followed by a look at the whole machine
    // Read to its end, it would be an empty list, as good as any.
    const why = async () => (await see()).conditions.find(({ type }) => type === "Reachable")?.message ?? "";
    await expect.poll(why, { timeout: 40_000 }).toMatch(/more than \d+ bytes/);
    heal();
    await expect.poll(async () => (await see()).online, { timeout: 40_000 }).toBe(true);
    await container.reaches("Running");
    expect((await container.see()).conditions).toEqual([]);
  });
});
