import { setTimeout as passes } from "node:timers/promises";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import type { Engine } from "@berth/docker/engine.ts";
import { PROBE_NAME } from "@berth/spec/engine-names.ts";
import type { Machine } from "@berth/spec/machine.ts";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { waitUntil } from "../fleet/wait-until.ts";
import { type Berth, startBerth } from "../scenario/berth.ts";
import { SIMULATED_GPUS } from "../scenario/scenario-engine.ts";
import { sendSignal } from "../simulated/containers/kill.ts";
import { SIGKILL } from "../simulated/process/signals.ts";
import { type SimulatedEngine, startSimulatedEngine } from "../simulated/simulated-engine.ts";

let simulated: SimulatedEngine;
/** A hand at the engine, beside Berth's own. */
let engine: Engine;
let berth: Berth;
let machine_id: string;

beforeAll(async () => {
  simulated = await startSimulatedEngine({
    name: "gpu-1",
    engine_id: "SIMULATED:probed",
    listen: { port: 0 },
    facts: { gpus: SIMULATED_GPUS },
    images: ["busybox:latest"],
  });
  engine = connectEngine(parseEngineUrl(simulated.url, { allow_insecure: true }));
  berth = await startBerth(undefined, { hasProbes: true });
  ({ machine_id } = await berth.admin.machine.add.mutate({ url: simulated.url, allow_insecure: true }));
  await berth.admin.image.add.mutate({ name: "public/busybox:1", reference: "busybox:latest" });
});
afterAll(async () => {
  await berth?.close();
  engine?.close();
  await simulated?.close();
});
afterEach(() => simulated.faults.clear());

const see = (): Promise<Machine> => berth.admin.machine.get.query({ machine_id });
const probe = () => [...simulated.daemon.containers.values()].find(({ name }) => name === PROBE_NAME);
const conditionOf = ({ conditions }: Machine, type: string) => conditions.find((told) => told.type === type);
const containers = (): string[] => [...simulated.daemon.containers.keys()].toSorted();

async function until(what: string, isSo: (seen: Machine) => boolean, timeoutMs = 20_000): Promise<Machine> {
  let seen = await see();
  await waitUntil(what, timeoutMs, async () => isSo((seen = await see()))).catch((error: Error) => {
    const log = berth.reconciler.log.slice(-20).join("\n");
    throw new Error(`${error.message}\nit is ${JSON.stringify(seen, null, 1)}\n${log}`, { cause: error });
  });
  return seen;
}

test("a simulated machine has a probe, whose readings are shown", async () => {
  const seen = await until("telemetry", ({ telemetry }) => telemetry?.gpus.length === 2);
  expect(probe()).toMatchObject({ status: "running", host: { PidMode: "host", ReadonlyRootfs: true } });
  expect(conditionOf(seen, "ProbeRunning")).toMatchObject({ status: "true" });
  expect(seen.telemetry).toMatchObject({ stale: false, gpu_error: null });
  expect(seen.telemetry?.gpus.map(({ uuid }) => uuid)).toEqual(SIMULATED_GPUS.map(({ uuid }) => uuid));
  expect(await berth.query("SELECT name, phase, engine_id FROM system_containers")).toEqual([
    { name: PROBE_NAME, phase: "Running", engine_id: probe()?.id },
  ]);
});

test("everybody sees whose container uses a GPU, and only an admin its process", async () => {
  const owner = await berth.server.registerUser("li");
  const { container_id } = await owner.container.create.mutate({
    name: "job",
    image: "public/busybox:1",
    gpu_count: 1,
  });
  const isUsed = ({ telemetry }: Machine): boolean =>
    telemetry?.gpus.some(({ used_by }) => used_by.length > 0) ?? false;
  const seen = await until("its process", isUsed);
  const use = seen.telemetry?.gpus.flatMap(({ used_by }) => used_by);
  expect(use).toEqual([{ container_id, owner: "li", pid: expect.any(Number), memory: expect.any(Number) }]);
  const byOther = await (await berth.server.registerUser("wang")).machine.get.query({ machine_id });
  expect(byOther.telemetry?.gpus.flatMap(({ used_by }) => used_by)).toEqual([
    { container_id, owner: "li", pid: null, memory: expect.any(Number) },
  ]);
  expect(seen.gpus_foreign).toEqual([]);
});

