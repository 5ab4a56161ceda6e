import { insertImage } from "@berth/testbed/rows/insert-rows.ts";
import { advanceLine } from "@berth/db/placement/advance-line.ts";
import { prismaSql } from "@berth/db/sql.ts";
import type { Container } from "@berth/spec/container.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let li: Caller;
let number = 0;
beforeEach(async () => {
  api = await openInProcessApi();
  await insertImage(prismaSql(api.db), { name: "public/base:1" });
  li = (await api.addUser("li")).api;
});
afterEach(() => api.close());

type Wish = Omit<Parameters<Caller["container"]["create"]>[0], "name">;
const create = (wish: Wish = {}, by = li): Promise<Container> =>
  by.container.create({ name: `job-${(number += 1)}`, image: "public/base:1", ...wish });
/** What a reconciler does once it has seen it stop. */
const giveGpusBack = async ({ container_id }: Container): Promise<void> => {
  await api.db.$transaction(async (tx) => {
    await tx.gpu_allocations.deleteMany({ where: { container_id } });
    await advanceLine(prismaSql(tx));
  });
};
const ref = ({ container_id }: Container) => ({ container_id });

test("a container whose GPUs are not free waits, says where it stands, and is placed when its turn comes", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  const first = await create({ gpu_count: 2 });
  const second = await create({ gpu_count: 1, gpu_type: "RTX 4090" });
  const third = await create({ gpu_count: 1, gpu_type: "RTX 4090" });
  expect(second).toMatchObject({ phase: "Waiting", desired: "running", machine_id: null, waiting: { place: 1 } });
  expect(third).toMatchObject({
    message: expect.stringContaining("Waits in line: 1 before it."),
    waiting: { place: 2 },
    connect: { ssh: null },
  });
  await li.container.stop(ref(first));
  await giveGpusBack(first);
  expect(await li.container.get(ref(second))).toMatchObject({
    waiting: null,
    phase: "Pending",
    machine_id: "ENGINE-gpu-1",
  });
  expect(await li.container.get(ref(third))).toMatchObject({ waiting: null, gpus: [{ index: 1 }] });
});

test("stopping or deleting one that waits takes it out of the line, and those behind it move on", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  await create({ gpu_count: 1 });
  const [stopped, deleted, last] = [
    await create({ gpu_count: 2 }),
    await create({ gpu_count: 2 }),
    await create({ gpu_count: 1 }),
  ];
  expect(await li.container.stop(ref(stopped))).toMatchObject({ phase: "Stopped", waiting: null, machine_id: null });
  expect(await li.container.get(ref(deleted))).toMatchObject({ waiting: { place: 1 } });
  expect(await li.container.delete(ref(deleted))).toMatchObject({ desired: "removed", waiting: null });
  expect(await li.container.get(ref(last))).toMatchObject({ waiting: null, gpus: [{ index: 1 }] });
  expect(await li.container.start({ ...ref(stopped), if_busy: "wait" })).toMatchObject({
    phase: "Waiting",
    waiting: { place: 1 },
  });
});

test("a start waits for the very GPUs that the container was made with, and keeps its place when asked again", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  const own = await create({ gpu_count: 1 });
  expect(own.gpus).toMatchObject([{ index: 0 }]);
  await li.container.stop(ref(own));
  await giveGpusBack(own);
  const other = await create({ gpu_uuids: ["GPU-gpu-1-0"] });
  await expect(li.container.start(ref(own))).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("if_busy: wait"),
  });
  const waiting = await li.container.start({ ...ref(own), if_busy: "wait" });
  expect(waiting).toMatchObject({ phase: "Waiting", machine_id: "ENGINE-gpu-1", desired: "running" });
  const { asked_at } = (await li.container.start({ ...ref(own), if_busy: "wait" })).waiting!;
  expect(asked_at).toBe(waiting.waiting!.asked_at);
  // The free GPU is nothing that it could use.
  expect(await create({ gpu_count: 1 })).toMatchObject({ gpus: [{ index: 1 }] });
  await li.container.stop(ref(other));
  await giveGpusBack(other);
  expect(await li.container.get(ref(own))).toMatchObject({ waiting: null, gpus: [{ index: 0 }] });
});

