import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { ManualClock } from "./engine-clock.ts";
import { ask } from "./raw-request.fixture.ts";
import { type SimulatedEngine, type SimulatedEngineOptions, startSimulatedEngine } from "./simulated-engine.ts";

async function open(options: Partial<SimulatedEngineOptions> = {}): Promise<SimulatedEngine> {
  const engine = await startSimulatedEngine({
    name: "sim",
    engine_id: "sim-1",
    listen: { port: 0 },
    images: ["busybox:latest"],
    ...options,
  });
  onTestFinished(() => engine.close());
  return engine;
}

const SLEEPER = { Image: "busybox:latest", Cmd: ["sleep", "infinity"], Labels: { a: "b" }, HostConfig: { Init: true } };

async function run(engine: SimulatedEngine, name: string, body: object = SLEEPER): Promise<void> {
  expect((await ask(engine, "POST", `/containers/create?name=${name}`, body)).status).toBe(201);
  expect((await ask(engine, "POST", `/containers/${name}/start`)).status).toBe(204);
}

async function listed(engine: SimulatedEngine): Promise<{ Names: string[]; State: string; Status: string }[]> {
  return (await ask(engine, "GET", "/containers/json?all=1")).json() as never;
}

/** What the engine remembers: asked of a moment that has passed, the stream ends. */
async function told(engine: SimulatedEngine, clock: ManualClock): Promise<string[]> {
  await clock.advance(10_000);
  const { text } = await ask(engine, "GET", `/events?since=1&until=${clock.now() / 1000 - 1}`);
  return text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { Action: string }).Action);
}

test("answers a ping as the generation it plays, with and without a version in the path", async () => {
  const old = await open({ generation: "20.10" });
  for (const path of ["/_ping", "/v1.41/_ping"]) {
    const { status, text, headers } = await ask(old, "GET", path);
    expect({ status, text }).toEqual({ status: 200, text: "OK" });
    expect(headers).toMatchObject({ "api-version": "1.41", ostype: "linux", server: "Docker/20.10.24 (linux)" });
  }
  expect((await ask(old, "HEAD", "/_ping")).headers["docker-experimental"]).toBe("false");
  expect((await ask(await open(), "GET", "/_ping")).headers["api-version"]).toBe("1.51");
});

test("refuses a client that is too new or too old, in Docker's words", async () => {
  const engine = await open();
  const tooNew = await ask(engine, "GET", "/v1.99/info");
  expect(tooNew.status).toBe(400);
  expect(tooNew.json()).toEqual({ message: "client version 1.99 is too new. Maximum supported API version is 1.51" });
  expect((await ask(engine, "GET", "/v1.1/info")).status).toBe(400);
  expect((await ask(engine, "GET", "/nothing")).json()).toEqual({ message: "page not found" });
});

test("says that it is simulated, and with what GPUs", async () => {
  const gpu = { uuid: "GPU-1", index: 0, type: "RTX 4090", memory: 24_564 };
  const engine = await open({ facts: { gpus: [gpu] } });
  const { Labels } = (await ask(engine, "GET", "/info")).json() as { Labels: string[] };
  expect(Labels).toContain("berth.simulated=true");
  expect(Labels).toContain(`berth.gpus=${JSON.stringify([gpu])}`);
});

test("gives a container the GPUs that it names, and starts none that names what is not there", async () => {
  const engine = await open({ facts: { gpus: [{ uuid: "GPU-1", index: 0, type: "RTX 4090", memory: 24_564 }] } });
  const wish = (id: string): object => ({
    ...SLEEPER,
    Cmd: ["nvidia-smi", "-L"],
    HostConfig: { DeviceRequests: [{ Driver: "nvidia", DeviceIDs: [id], Capabilities: [["gpu"]] }] },
  });
  await run(engine, "one", wish("GPU-1"));
  await vi.waitFor(async () => {
    const { text } = await ask(engine, "GET", "/containers/one/logs?stdout=1");
    expect(text).toContain("GPU 0: RTX 4090 (UUID: GPU-1)");
  });
  await ask(engine, "POST", "/containers/create?name=two", wish("GPU-2"));
  const refused = await ask(engine, "POST", "/containers/two/start");
  expect(refused.status).toBe(500);
  expect(refused.text).toContain("GPU-2: unknown device");
});

test("starts nothing on a host port that is taken, and gives it to the next when it is free", async () => {
  const engine = await open();
  const body = { ...SLEEPER, HostConfig: { Init: true, PortBindings: { "22/tcp": [{ HostPort: "22022" }] } } };
  await run(engine, "first", body);
  await ask(engine, "POST", "/containers/create?name=second", body);
  const refused = await ask(engine, "POST", "/containers/second/start");
  expect(refused.status).toBe(500);
  expect(refused.text).toContain("Bind for 0.0.0.0:22022 failed: port is already allocated");
  await ask(engine, "POST", "/containers/first/stop");
  expect((await ask(engine, "POST", "/containers/second/start")).status).toBe(204);
});

