import { lockPlacement } from "@berth/db/placement/lock.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { PortBinding, type Container } from "@berth/spec/container.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { LONG_TRANSACTION } from "../testing/long-transaction.ts";
import { untilSomeoneWaits } from "../testing/until-someone-waits.ts";

let api: InProcessApi;
let li: Caller;
let stranger: Caller;
/** Made anew with other settings, ports and GPUs; the engine container `old-<n>` is set aside. */
let container: Container;
let ref: { container_id: number };
let before: Container;
let held: string;
let number = 0;

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1", gpusOf("gpu-1", 64));
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  await api.admin.image.add({ name: "public/base:2", reference: "registry.lab:5000/base:2" });
  stranger = (await api.addUser("wang")).api;
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  held = `old-${number}`;
  li = (await api.addUser(`li-${number}`)).api;
  before = await li.container.create({
    name: `box-${number}`,
    image: "public/base:1",
    env: { MODE: "lab" },
    memory: 1_024,
    ports: [{ name: "ssh", kind: "ssh", container_port: 22 }],
    gpu_count: 1,
  });
  const { container_id } = before;
  const { image_id } = await api.db.images.findFirstOrThrow({ where: { name: "public/base:2" } });
  const gpu_uuids = [63, 62].map((index) => `GPU-gpu-1-${index - 2 * number}`);
  await li.container.update({ container_id, image_id, env: {}, ports: [], gpu_uuids, recreate: "discard" });
  await setAside(held, before);
  await giveBackSurplus();
  container = await li.container.get({ container_id });
  ref = { container_id };
});

const hours = (count: number): Date => new Date(Date.now() + count * 3_600_000);

/** As the reconciler records it. */
const setAside = (engine_id: string, made: Container, differs: { generation?: number; held_until?: Date } = {}) =>
  api.db.held_containers.create({
    data: {
      engine_id,
      container_id: made.container_id,
      machine_id: made.machine_id!,
      generation: made.generation,
      image_id: made.image_id,
      held_until: hours(24),
      spec: made.spec,
      gpu_uuids: made.gpus.map(({ uuid }) => uuid),
      ports: made.ports.map((port) => PortBinding.parse(port)),
      ...differs,
    },
  });

/** As the reconciler does once the old one is down: what the placement does not name is free. */
async function giveBackSurplus(): Promise<void> {
  const { container_id } = before;
  const placement = await api.db.placements.findUniqueOrThrow({ where: { container_id } });
  await api.db.gpu_allocations.deleteMany({ where: { container_id, gpu_uuid: { notIn: placement.gpu_uuids } } });
  await api.db.port_allocations.deleteMany({ where: { container_id } });
}

const rowOf = ({ container_id }: Container) => api.db.containers.findUniqueOrThrow({ where: { container_id } });

/** As the reconciler records that it has done what this generation asked for, or has given it up. */
const settle = (generation: number) =>
  api.db.container_status.update({ where: ref, data: { abandoned_generation: generation } });

test("goes back to what was set aside: its settings, image, GPUs and host ports", async () => {
  const restored = await li.container.restore(ref);
  expect(restored).toMatchObject({
    generation: 3,
    image_id: before.image_id,
    spec: before.spec,
    ports: before.ports,
  });
  expect(await rowOf(container)).toMatchObject({
    restore_engine_id: held,
    recreate: null,
    recreate_generation: 3,
    run: 1,
  });
  const placement = await api.db.placements.findUniqueOrThrow({ where: { container_id: container.container_id } });
  expect(placement.gpu_uuids).toEqual(before.gpus.map(({ uuid }) => uuid));
});

test("leaves the current container what it has, until it was seen to be down", async () => {
  const restored = await li.container.restore(ref);
  expect(new Set(restored.gpus.map(({ uuid }) => uuid))).toEqual(
    new Set([...before.gpus, ...container.gpus].map(({ uuid }) => uuid)),
  );
});