test("a start that is refused tells who has its GPUs, and by which container only to who may see that", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  const own = await create({ gpu_count: 2 });
  await li.container.stop(ref(own));
  await giveGpusBack(own);
  const second = await create({ gpu_uuids: ["GPU-gpu-1-1"] });
  await create({ gpu_uuids: ["GPU-gpu-1-0"] }, (await api.addUser("wang")).api);
  const holders = [
    { gpu_uuid: "GPU-gpu-1-0", index: 0, type: "RTX 4090", account: "wang", name: null },
    { gpu_uuid: "GPU-gpu-1-1", index: 1, type: "RTX 4090", account: "li", name: second.name },
  ];
  const gpu_uuids = ["GPU-gpu-1-0", "GPU-gpu-1-1"];
  await expect(li.container.start(ref(own))).rejects.toMatchObject({ cause: { details: { gpu_uuids, holders } } });
  await expect(li.container.restart(ref(own))).rejects.toMatchObject({ cause: { details: { holders } } });
  // Never made before: any two would do.
  const later = await create({ gpu_count: 2, desired: "stopped" });
  await expect(li.container.start(ref(later))).rejects.toMatchObject({ cause: { details: { holders } } });
});

test("a start with the owner's word for a recreate takes other GPUs, or waits for any on its machine", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  const own = await create({ gpu_count: 1 });
  await li.container.stop(ref(own));
  await giveGpusBack(own);
  await create({ gpu_uuids: ["GPU-gpu-1-0"] });
  const started = await li.container.start({ ...ref(own), recreate: "discard" });
  expect(started).toMatchObject({ desired: "running", gpus: [{ index: 1 }] });
  const { recreate } = (await api.db.containers.findUnique({ where: ref(own) }))!;
  expect(recreate).toBe("discard");
});

test("a start without GPUs needs the owner's word, and asks for none from then on", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 1));
  const own = await create({ gpu_count: 1 });
  await li.container.stop(ref(own));
  await giveGpusBack(own);
  await create({ gpu_count: 1 });
  const start = (recreate?: "discard") =>
    li.container.start({ ...ref(own), if_busy: "without_gpu", ...(recreate && { recreate }) });
  await expect(start()).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("recreate") });
  expect(await start("discard")).toMatchObject({ desired: "running", spec: { gpu_count: 0 }, gpus: [], waiting: null });
});

test("a start without GPUs also helps where the owner's quota of GPUs is used up", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  const own = await create({ gpu_count: 1 });
  await li.container.stop(ref(own));
  await giveGpusBack(own);
  await create({ gpu_uuids: ["GPU-gpu-1-1"] });
  await api.admin.user.update({ user_id: own.user_id, quota: { gpus: 1, containers: null } });
  await expect(li.container.start(ref(own))).rejects.toMatchObject({ cause: { details: { limit: "gpus" } } });
  const started = await li.container.start({ ...ref(own), if_busy: "without_gpu", recreate: "discard" });
  expect(started).toMatchObject({ desired: "running", spec: { gpu_count: 0 }, gpus: [] });
});

test("who waits and asks for other GPUs goes to the end of the line, and who asks for fewer may be served", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  await create({ gpu_count: 1 });
  const first = await create({ gpu_count: 2 });
  const second = await create({ gpu_count: 2 });
  await li.container.update({ ...ref(second), name: "renamed", memory: 512 });
  expect(await li.container.get(ref(second))).toMatchObject({ name: "renamed", waiting: { place: 2 } });
  const changed = await li.container.update({ ...ref(first), gpu_type: "RTX 4090", recreate: "discard" });
  expect(changed).toMatchObject({ waiting: { place: 1 } });
  expect(await li.container.get(ref(second))).toMatchObject({ waiting: { place: 1 } });
  await li.container.stop(ref(second));
  const fewer = await li.container.update({ ...ref(first), gpu_count: 1, recreate: "discard" });
  expect(fewer).toMatchObject({ waiting: null, gpus: [{ index: 1 }] });
});

test("one that is on no machine yet is asked for on another one, and moves on there at once", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 1));
  await api.addMachine("gpu-2", gpusOf("gpu-2", 1));
  const first = await create({ gpu_count: 1, machine_id: "ENGINE-gpu-1" });
  const waiting = await create({ gpu_count: 1, machine_id: "ENGINE-gpu-1" });
  expect(waiting).toMatchObject({ phase: "Waiting" });
  const ask = (machine_id: string | null, { container_id } = waiting) =>
    li.container.update({ container_id, machine_id });
  await expect(ask("ENGINE-gpu-2", first)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await ask("ENGINE-gpu-1", first)).toMatchObject({ machine_id: "ENGINE-gpu-1", generation: 1 });
  await expect(ask("ENGINE-gpu-9")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await ask("ENGINE-gpu-2")).toMatchObject({ waiting: null, machine_id: "ENGINE-gpu-2", gpus: [{ index: 0 }] });
});

