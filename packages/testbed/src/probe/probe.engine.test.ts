import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { PROBE_NAME } from "@berth/spec/engine-names.ts";
import type { Machine } from "@berth/spec/machine.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { expectConsistent } from "../faults/consistency.ts";
import { actionsSince, engineTime, fingerprint, runForeign, theOneOf } from "../faults/on-engine.ts";
import { Stage, type StageMachine } from "../faults/stage.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { EIGHT_GPUS, gpuUuid, StandIn, storeImage, storeStandIn } from "./stand-in.ts";

const kinds = sharedFleet()?.engines.map(({ generation }, index) => ({ generation, name: `probed-${index}` })) ?? [];

/** As the machine's kernel says it. */
const kibibytes = (name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync("/proc/meminfo", "utf8"))?.[1]);

const DISK_MIB = 200;
const ONE_BY_ONE = { concurrent: false };

describe.skipIf(!kinds.some(({ generation }) => generation === "20.10"))("the probe on a small disk", () => {
  let database: TestDatabase;
  let stage: Stage;
  beforeAll(async () => {
    database = await createTestDatabase();
    await storeImage(database.url);
    stage = await Stage.set(database.url, { engines: [{ name: "small", generation: "20.10", disk_mib: DISK_MIB }] });
    await stage.startReconciler({ hasProbes: true });
  }, 240_000);
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  test("tells that it is nearly full, and that it is not any more", { timeout: 120_000 }, async () => {
    const { engine, machine_id } = stage.machine("small");
    const see = (): Promise<Machine> => stage.api.admin.machine.get.query({ machine_id });
    const isPressed = async (): Promise<boolean> =>
      (await see()).conditions.some(({ type, status }) => type === "DiskPressure" && status === "true");
    await stage.until("the disk to be known", async () => (await see()).disk !== null);
    const { disk, gpus, conditions } = await see();
    // The disk of Docker's data, and not the machine's.
    expect(disk!.total).toBeLessThan(DISK_MIB);
    expect(gpus).toEqual([]);
    expect(conditions.map(({ type }) => type)).not.toContain("GpuHealthy");
    const fill = (share: number): Promise<string> => {
      const mib = Math.floor(disk!.free! - (1 - share) * disk!.total);
      const command = `rm -f /fill/it; dd if=/dev/zero of=/fill/it bs=1M count=${mib}`;
      return engine.docker("run", "--rm", "-v", "filler:/fill", TEST_IMAGE, "sh", "-c", command);
    };
    /** Waits for the reading after one of so much, too: what came of the first is told by then. */
    const seeFilled = async (share: number): Promise<void> => {
      const usedOf = (free: number): number => 1 - free / disk!.total;
      let seenAt = "";
      const isSo = async (): Promise<boolean> => {
        const { telemetry } = await see();
        seenAt = telemetry?.seen_at ?? "";
        return Math.abs(usedOf(telemetry?.disk?.free ?? Infinity) - share) < 0.015;
      };
      await stage.until(`a reading of ${share}`, isSo, 60_000);
      await stage.until("the next one", async () => ((await see()).telemetry?.seen_at ?? "") > seenAt, 60_000);
    };
    await fill(0.83);
    await seeFilled(0.83);
    expect(await isPressed()).toBe(false);
    await fill(0.88);
    await stage.until("pressure", isPressed, 60_000);
    await fill(0.83);
    await seeFilled(0.83);
    expect(await isPressed()).toBe(true);
    await fill(0.7);
    await stage.until("relief", async () => !(await isPressed()), 60_000);
  });
});