test("takes the one that was set aside last, or that of the generation that is named", async () => {
  const { container_id } = ref;
  // A restore sets aside what is newer, and what it brings back may be set aside again after that.
  await setAside(`${held}-b`, container, { generation: 7, held_until: hours(23) });
  await li.container.restore({ container_id });
  expect(await rowOf(container)).toMatchObject({ restore_engine_id: held });
  await settle(3);
  await li.container.restore({ container_id, generation: 7 });
  expect(await rowOf(container)).toMatchObject({ restore_engine_id: `${held}-b` });
});

test("asks for the same again where it is sent twice, though what it replaces is the newest that is held by then", async () => {
  const { container_id } = ref;
  const asked = { generation: 3, spec: before.spec };
  expect(await li.container.restore(ref)).toMatchObject(asked);
  await setAside(`${held}-b`, container, { generation: 2 });
  expect(await li.container.restore(ref)).toMatchObject(asked);
  expect(await li.container.restore({ container_id, generation: before.generation })).toMatchObject(asked);
  // Nor once its hold is forgotten, as the engine lost what it holds: that it was asked for stays true.
  await api.db.held_containers.delete({ where: { engine_id: held } });
  expect(await li.container.restore(ref)).toMatchObject(asked);
  expect(await rowOf(container)).toMatchObject({ restore_engine_id: held, generation: 3 });
});

test("takes no word for another restore before it is done", async () => {
  const { container_id } = ref;
  await li.container.restore(ref);
  await setAside(`${held}-b`, container, { generation: 2 });
  const other = { container_id, generation: 2 };
  await expect(li.container.restore(other)).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("still being restored"),
  });
  expect(await rowOf(container)).toMatchObject({ restore_engine_id: held, generation: 3 });
  await settle(3);
  await li.container.restore(other);
  expect(await rowOf(container)).toMatchObject({ restore_engine_id: `${held}-b`, generation: 4 });
});

test("leaves a later recreate an incarnation of its own, whatever it went back to", async () => {
  const { container_id } = ref;
  const seen = [(await rowOf(container)).incarnation];
  for (let generation = 3; generation <= 5; generation += 2) {
    await li.container.restore(ref);
    expect(await rowOf(container)).toMatchObject({ incarnation: 0 });
    await settle(generation);
    await li.container.recreate({ container_id, recreate: "discard" });
    const { incarnation } = await rowOf(container);
    expect(seen).not.toContain(incarnation);
    seen.push(incarnation);
  }
});

test("drops an image that was to be kept for what it replaces, where that is not committed yet", async () => {
  const { container_id } = ref;
  await api.db.container_status.update({ where: ref, data: { engine_id: `new-${number}` } });
  const { image_id } = await li.container.update({ container_id, shm: 256, recreate: "preserve" });
  await li.container.restore(ref);
  expect(await api.db.images.findUnique({ where: { image_id } })).toMatchObject({ desired: "absent" });
  expect(await li.container.get(ref)).toMatchObject({ image_id: before.image_id });
});

test("keeps nobody waiting for a place while it waits for the image that it drops", async () => {
  await api.db.container_status.update({ where: ref, data: { engine_id: `new-${number}` } });
  const { image_id } = await li.container.update({ ...ref, shm: 256, recreate: "preserve" });
  let restored: Promise<Container> | undefined;
  await api.db.$transaction(async (tx) => {
    const sql = prismaSql(tx);
    await sql("SELECT 1 FROM images WHERE image_id = $1 FOR SHARE", [image_id]);
    restored = li.container.restore(ref);
    await untilSomeoneWaits(api.services.sql);
    await sql("SET LOCAL lock_timeout = '500ms'");
    await lockPlacement(sql);
  }, LONG_TRANSACTION);
  expect(await restored).toMatchObject({ image_id: before.image_id });
});

