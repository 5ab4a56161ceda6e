import type { Container } from "@berth/spec/container.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let li: Caller;
let container: Container;
let number = 0;

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1", gpusOf("gpu-1", 64));
  await api.addMachine("gpu-2", []);
  await api.admin.image.add({
    name: "public/base:1",
    reference: "registry.lab:5000/base:1",
    create_params: { memory: 512 },
  });
  await api.admin.image.add({ name: "public/base:2", reference: "registry.lab:5000/base:2" });
  li = (await api.addUser("li")).api;
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  const { container_id } = await li.container.create({
    name: `box-${number}`,
    image: "public/base:1",
    memory: 1_024,
    env: { MODE: "lab" },
    ports: [{ name: "ssh", kind: "ssh", container_port: 22 }],
    gpu_count: 1,
  });
  await api.db.container_status.update({
    where: { container_id },
    data: { engine_id: "e".repeat(64), running: true },
  });
  container = await li.container.get({ container_id });
});

const rowOf = ({ container_id }: Container) => api.db.containers.findUniqueOrThrow({ where: { container_id } });

test("changes limits and names in place", async () => {
  const { container_id } = container;
  const updated = await li.container.update({
    container_id,
    memory: 4_096,
    cpus: 2.5,
    name: `new-${number}`,
    display_name: "训练",
    on_loss: "fail",
  });
  expect(updated).toMatchObject({ generation: 2, name: `new-${number}`, display_name: "训练", on_loss: "fail" });
  expect(updated.spec).toEqual({ ...container.spec, memory: 4_096, cpus: 2.5 });
  expect(await rowOf(container)).toMatchObject({ recreate: null });
});

test("refuses what an engine fixes at create, and names it", async () => {
  const refused = li.container.update({
    container_id: container.container_id,
    env: { MODE: "other" },
    shm: 512,
    memory: 2_048,
  });
  await expect(refused).rejects.toMatchObject({ code: "CONFLICT", cause: { details: { fields: ["env", "shm"] } } });
  expect(await li.container.get(container)).toEqual(container);
});

test("makes the container anew by the owner's word, good up to this very generation", async () => {
  const { container_id } = container;
  const updated = await li.container.update({ container_id, env: { MODE: "other" }, recreate: "discard" });
  expect(updated).toMatchObject({ generation: 2, image_id: container.image_id, spec: { env: { MODE: "other" } } });
  expect(await rowOf(container)).toMatchObject({ recreate: "discard", recreate_generation: 2 });
});

test("takes no word for a recreate where nothing needs one", async () => {
  const { container_id } = container;
  await li.container.update({ container_id, memory: 2_048, env: { MODE: "lab" }, recreate: "preserve" });
  expect(await rowOf(container)).toMatchObject({ recreate: null, image_id: container.image_id });
});

test("keeps what is inside as an image that is still to be committed", async () => {
  const { container_id, name, uid, image_id } = container;
  const updated = await li.container.update({ container_id, shm: 256, recreate: "preserve" });
  expect(await rowOf(container)).toMatchObject({ recreate: "preserve", recreate_generation: 2 });
  expect(updated.image).toBe(`li/${name}:keep-2`);
  expect(await li.image.get({ image_id: updated.image_id })).toMatchObject({
    reference: `berth.invalid/li/${name}:keep-2`,
    source: "commit",
    parent_image_id: image_id,
    public: false,
    phase: "Waiting",
    // Its base's settings: what this container was given besides, a key say, is not for everybody who has the image.
    create_params: { memory: 512, env: {} },
    baked_env: ["MODE"],
  });
  expect(await api.db.images.findUnique({ where: { image_id: updated.image_id } })).toMatchObject({
    origin_uid: uid,
    machine_id: "ENGINE-gpu-1",
  });
  const saved = await li.image.list({ container_id: updated.container_id });
  expect(saved.items.map(({ image_id }) => image_id)).toEqual([updated.image_id]);
  const other = await li.container.create({ name: `other-${number}`, image: "public/base:1" });
  expect((await li.image.list({ container_id: other.container_id })).items).toEqual([]);
});

