import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
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

describe("a full disk", () => {
  const NO_SPACE = expect.stringMatching(/no space left on device$/);
  const lastLine = (text: string): unknown => JSON.parse(text.trim().split("\n").at(-1) ?? "");

  test("refuses whatever makes or changes a container or an image, in the words and at the place of a real one", async () => {
    const engine = await open();
    await create(engine);
    await ask(engine, "POST", "/containers/box/start");
    engine.faults.isDiskFull = true;
    const other = await ask(engine, "POST", "/containers/create?name=other", SLEEPER);
    expect(other).toMatchObject({ status: 500 });
    expect(other.json()).toEqual({ message: NO_SPACE });
    const commit = await ask(engine, "POST", "/commit?container=box&repo=saved");
    expect(commit).toMatchObject({ status: 500 });
    expect(commit.json()).toEqual({ message: NO_SPACE });
    const update = await ask(engine, "POST", "/containers/box/update", { NanoCpus: 5e8 });
    expect(update).toMatchObject({ status: 500 });
    expect(update.json()).toEqual({
      message: expect.stringMatching(/^Cannot update container .*no space left on device$/),
    });
    expect((await ask(engine, "POST", "/containers/box/rename?name=box2")).json()).toEqual({ message: NO_SPACE });
    const pull = await ask(engine, "POST", "/images/create?fromImage=debian&tag=12");
    expect(pull.status).toBe(200);
    expect(lastLine(pull.text)).toEqual({ errorDetail: { message: NO_SPACE }, error: NO_SPACE });
    expect((await ask(engine, "POST", "/build")).json()).toEqual({ message: NO_SPACE });
    const push = await ask(engine, "POST", "/images/busybox/push");
    expect(push.status).toBe(200);
    expect(lastLine(push.text)).toEqual({ errorDetail: { message: NO_SPACE }, error: NO_SPACE });
  });

  test("keeps what is there, and takes more when there is room again", async () => {
    const engine = await open();
    await create(engine);
    await ask(engine, "POST", "/containers/box/start");
    engine.faults.isDiskFull = true;
    await ask(engine, "POST", "/containers/create?name=other", SLEEPER);
    await ask(engine, "POST", "/commit?container=box&repo=saved");
    expect((await ask(engine, "GET", "/containers/json")).json()).toMatchObject([{ State: "running" }]);
    expect((await ask(engine, "POST", "/images/create?fromImage=busybox&tag=latest")).text).toContain("up to date");
    expect((await ask(engine, "GET", "/info")).text).toContain('\\"free\\":0');
    engine.faults.clear();
    expect((await ask(engine, "POST", "/containers/create?name=other", SLEEPER)).status).toBe(201);
    expect(engine.daemon.containers.size).toBe(2);
  });
});

describe("a black hole", () => {
  /** Tries to connect, and tells what has become of it. */
  function dial({ port }: SimulatedEngine): { outcome: string; socket: Socket } {
    const tried = { outcome: "waiting", socket: connect(port ?? 0, "127.0.0.1") };
    tried.socket.on("connect", () => (tried.outcome = "connected"));
    tried.socket.on("error", () => (tried.outcome = "refused"));
    onTestFinished(() => void tried.socket.destroy());
    return tried;
  }

  test("takes connections and answers on none, also where an answer had begun", async () => {
    const engine = await open();
    const heard: string[] = [];
    const listening = request({ port: engine.port, path: "/events", agent: false }, (response) => {
      response.on("data", (line: Buffer) => heard.push((JSON.parse(line.toString()) as { Action: string }).Action));
    });
    listening.on("error", () => {}).end(); // cut when the engine goes
    await vi.waitFor(() => expect(engine.daemon.events.listenerCount).toBe(1));
    engine.black_hole.fallSilent();
    engine.daemon.events.publish("image", "tag", "unheard", {});
    const tried = dial(engine);
    await vi.waitFor(() => expect(tried.outcome).toBe("connected"));
    let isAnswered = false;
    const creating = create(engine).then(() => (isAnswered = true));
    await beat();
    expect({ isAnswered, heard, held: engine.daemon.containers.size }).toEqual({
      isAnswered: false,
      heard: [],
      held: 0,
    });
    await engine.black_hole.end();
    await creating;
    expect(heard[0]).toBe("tag");
    expect(engine.daemon.containers.size).toBe(1);
  });

  test("may take no connection either, and refuses none", async () => {
    const engine = await open();
    await engine.black_hole.vanish();
    const tried = dial(engine);
    await beat();
    expect(tried.outcome).toBe("waiting");
    await engine.black_hole.end();
    expect((await ask(engine, "GET", "/_ping")).text).toBe("OK");
  });

  /** As long as another engine of the same process takes for an answer over a new connection, some times over. */
  async function beat(): Promise<void> {
    const other = await open();
    for (let round = 0; round < 20; round++) await ask(other, "GET", "/_ping");
  }
});