test.each([
  ["28.5", ["create", "connect", "start", "kill", "disconnect", "stop", "die", "destroy"]],
  ["20.10", ["create", "connect", "start", "kill", "die", "disconnect", "stop", "destroy"]],
] as const)("tells of a stop in the order of Docker %s", async (generation, actions) => {
  const clock = new ManualClock();
  const engine = await open({ generation, clock });
  await run(engine, "box");
  await ask(engine, "POST", "/containers/box/stop");
  await ask(engine, "DELETE", "/containers/box");
  expect(await told(engine, clock)).toEqual(actions);
});

test("remembers the last 256 events and no more", async () => {
  const clock = new ManualClock();
  const engine = await open({ clock });
  await run(engine, "box");
  for (let turn = 0; turn < 150; turn++) {
    await ask(engine, "POST", "/containers/box/pause");
    await ask(engine, "POST", "/containers/box/unpause");
  }
  const actions = await told(engine, clock);
  expect(actions).toHaveLength(256);
  expect(actions).not.toContain("create");
});

test("restarts what fails with a delay that doubles from 100 ms", async () => {
  const clock = new ManualClock();
  const engine = await open({ clock });
  await run(engine, "box", { ...SLEEPER, Cmd: ["false"], HostConfig: { RestartPolicy: { Name: "unless-stopped" } } });
  const restarts = (): number => engine.daemon.container("box").restart_count;
  await clock.advance(0);
  expect(restarts()).toBe(1);
  await clock.advance(99);
  expect(restarts()).toBe(1);
  await clock.advance(1);
  expect(restarts()).toBe(2);
  await clock.advance(199);
  expect(restarts()).toBe(2);
  await clock.advance(1);
  expect(restarts()).toBe(3);
  await ask(engine, "POST", "/containers/box/stop");
  expect(await listed(engine)).toMatchObject([{ State: "exited" }]);
  expect(clock.pending).toBe(0);
});

test("spares process 1 without an init every signal that it does not handle, but SIGKILL", async () => {
  const engine = await open();
  await run(engine, "bare", { ...SLEEPER, HostConfig: {} });
  await ask(engine, "POST", "/containers/bare/kill?signal=TERM");
  expect(await listed(engine)).toMatchObject([{ State: "running" }]);
  await ask(engine, "POST", "/containers/bare/kill");
  expect(await listed(engine)).toMatchObject([{ State: "exited", Status: expect.stringMatching(/^Exited \(137\)/) }]);
});

test("keeps a name for one of many creates that race, though each takes its time", async () => {
  const engine = await open({ timings: { create: 5 } });
  const racing = Array.from({ length: 8 }, () => ask(engine, "POST", "/containers/create?name=one", SLEEPER));
  const statuses = (await Promise.all(racing)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(7);
});

test("finishes a start whose client has gone, and lets an inspect wait for it while a list does not", async () => {
  const clock = new ManualClock();
  const engine = await open({ clock, timings: { start: 1000 } });
  await ask(engine, "POST", "/containers/create?name=box", SLEEPER);
  const starting = ask(engine, "POST", "/containers/box/start");
  await vi.waitFor(() => expect(clock.pending).toBe(1));
  let isInspected = false;
  const inspecting = ask(engine, "GET", "/containers/box/json").then((answer) => {
    isInspected = true;
    return answer;
  });
  expect(await listed(engine)).toMatchObject([{ State: "created" }]);
  expect(isInspected).toBe(false);
  await clock.advance(1000);
  await starting;
  expect((await inspecting).json()).toMatchObject({ State: { Status: "running" } });
});

test("takes no timer while hundreds of its containers sleep", async () => {
  const clock = new ManualClock();
  const engine = await open({ clock });
  for (let at = 0; at < 200; at++) await run(engine, `box${at}`);
  expect(clock.pending).toBe(0);
  expect(await listed(engine)).toHaveLength(200);
});

test("closes though a command still runs on a connection of its own", async () => {
  const engine = await open();
  await run(engine, "box");
  const { Id } = (await ask(engine, "POST", "/containers/box/exec", { Cmd: ["sleep", "infinity"] })).json() as {
    Id: string;
  };
  const socket = connect(engine.port ?? 0, "127.0.0.1");
  const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2";
  socket.write(`POST /exec/${Id}/start HTTP/1.1\r\nHost: engine\r\n${upgrade}\r\n\r\n{}`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 UPGRADED/);
  const closed = once(socket, "close");
  await engine.close();
  await closed;
});

test("answers what is no path of an engine, and goes on", async () => {
  const engine = await open();
  await expect(ask(engine, "GET", "/containers/%zz/json")).resolves.toMatchObject({ status: 400 });
  expect((await ask(engine, "GET", "/_ping")).status).toBe(200);
});
