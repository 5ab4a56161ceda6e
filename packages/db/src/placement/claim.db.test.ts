import { gpusOf, insertContainer, insertMachine, type MachineDiffers } from "@berth/testbed/rows/insert-rows.ts";
import { mapConcurrently } from "@berth/testbed/rows/map-concurrently.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import type { ContainerPort } from "@berth/spec/create-params.ts";
import { beforeEach, expect, test } from "vitest";
import { inTransaction } from "../sql.ts";
import { type ClaimRequest, claimPlacement, type Placement, writeClaims } from "./claim.ts";
import { claimAgain } from "./claim-again.ts";

const database = useTestDatabase();
/** Each test has its own machines: none of another test is a candidate. */
beforeEach(async () => {
  await database.sql("UPDATE machines SET state = 'cordoned', runs_containers = false");
});

const claim = (container_id: number, differs: Partial<ClaimRequest> = {}): Promise<Placement> =>
  inTransaction(database.pool, (sql) =>
    claimPlacement(sql, {
      container_id,
      machine_id: null,
      gpu_count: 0,
      gpu_type: null,
      gpu_uuids: null,
      cpus: null,
      ports: [],
      ...differs,
    }),
  );
async function claimNew(differs: Partial<ClaimRequest> = {}): Promise<Placement & { container_id: number }> {
  const { container_id } = await insertContainer(database.sql);
  return { container_id, ...(await claim(container_id, differs)) };
}
const machine = (machineId: string, gpus: number, differs: MachineDiffers = {}) =>
  insertMachine(database.sql, machineId, { gpus: gpusOf(machineId, gpus), ...differs });
const port = (name: string, container_port: number): ContainerPort => ({
  name,
  kind: "tcp",
  protocol: "tcp",
  container_port,
  publish: true,
  strip_prefix: true,
});

const CONFLICT = { code: "CONFLICT" };
const UNPROCESSABLE = { code: "UNPROCESSABLE" };

test("fills the fullest machine that fits, so that whole machines stay free", async () => {
  await machine("fit-a", 8);
  await machine("fit-b", 4);
  await machine("fit-c", 2);
  expect(await claimNew({ gpu_count: 1 })).toMatchObject({ machine_id: "fit-c", gpu_uuids: ["GPU-fit-c-0"] });
  expect(await claimNew({ gpu_count: 2 })).toMatchObject({ machine_id: "fit-b" });
  expect(await claimNew({ gpu_count: 1 })).toMatchObject({ machine_id: "fit-c", gpu_uuids: ["GPU-fit-c-1"] });
  expect(await claimNew({ gpu_count: 2 })).toMatchObject({ machine_id: "fit-b" });
  expect(await claimNew({ gpu_count: 8 })).toMatchObject({ machine_id: "fit-a" });
  await expect(claimNew({ gpu_count: 1 })).rejects.toMatchObject(CONFLICT);
});

test("takes only machines that may serve it, whatever is fuller", async () => {
  await machine("may-a", 8);
  await machine("may-b", 2);
  expect(await claimNew({ gpu_count: 1, machine_ids: ["may-a"] })).toMatchObject({ machine_id: "may-a" });
  expect(await claimNew({ gpu_count: 1, machine_ids: null })).toMatchObject({ machine_id: "may-b" });
  await expect(claimNew({ gpu_count: 4, machine_ids: ["may-b"] })).rejects.toMatchObject(UNPROCESSABLE);
});

test("puts what needs no GPU where GPUs are fewest, then where containers are fewest", async () => {
  await machine("plain-a", 0);
  await machine("plain-b", 0);
  await machine("plain-gpu", 4);
  const machines = [await claimNew(), await claimNew(), await claimNew()].map(({ machine_id }) => machine_id);
  expect(machines).toEqual(["plain-a", "plain-b", "plain-a"]);
});

test("gives GPUs of the type that was asked for", async () => {
  const gpus = [...gpusOf("mixed", 2, "A100"), { ...gpusOf("mixed", 3, "RTX 4090")[2]!, index: 2 }];
  await machine("mixed", 0, { gpus });
  expect(await claimNew({ gpu_count: 1, gpu_type: "RTX 4090" })).toMatchObject({ gpu_uuids: ["GPU-mixed-2"] });
  await expect(claimNew({ gpu_count: 1, gpu_type: "RTX 4090" })).rejects.toMatchObject(CONFLICT);
  await expect(claimNew({ gpu_count: 2, gpu_type: "RTX 4090" })).rejects.toMatchObject(UNPROCESSABLE);
  await expect(claimNew({ gpu_count: 1, gpu_type: "H200" })).rejects.toMatchObject(UNPROCESSABLE);
});