test("has nothing to restore where nothing is held, or not any more, or not of that generation", async () => {
  const { container_id } = container;
  await expect(li.container.restore({ container_id, generation: 9 })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await api.db.held_containers.update({ where: { engine_id: held }, data: { held_until: hours(-1) } });
  await expect(li.container.restore({ container_id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await api.db.held_containers.delete({ where: { engine_id: held } });
  await expect(li.container.restore({ container_id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await li.container.get(container)).toMatchObject({ generation: container.generation });
});

test("refuses what nobody noted the settings of", async () => {
  await api.db.$executeRaw`UPDATE held_containers SET spec = NULL WHERE engine_id = ${held}`;
  await expect(li.container.restore(ref)).rejects.toMatchObject({ code: "CONFLICT" });
});

test("is another's business to nobody", async () => {
  await expect(stranger.container.restore(ref)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await api.admin.container.restore(ref)).toMatchObject({ spec: before.spec });
});

test("names what another container has by now, and changes nothing", async () => {
  const [gpu] = before.gpus;
  const [port] = before.ports;
  await li.container.create({ name: `thief-${number}`, image: "public/base:1", gpu_uuids: [gpu!.uuid] });
  const { container_id } = await li.container.create({ name: `guest-${number}`, image: "public/base:1" });
  const { machine_id, protocol, host_port } = { machine_id: before.machine_id!, ...port! };
  await api.db.port_allocations.create({ data: { machine_id, protocol, host_port, container_id } });
  await expect(li.container.restore(ref)).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining(gpu!.uuid),
    cause: { details: { gpu_uuids: [gpu!.uuid], ports: [`tcp/${host_port}`] } },
  });
  expect(await li.container.get(container)).toEqual(container);

  await api.db.port_allocations.deleteMany({ where: { container_id } });
  // One that is stopped needs no GPU before it is started.
  await li.container.stop(container);
  expect(await li.container.restore(ref)).toMatchObject({ desired: "stopped", spec: before.spec });
  await expect(li.container.start({ container_id: container.container_id })).rejects.toMatchObject({
    code: "CONFLICT",
  });
});

test("counts in its owner's quota", async () => {
  const { user_id } = container;
  await api.db.users.update({ where: { user_id }, data: { quota: { gpus: 2, containers: null, storage: null } } });
  await api.db.gpu_allocations.deleteMany({ where: ref });
  const full = await li.container.create({ name: `full-${number}`, image: "public/base:1", gpu_count: 2 });
  await expect(li.container.restore(ref)).rejects.toMatchObject({ code: "CONFLICT" });
  await api.db.gpu_allocations.deleteMany({ where: { container_id: full.container_id } });
  expect(await li.container.restore(ref)).toMatchObject({ gpus: before.gpus });
});

test("gives no GPU to one that has done its work, before it is started again", async () => {
  const { container_id } = container;
  await api.db.gpu_allocations.deleteMany({ where: { container_id } });
  await api.db.container_status.update({ where: { container_id }, data: { completed_run: 1 } });
  expect((await li.container.restore(ref)).gpus).toEqual([]);
  expect((await li.container.start({ container_id: container.container_id })).gpus).toEqual(before.gpus);
});

test("takes no word for a recreate before it is done, and is over with the next one", async () => {
  const { container_id } = container;
  await li.container.restore(ref);
  await expect(li.container.recreate({ container_id, recreate: "discard" })).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("still being restored"),
  });
  expect(await li.container.update({ container_id, memory: 2_048 })).toMatchObject({ generation: 4 });
  await settle(3);
  await li.container.recreate({ container_id, recreate: "discard" });
  expect(await rowOf(container)).toMatchObject({ restore_engine_id: null, recreate: "discard" });
});

test("is in the audit log with the generation that it brings back", async () => {
  await li.container.restore(ref);
  const entries = await api.db.audit_log.findMany({
    where: { object_id: String(container.container_id), action: "restore" },
  });
  expect(entries).toMatchObject([{ details: { generation: before.generation } }]);
});