describe.skipIf(kinds.length === 0)("the probe on a machine", () => {
  let database: TestDatabase;
  let stage: Stage;
  beforeAll(async () => {
    database = await createTestDatabase();
    await storeStandIn(database.url);
    stage = await Stage.set(database.url, { engines: kinds });
    await stage.startReconciler({ hasProbes: true });
  }, 240_000);
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  // One test goes on where the one before it ended, as a machine does; the machines do side by side, for they mostly wait.
  describe.concurrent.each(kinds)("of Docker $generation", ({ name }) => {
    let machine: StageMachine;
    let standIn: StandIn;
    beforeAll(() => {
      machine = stage.machine(name);
      standIn = new StandIn(machine.engine);
    });

    const docker = (...command: string[]): Promise<string> => machine.engine.docker(...command);
    const see = (): Promise<Machine> => stage.api.admin.machine.get.query({ machine_id: machine.machine_id });
    async function until(what: string, isSo: (seen: Machine) => boolean): Promise<Machine> {
      let seen = await see();
      const look = async (): Promise<boolean> => isSo((seen = await see()));
      await stage.until(what, look, 45_000).catch((error: Error) => {
        throw new Error(`${error.message}\nit is ${JSON.stringify(seen, null, 1)}`, { cause: error });
      });
      return seen;
    }
    const probeId = async (): Promise<string> =>
      (await docker("ps", "-q", "--no-trunc", "--filter", `name=^${PROBE_NAME}$`)).trim();
    const pidOf = async (id: string): Promise<string> => (await docker("inspect", "-f", "{{.State.Pid}}", id)).trim();
    const conditionOf = ({ conditions }: Machine, type: string) => conditions.find((told) => told.type === type);

    test("tells what the machine has, as its kernel and its disk say", ONE_BY_ONE, async () => {
      const seen = await until("facts", ({ cpus, disk, telemetry }) => cpus.length > 0 && disk !== null && !!telemetry);
      const df = execFileSync("df", ["-m", "-P", machine.engine.log_file]).toString().split("\n")[1]!.split(/\s+/);
      // df rounds up, the probe down.
      expect(Number(df[1]) - seen.disk!.total).toBeOneOf([0, 1]);
      expect(Math.abs(seen.disk!.free! - Number(df[3]))).toBeLessThan(4_000);
      expect(seen.memory?.total).toBe(Math.floor(kibibytes("MemTotal") / 1_024));
      expect(Math.abs(seen.memory!.free! - kibibytes("MemAvailable") / 1_024)).toBeLessThan(4_000);
      const cpuinfo = readFileSync("/proc/cpuinfo", "utf8");
      const sockets = new Set(cpuinfo.match(/^physical id.*$/gm));
      expect(seen.cpus).toHaveLength(Math.max(1, sockets.size));
      expect(seen.cpus[0]?.type).toBe(/^model name\s*: (.*)$/m.exec(cpuinfo)?.[1]);
      expect(conditionOf(seen, "ProbeRunning")).toMatchObject({ status: "true" });
      const info = (await stage.api.admin.machine.info.query()).find(
        ({ machine_id }) => machine_id === machine.machine_id,
      );
      expect(info).toMatchObject({ cpu: { 0: seen.cpus[0] }, disk: { total: seen.disk!.total } });
    });

    test("gives no GPU to a container where there is none", ONE_BY_ONE, async () => {
      expect((await see()).gpus).toEqual([]);
      const asked = stage.create(`none-${name}`, machine, { gpu_count: 1 });
      await expect(asked).rejects.toMatchObject({
        data: { code: "UNPROCESSABLE_CONTENT" },
        message: expect.stringContaining("No machine has 1 × GPU"),
      });
    });

    test("has no more rights than it needs, and little memory", ONE_BY_ONE, async () => {
      const [inspected] = JSON.parse(await docker("inspect", await probeId())) as {
        HostConfig: Record<string, unknown>;
      }[];
      expect(inspected?.HostConfig).toMatchObject({
        PidMode: "host",
        NetworkMode: "none",
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        Privileged: false,
        Memory: 128 * 1_048_576,
        RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 },
        LogConfig: { Type: "json-file", Config: { "max-file": "1", "max-size": "1m" } },
      });
    });

    test("lists eight GPUs by index, with what they do", ONE_BY_ONE, async () => {
      standIn.gpus(EIGHT_GPUS.toReversed());
      const seen = await until(
        "eight GPUs",
        ({ gpus, telemetry }) => gpus.length === 8 && telemetry?.gpus.length === 8,
      );
      expect(seen.gpus).toEqual(
        EIGHT_GPUS.map((_, index) => ({
          index,
          uuid: gpuUuid(index),
          type: "NVIDIA A100-SXM4-80GB",
          memory: 81_920,
        })),
      );
      expect(seen.telemetry?.gpus.find(({ index }) => index === 3)).toMatchObject({
        utilization: 30,
        memory_used: 1_003,
        temperature: 43,
        power: 63.25,
        used_by: [],
      });
      expect(conditionOf(seen, "GpuHealthy")).toMatchObject({ status: "true" });
    });

    test(
      "marks a GPU that a process outside Berth uses, until it does not any more",
      ONE_BY_ONE,
      async ({ onTestFinished }) => {
        const foreign = await runForeign(machine.engine);
        onTestFinished(async () => void (await docker("rm", "-f", foreign)));
        const before = await fingerprint(machine.engine, foreign);
        standIn.processes([`${gpuUuid(5)}, ${await pidOf(foreign)}, 12345`]);
        const isMarked = ({ gpus_foreign, telemetry }: Machine): boolean =>
          gpus_foreign.length > 0 && telemetry?.gpus[5]?.used_by.length === 1;
        const seen = await until("a foreign GPU", isMarked);
        expect(seen.gpus_foreign).toEqual([gpuUuid(5)]);
        expect(seen.telemetry?.gpus[5]?.used_by).toEqual([
          { container_id: null, owner: null, pid: Number(await pidOf(foreign)), memory: 12_345 },
        ]);
        standIn.processes([]);
        await until("it to be given back", ({ gpus_foreign }) => gpus_foreign.length === 0);
        expect(await fingerprint(machine.engine, foreign)).toBe(before);
      },
    );

    test(
      "knows which of Berth's containers a process is in, and that one without the GPU has no business there",
      ONE_BY_ONE,
      async () => {
        const container = await stage.seeRunning(await stage.create(`user-${name}`, machine));
        const { id } = await theOneOf(machine.engine, container);
        standIn.processes([`${gpuUuid(2)}, ${await pidOf(id)}, 100`]);
        const isShown = ({ telemetry }: Machine): boolean =>
          telemetry?.gpus[2]?.used_by[0]?.container_id === container.container_id;
        const seen = await until("the user", isShown);
        expect(seen.telemetry?.gpus[2]?.used_by).toMatchObject([
          { container_id: container.container_id, owner: "test-admin" },
        ]);
        await until("a foreign GPU", ({ gpus_foreign }) => gpus_foreign.includes(gpuUuid(2)));
        // As if it held the GPU: engines without GPUs can't start such a one.
        await stage.pool.query("INSERT INTO gpu_allocations (machine_id, gpu_uuid, container_id) VALUES ($1, $2, $3)", [
          machine.machine_id,
          gpuUuid(2),
          container.container_id,
        ]);
        await stage.pool.query("UPDATE placements SET gpu_uuids = $2 WHERE container_id = $1", [
          container.container_id,
          [gpuUuid(2)],
        ]);
        await stage.pool.query("SELECT pg_notify('berth_container', $1)", [container.uid]);
        await until("the GPU to be its own", ({ gpus_foreign }) => gpus_foreign.length === 0);
      },
    );

    test(
      "tells a GPU that is gone, and who holds it, and gives it to nobody until it is back",
      ONE_BY_ONE,
      async () => {
        standIn.gpus(EIGHT_GPUS.filter((_, index) => index !== 2));
        const seen = await until("the loss", (told) => conditionOf(told, "GpuHealthy")?.status === "false");
        expect(conditionOf(seen, "GpuHealthy")).toMatchObject({
          reason: "GpuGone",
          message: expect.stringMatching(new RegExp(`${gpuUuid(2)}.*held by user-${name}`)),
        });
        expect(seen.gpus.map(({ index }) => index)).toEqual([0, 1, 3, 4, 5, 6, 7]);
        expect(seen.gpus_taken).toEqual([gpuUuid(2)]);
        const asked = stage.create(`gone-${name}`, machine, { gpu_uuids: [gpuUuid(2)] });
        await expect(asked).rejects.toThrow(gpuUuid(2));
        standIn.gpus(EIGHT_GPUS);
        const healed = await until("it to be back", (told) => conditionOf(told, "GpuHealthy")?.status === "true");
        expect(healed.gpus).toHaveLength(8);
        standIn.processes([]);
      },
    );

    test(
      "is made anew where the driver's library is lost, and nothing is forgotten meanwhile",
      ONE_BY_ONE,
      async () => {
        const before = await probeId();
        standIn.error("Failed to initialize NVML: Driver/library version mismatch");
        await until("the loss to be told", (told) => conditionOf(told, "GpuHealthy")?.reason === "DriverLost");
        let after = before;
        await stage.until("another probe", async () => (after = await probeId()) !== before && after !== "");
        expect((await see()).gpus).toHaveLength(8);
        standIn.error(null);
        await until("all to be well", (told) => conditionOf(told, "GpuHealthy")?.status === "true");
        expect(await probeId()).toBe(after);
      },
    );

    test("comes back when it is removed by hand, ended by hand, or halted", ONE_BY_ONE, async () => {
      for (const edit of [["rm", "-f"], ["stop", "-t", "0"], ["pause"]]) {
        const { telemetry } = await see();
        await docker(...edit, await probeId());
        await stage.until(`the probe after ${edit[0]}`, async () => {
          const shown = await docker("ps", "--filter", `name=^${PROBE_NAME}$`, "--format", "{{.State}}");
          return shown.trim() === "running";
        });
        await until("a new reading", (told) => told.telemetry!.seen_at > telemetry!.seen_at && !told.telemetry!.stale);
      }
      expect(await docker("ps", "-aq", "--filter", `name=${PROBE_NAME}`)).toMatch(/^[0-9a-f]+\s*$/);
    });

    test("warns of a clock that is wrong, and changes nothing else", ONE_BY_ONE, async () => {
      await until("a reading", ({ telemetry }) => telemetry?.stale === false);
      const since = engineTime();
      const before = await docker("ps", "-aq", "--no-trunc");
      for (const [hours, reason] of [
        [1, "Ahead"],
        [-1, "Behind"],
      ] as const) {
        standIn.clock(hours * 3_600);
        const isTold = (told: Machine): boolean =>
          conditionOf(told, "ClockSkew")?.reason === reason &&
          Math.abs((told.telemetry?.clock_offset_ms ?? 0) - hours * 3_600_000) < 10_000;
        const seen = await until(`a clock that is ${reason}`, isTold);
        expect(seen.telemetry).toMatchObject({ stale: false });
      }
      standIn.clock(0);
      await until("the warning to end", (told) => conditionOf(told, "ClockSkew") === undefined);
      expect(await actionsSince(machine.engine, since)).toEqual([]);
      expect(await docker("ps", "-aq", "--no-trunc")).toBe(before);
    });

    test("leaves the machine with it, and touches nobody else's", ONE_BY_ONE, async () => {
      const foreign = await runForeign(machine.engine);
      const before = await fingerprint(machine.engine, foreign);
      const { items } = await stage.api.admin.container.list.query({ scope: "all", limit: 500 });
      for (const container of items.filter(({ machine_id }) => machine_id === machine.machine_id)) {
        await stage.api.admin.container.delete.mutate({ container_id: container.container_id });
        await stage.seeGone(container);
      }
      await expectConsistent({ pool: stage.pool, machines: [machine] });
      await stage.api.admin.machine.remove.mutate({ machine_id: machine.machine_id });
      await stage.until(
        "the probe to go",
        async () => (await docker("ps", "-aq", "--filter", `name=${PROBE_NAME}`)) === "",
      );
      expect(await fingerprint(machine.engine, foreign)).toBe(before);
    });
  });
});