test("refuses to preserve while an earlier save is not done, or where there is nothing inside yet", async () => {
  const { container_id } = container;
  await li.container.update({ container_id, shm: 256, recreate: "preserve" });
  const again = li.container.update({ container_id, shm: 512, recreate: "preserve" });
  await expect(again).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("still being saved"),
  });

  const fresh = await li.container.create({ name: `fresh-${number}`, image: "public/base:1" });
  const nothing = li.container.recreate({ container_id: fresh.container_id, recreate: "preserve" });
  await expect(nothing).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("never made") });
});

describe("an image that was to be kept, and that its container turns away from", () => {
  const desiredOf = async (image_id: number) =>
    (await api.db.images.findUniqueOrThrow({ where: { image_id } })).desired;
  const preserve = ({ container_id }: Container, shm = 256) =>
    li.container.update({ container_id, shm, recreate: "preserve" });
  const moveOn = async ({ container_id }: Container) => {
    const { image_id } = await api.db.images.findFirstOrThrow({ where: { name: "public/base:2" } });
    await li.container.update({ container_id, image_id, recreate: "discard" });
  };

  test("goes, as nobody will commit it any more", async () => {
    const { image_id } = await preserve(container);
    await moveOn(container);
    expect(await desiredOf(image_id)).toBe("absent");
  });
  test("goes with its container, too", async () => {
    const { image_id } = await preserve(container);
    await li.container.delete(container);
    expect(await desiredOf(image_id)).toBe("absent");
  });
  test("stays once it is committed, as it is its owner's work", async () => {
    const { image_id } = await preserve(container);
    await api.db.image_status.update({ where: { image_id }, data: { phase: "Ready" } });
    await moveOn(container);
    expect(await desiredOf(image_id)).toBe("present");
  });
  test("stays where another container waits for it", async () => {
    const { image_id } = await preserve(container);
    const another = await li.container.create({ name: `waits-${number}`, image: "public/base:1" });
    // As a release before this one let it: now only what is Ready can be taken.
    await api.db.containers.update({ where: { container_id: another.container_id }, data: { image_id } });
    await moveOn(container);
    expect(await desiredOf(image_id)).toBe("present");
  });
  test("stays where it is to be kept still, or is no such image at all", async () => {
    const { container_id } = container;
    const { image_id } = await preserve(container);
    await li.container.update({ container_id, env: { MODE: "other" }, recreate: "discard" });
    await li.container.update({ container_id, image_id, shm: 512, recreate: "discard" });
    expect(await desiredOf(image_id)).toBe("present");
    const another = await li.container.create({ name: `other-${number}`, image: "public/base:1" });
    await moveOn(another);
    expect(await desiredOf(another.image_id)).toBe("present");
  });
});

describe("an image that was kept on one machine", () => {
  let name: string;
  let image_id: number;
  beforeEach(async () => {
    ({ image: name, image_id } = await li.container.update({
      container_id: container.container_id,
      env: { TOKEN: "secret" },
      recreate: "preserve",
    }));
    await api.db.image_status.update({ where: { image_id }, data: { phase: "Ready" } });
  });

  test("still says what is baked in once more is kept on top of it", async () => {
    const { image_id: next } = await li.container.update({
      container_id: container.container_id,
      env: { MORE: "1" },
      recreate: "preserve",
    });
    expect(await li.image.get({ image_id: next })).toMatchObject({ baked_env: ["MODE", "TOKEN"] });
  });
  test("is used by a new container there, and nowhere else", async () => {
    const made = await li.container.create({ name: `again-${number}`, image: name });
    expect(made).toMatchObject({ image_id, machine_id: "ENGINE-gpu-1" });
    const elsewhere = li.container.create({ name: `away-${number}`, image: name, machine_id: "ENGINE-gpu-2" });
    await expect(elsewhere).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("gpu-1 alone"),
    });
  });
  test("is taken by a container of that machine, and by none of another one", async () => {
    const create = (machine_id: string) =>
      li.container.create({ name: `on-${machine_id.slice(-1)}-${number}`, image: "public/base:1", machine_id });
    const take = ({ container_id }: Container) => li.container.update({ container_id, image_id, recreate: "discard" });
    expect(await take(await create("ENGINE-gpu-1"))).toMatchObject({ image_id });
    const elsewhere = take(await create("ENGINE-gpu-2"));
    await expect(elsewhere).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("gpu-1 alone"),
    });
  });
});

