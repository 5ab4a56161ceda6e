import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { gpusOf, insertContainer, insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeAll, expect, test } from "vitest";
import type { Fence } from "../leases/fence.ts";
import { inTransaction } from "../sql.ts";
import { claimPlacement } from "./claim.ts";
import { releaseGpus, releasePlacement } from "./release.ts";

const database = useTestDatabase();
let fence: Fence;
beforeAll(async () => {
  fence = await holdShard(database.sql, 3);
  await insertMachine(database.sql, "gpu1", { gpus: gpusOf("gpu1", 8) });
});

async function claimed(): Promise<number> {
  const { container_id } = await insertContainer(database.sql);
  await inTransaction(database.pool, (sql) =>
    claimPlacement(sql, {
      container_id,
      machine_id: null,
      gpu_count: 1,
      gpu_type: null,
      gpu_uuids: null,
      cpus: null,
      ports: [{ name: "ssh", kind: "ssh", protocol: "tcp", publish: true, strip_prefix: true, container_port: 22 }],
    }),
  );
  return container_id;
}

const release = (containerId: number, generation: number, by = fence): Promise<void> =>
  inTransaction(database.pool, (sql) => releaseGpus(sql, by, containerId, generation));

async function held(containerId: number): Promise<{ gpus: number; ports: number; remembered: number }> {
  const [row] = await database.sql<{ gpus: number; ports: number; remembered: number }>(
    `SELECT (SELECT count(*)::int FROM gpu_allocations WHERE container_id = $1) AS gpus,
            (SELECT count(*)::int FROM port_allocations WHERE container_id = $1) AS ports,
            (SELECT COALESCE(sum(cardinality(gpu_uuids)), 0)::int FROM placements WHERE container_id = $1) AS remembered`,
    [containerId],
  );
  return row!;
}

test("gives GPUs back after a stop, and keeps the ports and the memory of which GPUs they were", async () => {
  const container = await claimed();
  await release(container, 1);
  expect(await held(container)).toEqual({ gpus: 0, ports: 1, remembered: 1 });
});

test("gives nothing back where a start came in between", async () => {
  const container = await claimed();
  await database.sql("UPDATE containers SET run = run + 1 WHERE container_id = $1", [container]);
  await release(container, 1);
  expect(await held(container)).toEqual({ gpus: 1, ports: 1, remembered: 1 });
});

test("gives nothing back for a holder whose lease is another's by now", async () => {
  const container = await claimed();
  await release(container, 1, { ...fence, epoch: fence.epoch - 1n });
  expect(await held(container)).toEqual({ gpus: 1, ports: 1, remembered: 1 });
});

test("gives back one container's GPUs, and no other's", async () => {
  const [one, two] = [await claimed(), await claimed()];
  await release(one, 1);
  expect(await held(two)).toEqual({ gpus: 1, ports: 1, remembered: 1 });
});

test("gives everything back after a removal", async () => {
  const container = await claimed();
  await inTransaction(database.pool, (sql) => releasePlacement(sql, container));
  expect(await held(container)).toEqual({ gpus: 0, ports: 0, remembered: 0 });
});
