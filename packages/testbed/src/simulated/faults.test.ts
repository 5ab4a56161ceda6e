import { expect, onTestFinished, test, vi } from "vitest";
import type { FaultEffect } from "./faults.ts";
import { ask } from "./raw-request.fixture.ts";
import { type SimulatedEngine, startSimulatedEngine } from "./simulated-engine.ts";

async function open(): Promise<SimulatedEngine> {
  const images = ["busybox:latest"];
  const engine = await startSimulatedEngine({ name: "sim", engine_id: "sim-1", listen: { port: 0 }, images });
  onTestFinished(() => engine.close());
  return engine;
}

const SLEEPER = { Image: "busybox:latest", Cmd: ["sleep", "infinity"], HostConfig: { Init: true } };
const create = (engine: SimulatedEngine) => ask(engine, "POST", "/containers/create?name=box", SLEEPER);

test("answers what it is told to, as often as it is told to", async () => {
  const engine = await open();
  const effect: FaultEffect = { kind: "answer", status: 503, body: "<html>no</html>", content_type: "text/html" };
  engine.faults.add({ call: "list", effect, times: 1 });
  const refused = await ask(engine, "GET", "/containers/json");
  expect(refused).toMatchObject({ status: 503, text: "<html>no</html>" });
  expect((await ask(engine, "GET", "/containers/json")).status).toBe(200);
});

test("drops a create before anything happens, or after everything has", async () => {
  const engine = await open();
  engine.faults.add({ call: "create", effect: { kind: "drop", when: "before" }, times: 1 });
  await expect(create(engine)).rejects.toThrow();
  expect(engine.daemon.containers.size).toBe(0);
  engine.faults.add({ call: "create", effect: { kind: "drop", when: "after" }, times: 1 });
  await expect(create(engine)).rejects.toThrow();
  expect(engine.daemon.containers.size).toBe(1);
});

test("cuts a body with the connection, or ends it early as if it were whole", async () => {
  const engine = await open();
  await create(engine);
  engine.faults.add({ call: "list", effect: { kind: "cut", after_bytes: 10 }, times: 1 });
  await expect(ask(engine, "GET", "/containers/json?all=1")).rejects.toThrow();
  engine.faults.add({ call: "list", effect: { kind: "truncate", after_bytes: 10 }, times: 1 });
  const cut = await ask(engine, "GET", "/containers/json?all=1");
  expect(cut).toMatchObject({ status: 200, text: expect.stringMatching(/^.{10}$/) });
});

test("hangs until the fault is taken away, then does what was asked", async () => {
  const engine = await open();
  const end = engine.faults.add({ call: "create", effect: { kind: "hang" } });
  let isAnswered = false;
  const creating = create(engine).then(() => (isAnswered = true));
  expect((await ask(engine, "GET", "/_ping")).status).toBe(200);
  expect(isAnswered).toBe(false);
  end();
  await creating;
  expect(engine.daemon.containers.size).toBe(1);
});

test("loses, doubles and swaps events", async () => {
  const engine = await open();
  const heard: string[] = [];
  engine.daemon.events.listen((event) => heard.push(event.Action));
  await create(engine);
  engine.faults.events = { drop: 1, duplicate: 0, reorder: 0, action: "start" };
  await ask(engine, "POST", "/containers/box/start");
  engine.faults.events = { drop: 0, duplicate: 1, reorder: 0 };
  await ask(engine, "POST", "/containers/box/pause");
  engine.faults.events = { drop: 0, duplicate: 0, reorder: 1, action: "unpause" };
  await ask(engine, "POST", "/containers/box/unpause");
  await ask(engine, "POST", "/containers/box/rename?name=box2");
  expect(heard).toEqual(["create", "connect", "pause", "pause", "rename", "unpause"]);
});

test("reports a time that is wrong, while everything takes as long as ever", async () => {
  const engine = await open();
  engine.faults.skewClock(-3_600_000);
  const { SystemTime } = (await ask(engine, "GET", "/info")).json() as { SystemTime: string };
  expect(Date.now() - Date.parse(SystemTime)).toBeGreaterThan(3_500_000);
  engine.faults.clear();
  await vi.waitFor(async () => {
    const info = (await ask(engine, "GET", "/info")).json() as { SystemTime: string };
    expect(Date.now() - Date.parse(info.SystemTime)).toBeLessThan(60_000);
  });
});