test("does not lose an image that was kept under the same name by an earlier container", async () => {
  const { container_id, name, uid } = container;
  const data = { name: `li/${name}:keep-2`, reference: "berth.invalid/x:1", source: "commit" };
  const { image_id } = await api.db.images.create({ data });
  const updated = await li.container.update({ container_id, shm: 256, recreate: "preserve" });
  expect(updated.image).toBe(`li/${name}:keep-2-${uid.slice(0, 8)}`);
  expect(updated.image_id).not.toBe(image_id);
});

test("moves to another image only without what is inside", async () => {
  const { container_id } = container;
  const { image_id } = await api.db.images.findFirstOrThrow({ where: { name: "public/base:2" } });
  await expect(li.container.update({ container_id, image_id })).rejects.toMatchObject({
    cause: { details: { fields: ["image_id"] } },
  });
  const preserving = li.container.update({ container_id, image_id, recreate: "preserve" });
  await expect(preserving).rejects.toMatchObject({ code: "BAD_REQUEST" });
  expect(await li.container.update({ container_id, image_id, recreate: "discard" })).toMatchObject({ image_id });
  const missing = li.container.update({ container_id, image_id: 9_999, recreate: "discard" });
  await expect(missing).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("keeps the host port of a port that stays, and gives a new one its own", async () => {
  const { container_id } = container;
  const [ssh] = container.ports;
  const ports = [
    { name: "web", kind: "http", container_port: 80 } as const,
    { name: "ssh", kind: "ssh", container_port: 22 } as const,
  ];
  const updated = await li.container.update({ container_id, ports, recreate: "discard" });
  expect(updated.ports.map((port) => port.container_port)).toEqual([80, 22]);
  expect(updated.ports[1]).toEqual(ssh);
  expect(updated.gpus).toEqual(container.gpus);
});

test("claims other GPUs at once for one that runs, and at its start for one that is stopped", async () => {
  const { container_id } = container;
  expect((await li.container.update({ container_id, gpu_count: 3, recreate: "discard" })).gpus).toHaveLength(3);
  await li.container.stop(container);
  await api.db.gpu_allocations.deleteMany({ where: { container_id } });
  expect((await li.container.update({ container_id, gpu_count: 2, recreate: "discard" })).gpus).toEqual([]);
  expect((await li.container.start({ container_id: container.container_id })).gpus).toHaveLength(2);
});

test("asks for GPUs in one way at a time", async () => {
  const { container_id } = container;
  const gpu_uuids = ["GPU-gpu-1-60", "GPU-gpu-1-61"];
  const named = await li.container.update({ container_id, gpu_uuids, recreate: "discard" });
  expect(named.spec).toMatchObject({ gpu_uuids, gpu_count: 2 });
  const counted = await li.container.update({ container_id, gpu_count: 1, recreate: "discard" });
  expect(counted.spec).toMatchObject({ gpu_uuids: null, gpu_count: 1 });
});

test("changes nothing where nothing is given", async () => {
  expect(await li.container.update({ container_id: container.container_id })).toEqual(container);
});

test("refuses a name that the owner has already", async () => {
  await li.container.create({ name: `taken-${number}`, image: "public/base:1" });
  const renamed = li.container.update({ container_id: container.container_id, name: `taken-${number}` });
  await expect(renamed).rejects.toMatchObject({ code: "CONFLICT" });
});

test("makes the same anew when it is asked to", async () => {
  const { container_id } = container;
  expect(await li.container.recreate({ container_id, recreate: "discard" })).toMatchObject({ generation: 2 });
  expect(await rowOf(container)).toMatchObject({ incarnation: 2, recreate: "discard", recreate_generation: 2 });
});

test("two changes at once are made one after the other", async () => {
  const { container_id } = container;
  await Promise.all([
    li.container.update({ container_id, memory: 2_048 }),
    li.container.update({ container_id, cpus: 4 }),
  ]);
  expect((await li.container.get(container)).spec).toMatchObject({ memory: 2_048, cpus: 4 });
});

test("writes names of fields into the audit log, never their values", async () => {
  const { container_id } = container;
  await li.container.update({ container_id, env: { TOKEN: "s3cret" }, recreate: "discard" });
  const entries = await api.db.audit_log.findMany({ where: { object_id: String(container_id), action: "update" } });
  expect(entries).toMatchObject([{ details: { fields: ["env"], recreate: "discard" } }]);
  expect(JSON.stringify(entries.map((entry) => entry.details))).not.toContain("s3cret");
});

test("asks only for the GPU that it is to get when its ports change before the change of GPU took effect", async () => {
  const { container_id } = container;
  const machine = await api.admin.machine.get({ machine_id: container.machine_id! });
  const free = machine.gpus.find(({ uuid }) => !machine.gpus_taken.includes(uuid))!;
  const gpu_uuids = [free.uuid];
  await li.container.update({ container_id, gpu_uuids, recreate: "discard" });
  const ports = [{ name: "web", kind: "http", protocol: "tcp", container_port: 80 } as const];
  await li.container.update({ container_id, ports, recreate: "discard" });
  expect(await api.db.placements.findUnique({ where: { container_id } })).toMatchObject({ gpu_uuids });
});

test("refuses a field that is not there to be set, by its name", async () => {
  const { container_id } = container;
  const misspelt = { container_id, memry: 512, uid: "mine" };
  await expect(li.container.update(misspelt)).rejects.toMatchObject({
    code: "BAD_REQUEST",
    message: "memry: There is no such field. uid: There is no such field.",
  });
});

test("stops and starts by what is desired, and asks for one more run only where it starts", async () => {
  const { container_id } = container;
  expect(await li.container.update({ container_id, desired: "running" })).toMatchObject({ generation: 1 });
  const stopped = await li.container.update({ container_id, desired: "stopped", memory: 2_048 });
  expect(stopped).toMatchObject({ desired: "stopped", spec: { memory: 2_048 } });
  await api.db.gpu_allocations.deleteMany({ where: { container_id } });
  const started = await li.container.update({ container_id, desired: "running" });
  expect(started).toMatchObject({ desired: "running", gpus: container.gpus });
  expect(await rowOf(container)).toMatchObject({ run: 2 });
});

test("remembers the GPUs of one that is stopped while its cores and ports change", async () => {
  const { container_id, gpus } = container;
  await li.container.stop(container);
  await api.db.gpu_allocations.deleteMany({ where: { container_id } });
  await li.container.update({ container_id, cpus: 4 });
  await li.container.update({ container_id, ports: [], recreate: "discard" });
  const gpu_uuids = gpus.map(({ uuid }) => uuid);
  expect(await api.db.placements.findUnique({ where: { container_id } })).toMatchObject({ gpu_uuids, ports: [] });
  expect(await api.db.gpu_allocations.count({ where: { container_id } })).toBe(0);
  expect(await li.container.start({ container_id: container.container_id })).toMatchObject({ gpus });
});

test("starts nothing whose GPUs are another's by now", async () => {
  const { container_id } = container;
  await li.container.update({ container_id, desired: "stopped" });
  await api.db.gpu_allocations.deleteMany({ where: { container_id } });
  const gpu_uuids = container.gpus.map(({ uuid }) => uuid);
  await li.container.create({ name: `thief-${number}`, image: "public/base:1", gpu_uuids });
  const started = li.container.update({ container_id, desired: "running", memory: 2_048 });
  await expect(started).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await li.container.get(container)).toMatchObject({ desired: "stopped", spec: { memory: 1_024 } });
});

test("takes another image by its name, and the one that it has as no change", async () => {
  const { container_id } = container;
  expect(await li.container.update({ container_id, image: "public/base:1" })).toMatchObject({ generation: 1 });
  const other = { container_id, image: "public/base:2" };
  await expect(li.container.update(other)).rejects.toMatchObject({ cause: { details: { fields: ["image_id"] } } });
  expect(await li.container.update({ ...other, recreate: "discard" })).toMatchObject({ image: "public/base:2" });
  await expect(li.container.update({ container_id, image: "public/none:1" })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  const both = { container_id, image: "public/base:1", image_id: container.image_id };
  await expect(li.container.update(both)).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("refuses more cores than its machine has, which no engine would give it", async () => {
  const { container_id } = container;
  await expect(li.container.update({ container_id, cpus: 16.5 })).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    message: expect.stringContaining("16 cpus at most"),
  });
  expect(await li.container.update({ container_id, cpus: 16 })).toMatchObject({ spec: { cpus: 16 } });
});