test("gives the very GPUs that were named, and CONFLICT where one is taken", async () => {
  await machine("named", 4);
  const wanted = ["GPU-named-3", "GPU-named-1"];
  expect(await claimNew({ gpu_count: 2, gpu_uuids: wanted })).toMatchObject({ machine_id: "named", gpu_uuids: wanted });
  const taken = claimNew({ gpu_count: 2, gpu_uuids: ["GPU-named-0", "GPU-named-1"] });
  await expect(taken).rejects.toMatchObject({ ...CONFLICT, details: { machine_ids: ["named"] } });
  expect(await claimNew({ gpu_count: 2 })).toMatchObject({ gpu_uuids: ["GPU-named-0", "GPU-named-2"] });
});

test("refuses for good what no machine has", async () => {
  await machine("small-a", 2);
  await machine("small-b", 2);
  await expect(claimNew({ gpu_count: 3 })).rejects.toMatchObject(UNPROCESSABLE);
  await expect(claimNew({ gpu_count: 1, gpu_uuids: ["GPU-nowhere"] })).rejects.toMatchObject(UNPROCESSABLE);
  const split = ["GPU-small-a-0", "GPU-small-b-0"];
  await expect(claimNew({ gpu_count: 2, gpu_uuids: split })).rejects.toMatchObject(UNPROCESSABLE);
  await expect(claimNew({ machine_id: "no-such-machine" })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("puts nothing new on a machine that is cordoned, only builds, or was not asked for by name while it is away", async () => {
  await machine("cordoned", 4, { state: "cordoned" });
  await machine("builder", 4, { runs_containers: false });
  await machine("away", 1, { online: false });
  await expect(claimNew({ machine_id: "cordoned" })).rejects.toMatchObject(CONFLICT);
  await expect(claimNew({ machine_id: "builder" })).rejects.toMatchObject(CONFLICT);
  await expect(claimNew({ gpu_count: 1 })).rejects.toMatchObject(CONFLICT);
  await expect(claimNew()).rejects.toMatchObject(CONFLICT);
  expect(await claimNew({ machine_id: "away", gpu_count: 1 })).toMatchObject({ machine_id: "away" });
});

test("lets a container claim again on its machine after that was cordoned", async () => {
  await machine("later-cordoned", 2);
  const { container_id } = await claimNew({ gpu_count: 1 });
  await database.sql("UPDATE machines SET state = 'cordoned' WHERE machine_id = 'later-cordoned'");
  expect(await claim(container_id, { gpu_count: 2 })).toMatchObject({ machine_id: "later-cordoned" });
});

test("keeps a container's machine and, where it can, its GPUs when it claims again", async () => {
  await machine("again-a", 4);
  const { container_id } = await claimNew({ gpu_count: 2, gpu_uuids: ["GPU-again-a-1", "GPU-again-a-3"] });
  await machine("again-b", 1);
  const again = await claim(container_id, { gpu_count: 3 });
  expect(again.machine_id).toBe("again-a");
  expect(again.gpu_uuids.toSorted()).toEqual(["GPU-again-a-0", "GPU-again-a-1", "GPU-again-a-3"]);
  expect((await claim(container_id, { gpu_count: 1 })).gpu_uuids).toEqual(["GPU-again-a-0"]);
});

test("keeps the host port of a port that stays over every change", async () => {
  await machine("ports", 0, { ports: { first: 30_000, last: 30_004 } });
  const [ssh, web, log] = [port("ssh", 22), port("web", 80), port("log", 90)];
  const hosts = (placement: Placement): [string, number][] => placement.ports.map((one) => [one.name, one.host_port]);
  const first = await claimNew({ ports: [ssh, web] });
  expect(hosts(first)).toEqual([
    ["ssh", 30_000],
    ["web", 30_001],
  ]);
  await claimNew({ ports: [ssh] });
  expect(hosts(await claim(first.container_id, { ports: [log, web] }))).toEqual([
    ["log", 30_000],
    ["web", 30_001],
  ]);
  const udp = { ...port("dns", 80), protocol: "udp" as const };
  expect(hosts(await claim(first.container_id, { ports: [web, udp] }))).toEqual([
    ["web", 30_001],
    ["dns", 30_000],
  ]);
});

test("takes another machine where the best one's ports are all taken, and says CONFLICT where every one's are", async () => {
  await machine("full-a", 1, { ports: { first: 30_000, last: 30_000 } });
  await machine("full-b", 2, { ports: { first: 30_000, last: 30_000 } });
  await claimNew({ machine_id: "full-a", ports: [port("ssh", 22)] });
  expect(await claimNew({ gpu_count: 1, ports: [port("ssh", 22)] })).toMatchObject({ machine_id: "full-b" });
  const exhausted = claimNew({ gpu_count: 1, ports: [port("ssh", 22)] });
  await expect(exhausted).rejects.toMatchObject({ ...CONFLICT, message: expect.stringContaining("full-a, full-b") });
});

test("leaves everything as it was where a claim fails", async () => {
  await machine("whole", 2, { ports: { first: 30_000, last: 30_000 } });
  const { container_id } = await claimNew({ gpu_count: 1, ports: [port("ssh", 22)] });
  const before = await database.sql("SELECT * FROM gpu_allocations WHERE container_id = $1", [container_id]);
  await expect(claim(container_id, { gpu_count: 3 })).rejects.toMatchObject(UNPROCESSABLE);
  await expect(claim(container_id, { ports: [port("ssh", 22), port("web", 80)] })).rejects.toMatchObject(CONFLICT);
  expect(await database.sql("SELECT * FROM gpu_allocations WHERE container_id = $1", [container_id])).toEqual(before);
});

test("gives one GPU that 200 ask for at once to exactly one, and says CONFLICT to the rest", async () => {
  await machine("race", 1);
  const containers = await mapConcurrently(Array.from({ length: 200 }), () => insertContainer(database.sql));
  const refused = await mapConcurrently(containers, ({ container_id }) =>
    claim(container_id, { gpu_count: 1, gpu_uuids: ["GPU-race-0"] }).then(
      () => [],
      (error: { code: string }) => [error.code],
    ),
  );
  expect(refused.flat()).toEqual(Array(199).fill("CONFLICT"));
  expect(await database.sql("SELECT 1 FROM gpu_allocations WHERE machine_id = 'race'")).toEqual([{ "?column?": 1 }]);
});

test("gives ports that many ask for at once to each its own", async () => {
  await machine("port-race", 0, { ports: { first: 40_000, last: 40_019 } });
  const given = await mapConcurrently(Array.from({ length: 30 }), () =>
    claimNew({ ports: [port("ssh", 22)] }).then(
      ({ ports }) => [ports[0]!.host_port],
      () => [],
    ),
  );
  expect(given.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => 40_000 + i));
});

test("never has a GPU that its machine does not tell of held by more than may share it", async () => {
  await machine("lost", 2);
  await database.sql(`UPDATE machines SET shared_gpus = '{"GPU-lost-1": 2}' WHERE machine_id = 'lost'`);
  const again = (container_id: number, gpu_uuids: string[]): Promise<void> =>
    inTransaction(database.pool, (sql) => claimAgain(sql, { container_id, gpu_uuids, ports: [], runs: true }));
  const others = [await claimNew({ gpu_count: 1 }), await claimNew({ gpu_count: 1 })];
  expect(others.map(({ gpu_uuids }) => gpu_uuids)).toEqual([["GPU-lost-0"], ["GPU-lost-1"]]);
  const { container_id } = await claimNew({ machine_id: "lost" });
  await database.sql("UPDATE machine_status SET gpus = '[]' WHERE machine_id = 'lost'");
  await expect(again(container_id, ["GPU-lost-0"])).rejects.toMatchObject({
    ...CONFLICT,
    details: { gpu_uuids: ["GPU-lost-0"] },
  });
  await again(container_id, ["GPU-lost-1"]);
  expect(await database.sql("SELECT slot FROM gpu_allocations WHERE container_id = $1", [container_id])).toEqual([
    { slot: 1 },
  ]);
});

test("the database itself refuses a second holder of a GPU that is not shared", async () => {
  await machine("guarded", 1);
  const { ports } = await claimNew({ gpu_count: 1 });
  const { container_id } = await claimNew({ machine_id: "guarded" });
  const placement = { machine_id: "guarded", gpu_uuids: ["GPU-guarded-0"], ports };
  await expect(writeClaims(database.sql, container_id, placement, placement.gpu_uuids)).rejects.toThrow("slot");
});