test("asks nothing of an engine on which all is well, but to be told what is printed", async () => {
  const take = vi.spyOn(simulated.daemon.faults, "take");
  // Pings are the pulse of machines without a probe too.
  const asked = () => take.mock.calls.map(([call]) => call).filter((call) => call !== "ping");
  // What went before is over once a second was quiet.
  do {
    take.mockClear();
    await passes(1_000);
  } while (asked().length > 0);
  const version = async () => {
    const [row] = await berth.query<{ version: number }>("SELECT version FROM machine_status");
    return row!.version;
  };
  const before = await version();
  await passes(12_000); // nothing is to happen, and only time shows that
  // A resync of the machine may come in this time, which is one list, and tells anew what is free where that has changed.
  const lists = asked();
  expect(lists.filter((call) => call !== "list")).toEqual([]);
  expect(lists.length).toBeLessThanOrEqual(1);
  expect((await version()) - before).toBeLessThanOrEqual(lists.length);
});

test("brings back what was removed, ended or renamed by hand", async () => {
  for (const edit of [
    async (id: string) => {
      await engine.stopContainer(id, 0);
      await engine.removeContainer(id);
    },
    (id: string) => engine.stopContainer(id, 0),
    (id: string) => engine.renameContainer(id, "somebody-elses"),
  ]) {
    const { telemetry } = await see();
    await edit(probe()!.id);
    await waitUntil("the probe", 20_000, () => probe()?.status === "running");
    await until("a new reading", (told) => !told.telemetry!.stale && told.telemetry!.seen_at > telemetry!.seen_at);
  }
  expect([...simulated.daemon.containers.values()].map(({ name }) => name)).not.toContain("somebody-elses");
});

test("leaves a stranger alone that has its name, says so, and takes the name once it is free", async () => {
  const take = vi.spyOn(simulated.daemon.faults, "take");
  const release = simulated.faults.add({ call: "create", effect: { kind: "hang" }, times: 1 });
  const ours = probe()!.id;
  await engine.stopContainer(ours, 0).catch(() => undefined);
  await engine.removeContainer(ours);
  const body = { Image: "busybox:latest", Cmd: ["sleep", "1000"], Labels: {}, Tty: false, OpenStdin: false };
  const host = {
    Init: false,
    RestartPolicy: { Name: "no" as const },
    LogConfig: { Type: "json-file" as const, Config: {} },
  };
  await waitUntil("Berth's own create, which hangs", 20_000, () => take.mock.calls.some(([call]) => call === "create"));
  take.mockRestore();
  const stranger = await engine.createContainer(PROBE_NAME, { ...body, HostConfig: host });
  release();
  const seen = await until("the conflict", (told) => conditionOf(told, "ProbeRunning")?.status === "false");
  expect(conditionOf(seen, "ProbeRunning")?.message).toContain(`another container is called ${PROBE_NAME}`);
  expect(simulated.daemon.containers.get(stranger.id)?.status).toBe("created");
  await engine.removeContainer(stranger.id);
  await until("the probe", (told) => conditionOf(told, "ProbeRunning")?.status === "true", 30_000);
  expect(probe()?.id).not.toBe(ours);
});

test("warns of a clock that is wrong or steps back, and is not led astray by it", async () => {
  await until("telemetry", ({ telemetry }) => telemetry !== null);
  const wish = { name: "clocked", image: "public/busybox:1", machine_id, command: ["sleep", "1000"] };
  const { container_id } = await berth.admin.container.create.mutate(wish);
  const running = () => [...simulated.daemon.containers.values()].find(({ name }) => name.startsWith("berth-clocked-"));
  const isUp = () => running()?.status === "running";
  await waitUntil("the container to run", 20_000, isUp);
  const before = containers();
  for (const [ms, reason] of [
    [3_600_000, "Ahead"],
    [-3_600_000, "Behind"],
  ] as const) {
    simulated.faults.skewClock(ms);
    await until(`a clock that is ${reason}`, (told) => conditionOf(told, "ClockSkew")?.reason === reason);
    expect((await see()).telemetry).toMatchObject({ stale: false });
    const { process } = running()!;
    sendSignal(simulated.daemon, running()!, SIGKILL);
    await waitUntil("what was killed to run again", 20_000, () => isUp() && running()!.process !== process);
    await berth.admin.container.stop.mutate({ container_id });
    await waitUntil("it to stop", 20_000, () => running()?.status === "exited");
    await berth.admin.container.start.mutate({ container_id });
    await waitUntil("it to run", 20_000, isUp);
  }
  simulated.faults.skewClock(0);
  await until("the warning to end", (told) => conditionOf(told, "ClockSkew") === undefined);
  expect(containers()).toEqual(before);
  await berth.admin.container.delete.mutate({ container_id });
  await waitUntil("it to be gone", 20_000, () => running() === undefined);
  const isForgotten = async () =>
    (await berth.query(`SELECT 1 FROM containers WHERE container_id = ${container_id}`)).length === 0;
  await waitUntil("it to be forgotten", 20_000, isForgotten);
});

