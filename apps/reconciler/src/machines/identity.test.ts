import { type Engine, EngineError, type InspectedVolume, type ListedContainer } from "@berth/docker/engine.ts";
import { MARKER_LABEL, MARKER_VOLUME } from "@berth/spec/engine-names.ts";
import { pino } from "pino";
import { expect, test } from "vitest";
import { newKnown } from "../containers/known-container.ts";
import { listedOf, OWNER, rowOf } from "../containers/testing/samples.ts";
import { LeaseLostError } from "../failures.ts";
import { readIdentity } from "./identity.ts";
import type { MachineSession } from "./machine-session.ts";

const MARK = "11111111-0000-4000-8000-000000000000";

interface Disk {
  /** The marker volume's labels, or null where there is no such volume. */
  marker: Record<string, string> | null;
  listed?: ListedContainer[];
  /** What another Berth writes just before we do. */
  race?: Record<string, string>;
  failure?: EngineError;
}

/** An engine with one disk, of which only what an identity needs is there. */
function engineOf(disk: Disk) {
  const written: InspectedVolume[] = [];
  const engine: Pick<Engine, "inspectVolume" | "createVolume" | "listContainers"> = {
    async inspectVolume(name) {
      expect(name).toBe(MARKER_VOLUME);
      if (disk.failure) throw disk.failure;
      if (!disk.marker) throw new EngineError("not_found", "no such volume", { status: 404 });
      return { name, labels: disk.marker };
    },
    async createVolume(name, labels) {
      disk.marker ??= disk.race ?? labels;
      written.push({ name, labels });
      return { name, labels: disk.marker };
    },
    listContainers: async () => disk.listed ?? [],
  };
  return { engine: engine as Engine, written };
}

function sessionOf(engine: Engine, { recorded = [] as (string | null)[], hasLease = true } = {}): MachineSession {
  const rows = recorded.map((engine_id, i) => rowOf({ uid: `uid-${i}`, status: { engine_id } }));
  const session: Pick<MachineSession, "row" | "engine" | "owner" | "containers" | "log" | "read" | "fence"> = {
    row: {
      machine_id: OWNER.machine_id,
      name: "gpu1",
      url: "tcp://10.0.0.1:2376",
      tls: null,
      ssh_host_key: null,
      allow_insecure: false,
      simulated: false,
      runs_containers: true,
      state: "active",
      marker_uuid: MARK,
      shard: 3,
      generation: 1,
      facts: {
        cores: null,
        gpus: [],
        cpus: [],
        memory: null,
        disk: null,
        foreign_gpus: [],
        missing_gpus: [],
        boot_id: null,
      },
      status: {
        online: true,
        engine_version: null,
        api_version: null,
        conditions: [],
        observed_generation: 1,
        version: 1,
      },
    },
    engine,
    owner: OWNER,
    containers: new Map(rows.map((row) => [row.uid, newKnown(row)])),
    log: pino({ enabled: false }),
    read: (work) => work(),
    fence() {
      if (!hasLease) throw new LeaseLostError();
      return { shard: 3, holder: "h", epoch: 1n };
    },
  };
  return session as MachineSession;
}

const OURS = "e".repeat(64);
const CONFIRMED = { state: "confirmed" };
const MISMATCH = { state: "mismatch" };

test("knows the disk that bears its mark, whatever is on it", async () => {
  const { engine, written } = engineOf({ marker: { [MARKER_LABEL]: MARK } });
  expect(await readIdentity(sessionOf(engine, { recorded: [OURS] }))).toEqual(CONFIRMED);
  expect(written).toEqual([]);
});

test.each([
  ["another mark", { [MARKER_LABEL]: "22222222-0000-4000-8000-000000000000" }],
  ["a marker volume without a mark", {}],
])("does not touch a disk with %s, and says what to do", async (_what, marker) => {
  const { engine, written } = engineOf({ marker, listed: [listedOf({ id: OURS })] });
  const identity = await readIdentity(sessionOf(engine, { recorded: [OURS] }));
  expect(identity).toMatchObject({ ...MISMATCH, message: expect.stringContaining("remove it and add it again") });
  expect(written).toEqual([]);
});

test("marks again a disk whose marker was pruned, where a recorded container is on it", async () => {
  const { engine, written } = engineOf({ marker: null, listed: [listedOf({ id: OURS, state: "exited" })] });
  expect(await readIdentity(sessionOf(engine, { recorded: ["a".repeat(64), OURS] }))).toEqual(CONFIRMED);
  expect(written).toEqual([{ name: MARKER_VOLUME, labels: { [MARKER_LABEL]: MARK } }]);
});

test("freezes a machine without a marker where none of its containers are, even if nothing else is there either", async () => {
  for (const listed of [[], [listedOf({ id: "f".repeat(64) })]]) {
    const { engine, written } = engineOf({ marker: null, listed });
    const identity = await readIdentity(sessionOf(engine, { recorded: [OURS] }));
    expect(identity).toMatchObject({ ...MISMATCH, message: expect.stringContaining("data disk is mounted") });
    expect(written).toEqual([]);
  }
});

test("freezes a machine without a marker where what a recreate set aside is all that was recorded, and is gone", async () => {
  const { engine, written } = engineOf({ marker: null });
  const session = sessionOf(engine, { recorded: [null] });
  session.containers.get("uid-0")!.row.held = [
    { engine_id: OURS, generation: 1, held_until: new Date(0), made_from: null },
  ];
  expect(await readIdentity(session)).toMatchObject(MISMATCH);
  expect(written).toEqual([]);
});

test("marks a disk on which nothing was ever recorded", async () => {
  const { engine, written } = engineOf({ marker: null });
  expect(await readIdentity(sessionOf(engine, { recorded: [null] }))).toEqual(CONFIRMED);
  expect(written.length).toBe(1);
});

test("gives way to another Berth that marked the disk at the same moment", async () => {
  const { engine } = engineOf({ marker: null, race: { [MARKER_LABEL]: "another" } });
  expect(await readIdentity(sessionOf(engine))).toMatchObject({
    ...MISMATCH,
    message: expect.stringContaining("Another Berth"),
  });
});

test("writes no mark without the lease", async () => {
  const { engine, written } = engineOf({ marker: null });
  await expect(readIdentity(sessionOf(engine, { hasLease: false }))).rejects.toThrow(LeaseLostError);
  expect(written).toEqual([]);
});

test("takes an engine that does not answer for unknown, never for unmarked", async () => {
  const failure = new EngineError("unreachable", "the deadline passed", { timedOut: true });
  const { engine, written } = engineOf({ marker: null, failure });
  await expect(readIdentity(sessionOf(engine))).rejects.toBe(failure);
  expect(written).toEqual([]);
});