test("one that was stopped in line for a machine that is gone is asked for anywhere, and starts", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 1));
  await create({ gpu_count: 1 });
  const waiting = await create({ gpu_count: 1, machine_id: "ENGINE-gpu-1" });
  await li.container.stop(ref(waiting));
  await api.db.machine_status.update({ where: { machine_id: "ENGINE-gpu-1" }, data: { online: false } });
  await api.admin.machine.remove({ machine_id: "ENGINE-gpu-1", force: true });
  await api.addMachine("gpu-2", gpusOf("gpu-2", 1));
  await expect(li.container.start(ref(waiting))).rejects.toMatchObject({ code: "NOT_FOUND" });
  await li.container.update({ ...ref(waiting), machine_id: null });
  expect(await li.container.start(ref(waiting))).toMatchObject({ machine_id: "ENGINE-gpu-2" });
});

test("a GPU that an admin shares has as many holders as was said, and who holds it keeps it", async () => {
  const machine = await api.addMachine("gpu-1", gpusOf("gpu-1", 1));
  const { machine_id } = machine;
  await api.admin.machine.update({ machine_id, shared_gpus: { "GPU-gpu-1-0": 2 } });
  const [first, second] = [await create({ gpu_count: 1 }), await create({ gpu_count: 1 })];
  expect([first.gpus, second.gpus]).toMatchObject([[{ index: 0 }], [{ index: 0 }]]);
  const third = await create({ gpu_count: 1 });
  expect(third.phase).toBe("Waiting");
  const after = await api.admin.machine.update({ machine_id, shared_gpus: {} });
  expect(after).toMatchObject({ shared_gpus: {}, gpus_taken: ["GPU-gpu-1-0"], waiting: 0 });
  await li.container.stop(ref(first));
  await giveGpusBack(first);
  expect(await li.container.get(ref(third))).toMatchObject({ waiting: { place: 1 } });
  await li.container.stop(ref(second));
  await giveGpusBack(second);
  expect(await li.container.get(ref(third))).toMatchObject({ waiting: null, gpus: [{ index: 0 }] });
});

test("what waits counts in its owner's quota", async () => {
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  const { user_id } = await li.user.me();
  await api.admin.user.update({ user_id, quota: { gpus: 3, containers: null } });
  await create({ gpu_count: 2 }, (await api.addUser("wang")).api);
  const waiting = await create({ gpu_count: 2 });
  expect(waiting.phase).toBe("Waiting");
  await expect(create({ gpu_count: 2 })).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining(waiting.name),
  });
  expect(await create({ gpu_count: 1 })).toMatchObject({ phase: "Waiting" });
});

test(
  "one named GPU that 1,000 ask for at once goes to exactly one, and the rest hear 409",
  { timeout: 120_000 },
  async () => {
    await api.addMachine("gpu-1", gpusOf("gpu-1", 1));
    const asked = Array.from({ length: 1_000 }, () => create({ gpu_uuids: ["GPU-gpu-1-0"] }));
    const outcomes = await Promise.allSettled(asked);
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as { code: string }] : [],
    );
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(["CONFLICT"]));
    expect(refusals).toHaveLength(999);
  },
);

test(
  "of 1,000 that ask at once for a GPU of a type 8 are held and 992 wait in the order of their places",
  { timeout: 120_000 },
  async () => {
    await api.addMachine("gpu-1", gpusOf("gpu-1", 8));
    const containers = await Promise.all(
      Array.from({ length: 1_000 }, () => create({ gpu_count: 1, gpu_type: "RTX 4090" })),
    );
    const held = containers.filter(({ waiting }) => waiting === null);
    expect(new Set(held.flatMap(({ gpus }) => gpus.map(({ uuid }) => uuid))).size).toBe(8);
    const places = containers.flatMap(({ waiting }) => (waiting ? [waiting.place] : []));
    expect(places.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 992 }, (_, place) => place + 1));
  },
);
