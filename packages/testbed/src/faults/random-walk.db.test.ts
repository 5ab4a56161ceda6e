import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { engineNameOf, LABEL } from "@berth/spec/engine-names.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ContainerRecord } from "../simulated/containers/container-record.ts";
import { seededRandom } from "../simulated/seeded-random.ts";
import { closeFaultyScene, type FaultyScene, openFaultyScene, OPENED_WITHIN_MS } from "./faulty-scene.ts";
import type { Model, ModelContainer } from "./model.ts";
import { RandomWalk } from "./random-walk.ts";

const STEPS = Number(process.env["BERTH_TEST_STEPS"] ?? 300);
/** A failure is played again, its timing aside, with the seed that it names. */
const SEED = Number(process.env["BERTH_TEST_SEED"] ?? randomInt(2 ** 31));

let opened: FaultyScene;
beforeAll(async () => {
  opened = await openFaultyScene();
}, OPENED_WITHIN_MS);
afterAll(() => closeFaultyScene(opened));

test(`random wishes, hands and faults end as a small model says (BERTH_TEST_SEED=${SEED})`, async () => {
  const { engine, berth, witness, pool, foreign } = opened;
  const random = seededRandom(SEED);
  const walk = new RandomWalk(opened, random);
  const unchanged = await lastingFacts(opened, foreign.id);
  const expectNoFaults = (): void => {
    const faults = [...walk.faults, ...witness.takeDoubleUses()];
    expect(faults, `BERTH_TEST_SEED=${SEED}, after: ${walk.steps.join(", ")}`).toEqual([]);
  };
  const startedAt = performance.now();
  for (let at = 0; at < STEPS; at += 1) {
    await walk.step();
    expectNoFaults();
    await delay(random() * 30);
  }
  await walk.settle();
  const quietAt = performance.now();
  const look = async (): Promise<void> => {
    expectAsModelled(walk.model, [...engine.simulation.daemon.containers.values()]);
    await expectToldAsModelled(walk.model, opened);
  };
  // What no event has told is seen with the next look at the machine, up to 66 s later.
  await vi.waitFor(look, { timeout: 90_000, interval: 50 }).catch((error: Error) => {
    throw new Error(`${error.message}\nBERTH_TEST_SEED=${SEED}, after: ${walk.steps.join(", ")}`, { cause: error });
  });
  const [walkedMs, settledMs] = [quietAt - startedAt, performance.now() - quietAt].map(Math.round);
  const { created, hands, hits } = walk;
  const done = JSON.stringify({ created, hands, hits });
  console.log(`seed ${SEED}: ${STEPS} steps in ${walkedMs} ms, at rest after another ${settledMs} ms: ${done}`);
  walk.lookAtAll();
  expectNoFaults();
  if (STEPS >= 300) expectMuchDone(walk);
  expect(await lastingFacts(opened, foreign.id)).toBe(unchanged);

  await berth.deleteContainers();
  const left = [...engine.simulation.daemon.containers.values()].map(({ id }) => id);
  expect(left).toEqual([foreign.id]);
  const { rows } = await pool.query(
    "SELECT container_id FROM gpu_allocations UNION ALL SELECT container_id FROM port_allocations",
  );
  expect(rows).toEqual([]);
}, 180_000);

/** Else all would be as modelled because nothing happened. It is far less than any seed does. */
function expectMuchDone({ created, hands, hits }: RandomWalk): void {
  expect(created.done).toBeGreaterThanOrEqual(5);
  expect(Object.values(hands).reduce((sum, { done }) => sum + done, 0)).toBeGreaterThanOrEqual(10);
  expect(Object.entries(hands).filter(([, { tried, done }]) => tried >= 16 && done === 0)).toEqual([]);
  expect(hits).toBeGreaterThanOrEqual(5);
}

/** Of a container that is not Berth's, whatever happens to its engine: all but how its process fares. */
const lastingFacts = ({ engine }: FaultyScene, id: string): Promise<string> =>
  engine.docker(
    "inspect",
    "--format",
    "{{.Id}} {{.Name}} {{.Created}} {{.Image}} {{json .Config}} {{json .HostConfig}}",
    id,
  );

/** Each container of the model once on the engine, as it should be, and nothing else that is Berth's. */
function expectAsModelled({ containers }: Model, onEngine: ContainerRecord[]): void {
  const ours = onEngine.filter(({ config }) => config.Labels?.[LABEL.uid] !== undefined);
  const wanted = [...containers.values()].flatMap((container) => {
    const isThere = ours.some(({ config }) => config.Labels?.[LABEL.uid] === container.uid);
    return container.shouldRun || container.engineId !== null || isThere ? [wantedOf(container)] : [];
  });
  const seen = ours.map((record) => seenOf(record));
  const byUid = (a: { uid: unknown }, b: { uid: unknown }): number => (String(a.uid) < String(b.uid) ? -1 : 1);
  expect(seen.sort(byUid)).toEqual(wanted.sort(byUid));
}

const wantedOf = ({ uid, name, shouldRun, memory, gpus, engineId }: ModelContainer) => ({
  uid,
  id: engineId ?? expect.any(String),
  name: engineNameOf(name, uid),
  status: shouldRun ? "running" : expect.stringMatching(/^(exited|created)$/),
  // Limits of what does not run are set with its next start.
  memoryBytes: shouldRun ? memory * 1_048_576 : expect.any(Number),
  gpus,
});

const seenOf = ({ id, name, status, config, host }: ContainerRecord) => ({
  uid: config.Labels?.[LABEL.uid],
  id,
  name,
  status,
  memoryBytes: host.Memory,
  gpus: (host.DeviceRequests ?? []).flatMap(({ DeviceIDs }) => DeviceIDs ?? []).length,
});

/** The API tells of the same containers, at rest; and of GPUs what runs has them, and nothing else. */
async function expectToldAsModelled(model: Model, { berth, pool }: FaultyScene): Promise<void> {
  const { items } = await berth.admin.container.list.query({ limit: 500 });
  const told = items.map(({ container_id, name, phase, generation, observed_generation }) => {
    return { container_id, name, phase, isSeen: generation === observed_generation };
  });
  const wanted = [...model.containers].map(([container_id, { name, shouldRun }]) => {
    return { container_id, name, phase: shouldRun ? "Running" : "Stopped", isSeen: true };
  });
  const byId = (a: { container_id: number }, b: { container_id: number }): number => a.container_id - b.container_id;
  expect(told.sort(byId)).toEqual(wanted.sort(byId));
  const { rows } = await pool.query<{ taken: number }>("SELECT count(*)::int AS taken FROM gpu_allocations");
  expect(rows).toEqual([{ taken: model.gpusTaken }]);
}