test("tells a GPU that is gone and who holds it, across a restart of the reconciler, and that it is back", async () => {
  const { facts } = simulated.daemon.options;
  const all = facts.gpus;
  const [held] = (await see()).gpus_taken;
  facts.gpus = all.filter(({ uuid }) => uuid !== held);
  const isGone = (told: Machine): boolean => conditionOf(told, "GpuHealthy")?.reason === "GpuGone";
  const seen = await until("the loss", isGone);
  expect(conditionOf(seen, "GpuHealthy")?.message).toContain(`${held} is not there any more (held by job)`);
  expect(seen.gpus.map(({ uuid }) => uuid)).toEqual(facts.gpus.map(({ uuid }) => uuid));
  expect(seen.gpus_taken).toEqual([held]);
  await berth.reconciler.stop();
  await berth.startReconciler({ hasProbes: true });
  const { telemetry } = await see();
  const later = await until("a new reading", (told) => told.telemetry!.seen_at > telemetry!.seen_at);
  expect(isGone(later)).toBe(true);
  facts.gpus = all;
  const healed = await until("it to be back", (told) => conditionOf(told, "GpuHealthy")?.status === "true");
  expect(healed.gpus).toHaveLength(2);
});

test("what is old is shown as such, and not as if it were now", async () => {
  expect((await see()).memory?.free).toEqual(expect.any(Number));
  await berth.reconciler.stop();
  await berth.query("UPDATE machine_telemetry SET seen_at = seen_at - interval '31 seconds'");
  const seen = await see();
  expect(seen.telemetry).toMatchObject({ stale: true, busy: null, memory: null, disk: null, gpus: [] });
  expect(seen).toMatchObject({ memory: { free: null }, disk: { free: null }, gpus: [{}, {}] });
  const [info] = await berth.admin.machine.info.query();
  expect(info).toMatchObject({ memory: { free: null }, disk: { free: null } });
  await berth.startReconciler({ hasProbes: true });
  await until(
    "a current reading",
    ({ telemetry, memory }) => telemetry?.stale === false && typeof memory?.free === "number",
  );
});

test("tells how it was, by the minute", async () => {
  const history = await berth.admin.machine.telemetry.query({ machine_id, range: "hour" });
  expect(history).toMatchObject({ machine_id, range: "hour", seconds: 60 });
  expect(history.points.length).toBeGreaterThan(0);
  expect(history.points[0]?.gpus.map(({ index }) => index)).toEqual([0, 1]);
  for (const range of ["day", "month"] as const) {
    expect(await berth.admin.machine.telemetry.query({ machine_id, range })).toMatchObject({ range });
  }
  await expect(berth.admin.machine.telemetry.query({ machine_id: "none" })).rejects.toThrow("There is no machine none");
});

test("goes with its machine", async () => {
  const { items } = await berth.admin.container.list.query({ scope: "all" });
  for (const { container_id } of items) await berth.admin.container.delete.mutate({ container_id });
  await berth.deleteContainers();
  await berth.admin.machine.remove.mutate({ machine_id });
  await waitUntil("the probe to go", 20_000, () => probe() === undefined);
  expect(await berth.query("SELECT 1 FROM machine_telemetry UNION ALL SELECT 1 FROM machine_telemetry_points")).toEqual(
    [],
  );
});
