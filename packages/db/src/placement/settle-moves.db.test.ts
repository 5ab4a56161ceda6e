import { ContainerSpec } from "@berth/spec/container.ts";
import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { gpusOf, insertContainer, insertImage, insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeEach, expect, test } from "vitest";
import type { Fence } from "../leases/fence.ts";
import { inTransaction } from "../sql.ts";
import { claimOrWait, type Placement } from "./claim.ts";
import { claimMove } from "./claim-move.ts";
import { releaseGpus } from "./release.ts";
import { settleMoves } from "./settle-moves.ts";

const database = useTestDatabase();
const SPEC = { gpu_count: 1 };
let fence: Fence;
let number = 0;
/** Two machines that no other test has, with one GPU each. */
let here: string;
let there: string;
beforeEach(async () => {
  number += 1;
  [here, there] = [`here-${number}`, `there-${number}`];
  fence = await holdShard(database.sql, 3);
  await database.sql("UPDATE machines SET state = 'cordoned', runs_containers = false");
  for (const machineId of [here, there]) await insertMachine(database.sql, machineId, { gpus: gpusOf(machineId, 1) });
});

const ask = async (container_id: number): Promise<Placement | null> =>
  inTransaction(database.pool, (sql) =>
    claimOrWait(sql, {
      container_id,
      machine_id: here,
      gpu_type: null,
      gpu_uuids: null,
      cpus: null,
      ports: [],
      ...SPEC,
    }),
  );
async function holding(): Promise<number> {
  const { container_id } = await insertContainer(database.sql, { spec: SPEC });
  expect(await ask(container_id)).not.toBeNull();
  return container_id;
}
/** After its stop was seen. */
async function release(containerId: number): Promise<void> {
  const [row] = await database.sql<{ generation: number }>(
    "SELECT generation FROM containers WHERE container_id = $1",
    [containerId],
  );
  await inTransaction(database.pool, (sql) => releaseGpus(sql, fence, containerId, row!.generation));
}
/** Begins to move to the other machine, to run there. Returns the image that it is to be made of. */
const move = (container_id: number): Promise<number> =>
  inTransaction(database.pool, async (sql) => {
    const image_id = await insertImage(sql, { phase: "Committing", source: "commit" });
    const spec = ContainerSpec.parse(SPEC);
    await claimMove(sql, {
      container_id,
      machine_id: there,
      gpu_type: null,
      cpus: null,
      ports: [],
      ...SPEC,
      spec,
      image_id,
      runs: true,
    });
    await sql("UPDATE containers SET move_number = move_number + 1 WHERE container_id = $1", [container_id]);
    return image_id;
  });
const settle = (): Promise<string[]> => inTransaction(database.pool, settleMoves);
const setPhase = (imageId: number, phase: string) =>
  database.sql("UPDATE image_status SET phase = $2 WHERE image_id = $1", [imageId, phase]);
const fail = async (imageId: number): Promise<string[]> => {
  await setPhase(imageId, "Failed");
  return settle();
};
const heldBy = async (containerId: number): Promise<string[]> =>
  (
    await database.sql<{ gpu_uuid: string }>("SELECT gpu_uuid FROM gpu_allocations WHERE container_id = $1", [
      containerId,
    ])
  ).map(({ gpu_uuid }) => gpu_uuid);
const waitsFor = async (containerId: number): Promise<object | undefined> =>
  (
    await database.sql<object>("SELECT machine_id, gpu_count, gpu_uuids FROM waiting_line WHERE container_id = $1", [
      containerId,
    ])
  )[0];
const toldTo = async (containerId: number): Promise<string[]> =>
  (
    await database.sql<{ reason: string }>(
      "SELECT reason FROM object_events JOIN containers c ON c.uid::text = id WHERE container_id = $1 ORDER BY event_id",
      [containerId],
    )
  ).map(({ reason }) => reason);

test("one that stays where it runs keeps its GPUs, and stands in no line", async () => {
  const container = await holding();
  await fail(await move(container));
  expect(await heldBy(container)).toEqual([`GPU-${here}-0`]);
  expect(await waitsFor(container)).toBeUndefined();
  expect(await toldTo(container)).toEqual(["MoveGivenUp"]);
});

test("one that was to start elsewhere waits for the GPUs that it was made with", async () => {
  const container = await holding();
  await release(container);
  const other = await holding();
  await fail(await move(container));
  expect(await waitsFor(container)).toEqual({ machine_id: here, gpu_count: 1, gpu_uuids: [`GPU-${here}-0`] });
  expect(await toldTo(container)).toEqual(["MoveGivenUp", "InLine"]);
  expect(await heldBy(container)).toEqual([]);
  await release(other);
  expect(await heldBy(container)).toEqual([`GPU-${here}-0`]);
});

test("one that waited in line, and had GPUs elsewhere for a while, waits again", async () => {
  const other = await holding();
  const { container_id } = await insertContainer(database.sql, { spec: SPEC });
  await database.sql("INSERT INTO placements (container_id, machine_id) VALUES ($1, $2)", [container_id, here]);
  expect(await ask(container_id)).toBeNull();
  await fail(await move(container_id));
  expect(await waitsFor(container_id)).toEqual({ machine_id: here, gpu_count: 1, gpu_uuids: [] });
  await release(other);
  expect(await heldBy(container_id)).toEqual([`GPU-${here}-0`]);
});

test("one whose GPUs are free has them at once, and one that was stopped meanwhile asks for none", async () => {
  const container = await holding();
  await release(container);
  await fail(await move(container));
  expect(await heldBy(container)).toEqual([`GPU-${here}-0`]);
  expect(await toldTo(container)).toEqual(["MoveGivenUp", "InLine", "TurnCame"]);
  await release(container);
  const image = await move(container);
  await database.sql("UPDATE containers SET desired = 'stopped' WHERE container_id = $1", [container]);
  await fail(image);
  expect(await heldBy(container)).toEqual([]);
  expect(await waitsFor(container)).toBeUndefined();
});

test("arrives on no image that is being deleted at this moment, and is given up when it is", async () => {
  const container = await holding();
  const image = await move(container);
  await setPhase(image, "Ready");
  await database.sql(
    `UPDATE container_status s SET running = false, observed_generation = generation FROM containers c
     WHERE c.container_id = s.container_id AND c.container_id = $1`,
    [container],
  );
  await inTransaction(database.pool, async (sql) => {
    await sql("UPDATE images SET desired = 'absent' WHERE image_id = $1", [image]);
    expect(await settle()).toEqual([]);
  });
  expect(await settle()).toHaveLength(1);
  expect(await toldTo(container)).toEqual(["MoveGivenUp"]);
  expect(await heldBy(container)).toEqual([`GPU-${here}-0`]);
});
