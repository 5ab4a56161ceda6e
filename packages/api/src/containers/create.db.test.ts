import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let li: Caller;
let number = 0;
/** A name that no other test has. */
let name: string;

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1", gpusOf("gpu-1", 4));
  await api.admin.image.add({
    name: "public/base:1",
    reference: "registry.lab:5000/base:1",
    create_params: {
      env: { LANG: "C.UTF-8", MODE: "lab" },
      ports: [
        { name: "ssh", kind: "ssh", protocol: "tcp", container_port: 22 },
        { name: "jupyter", kind: "http", protocol: "tcp", container_port: 8888 },
      ],
      memory: 2_048,
      restart: "no",
      command: null,
      entrypoint: null,
      working_dir: "/work",
      tty: true,
      gpu_count: 0,
      gpu_type: null,
      cpus: null,
      shm: null,
    },
  });
  li = (await api.addUser("li")).api;
});
afterAll(() => api.close());
beforeEach(() => {
  number += 1;
  name = `box-${number}`;
});

const freeGpus = async (): Promise<number> => {
  const machine = await api.admin.machine.get({ machine_id: "ENGINE-gpu-1" });
  return machine.gpus.length - machine.gpus_taken.length;
};

test("answers with the wish, its place, and how to get in", async () => {
  const container = await li.container.create({ name, image: "public/base:1" });
  expect(container).toMatchObject({
    name,
    account: "li",
    machine_id: "ENGINE-gpu-1",
    simulated: true,
    image: "public/base:1",
    status: false,
    desired: "running",
    phase: "Pending",
    generation: 1,
    gpus: [],
    held: [],
  });
  const [ssh, jupyter] = container.ports;
  expect(container.connect).toEqual({
    ssh: `ssh -p ${ssh?.host_port} root@gpu-1`,
    gateway: null,
    gateway_fingerprint: null,
    urls: [`http://gpu-1:${jupyter?.host_port}`],
  });
});

test("wakes the reconciler and writes the audit log", async () => {
  const { uid, container_id } = await li.container.create({ name, image: "public/base:1" });
  expect(await api.db.dirty.findFirst({ where: { noun: "container", id: uid } })).toMatchObject({ generation: 1 });
  const where = { noun: "container", object_id: String(container_id) };
  expect(await api.db.audit_log.findMany({ where })).toMatchObject([
    { action: "create", account: "li", address: "10.0.0.9", details: { name, image: "public/base:1" } },
  ]);
});

test("takes from the image's dictionary what the request leaves out, and merges variables by name", async () => {
  const { spec } = await li.container.create({
    name,
    image: "public/base:1",
    env: { MODE: "mine", MORE: "1" },
    memory: 512,
  });
  expect(spec).toMatchObject({
    env: { LANG: "C.UTF-8", MODE: "mine", MORE: "1" },
    memory: 512,
    restart: "no",
    working_dir: "/work",
    gpu_count: 0,
  });
  expect(spec.ports.map((port) => port.name)).toEqual(["ssh", "jupyter"]);
});

test("claims GPUs by uuid, and refuses what is not free without keeping anything", async () => {
  const before = await freeGpus();
  const first = await li.container.create({ name, image: "public/base:1", gpu_count: before });
  expect(first.gpus).toHaveLength(before);
  const second = { name: `${name}-b`, image: "public/base:1", gpu_count: 1, if_busy: "fail" as const };
  await expect(li.container.create(second)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await api.db.containers.count({ where: { name: second.name } })).toBe(0);
  await api.db.gpu_allocations.deleteMany({ where: { container_id: first.container_id } });
});

test("counts named GPUs by themselves, and refuses another count beside them", async () => {
  const gpu_uuids = ["GPU-gpu-1-3"];
  const image = "public/base:1";
  const wrong = li.container.create({ name, image, gpu_uuids, gpu_count: 2 });
  await expect(wrong).rejects.toMatchObject({ code: "BAD_REQUEST" });
  const container = await li.container.create({ name, image, gpu_uuids });
  expect(container.gpus).toEqual([{ uuid: "GPU-gpu-1-3", index: 3, type: "RTX 4090", memory: 24_564 }]);
  expect(container.spec.gpu_count).toBe(1);
  await api.db.gpu_allocations.deleteMany({ where: { container_id: container.container_id } });
});

test("refuses what no machine could ever give", async () => {
  const tooMany = li.container.create({ name, image: "public/base:1", gpu_count: 5 });
  await expect(tooMany).rejects.toMatchObject({ code: "UNPROCESSABLE_CONTENT" });
});

test("gives one that is to be stopped its ports on a machine with its GPUs, and no GPU", async () => {
  await api.addMachine("cpu-1");
  const before = await freeGpus();
  const image = "public/base:1";
  const container = await li.container.create({ name, image, gpu_count: 2, desired: "stopped" });
  expect(container).toMatchObject({ desired: "stopped", machine_id: "ENGINE-gpu-1", gpus: [] });
  expect(container.ports).toHaveLength(2);
  expect(await freeGpus()).toBe(before);
});

test("refuses a name that the owner has already, and leaves it to others", async () => {
  const wang = (await api.addUser(`wang-${number}`)).api;
  await li.container.create({ name, image: "public/base:1" });
  await expect(li.container.create({ name, image: "public/base:1" })).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining(name),
  });
  expect(await wang.container.create({ name, image: "public/base:1" })).toMatchObject({ name });
});

test("starts from an image only where the actor may see it", async () => {
  const { actor, api: wang } = await api.addUser(`wang-${number}`);
  await api.admin.image.add({ name: `wang-${number}/own:1`, reference: "registry.lab:5000/own:1" });
  const request = { name, image: `wang-${number}/own:1` };
  await expect(li.container.create(request)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await wang.container.create(request)).toMatchObject({ account: actor.account });
});

test("puts two that are created at once on ports of their own", async () => {
  const created = await Promise.all(
    Array.from({ length: 8 }, (_, index) => li.container.create({ name: `${name}-${index}`, image: "public/base:1" })),
  );
  const ports = created.flatMap((container) =>
    container.ports.map((port) => `${container.machine_id} ${port.host_port}`),
  );
  expect(new Set(ports).size).toBe(16);
});

test("can't start from an image of somebody else's, unless it is shared", async () => {
  const { actor, api: qian } = await api.addUser("qian");
  const { image_id } = await api.admin.image.add({ name: "li/own:1", reference: "registry.lab:5000/own:1" });
  const thief = qian.container.create({ name: "thief", image_id });
  await expect(thief).rejects.toMatchObject({ code: "NOT_FOUND" });
  await li.image.share({ image_id, accounts: [actor.account] });
  expect(await qian.container.create({ name: "guest", image_id })).toMatchObject({ image_id });
});

test("places one that is to be stopped only where enough GPUs and cores are, however many share a GPU", async () => {
  const image = "public/base:1";
  const shared = await api.addMachine("a-shared", gpusOf("a-shared", 1, "A100"));
  await api.admin.machine.update({ machine_id: shared.machine_id, shared_gpus: { "GPU-a-shared-0": 3 } });
  for (const suffix of ["a", "b"])
    await li.container.create({ name: `${name}-${suffix}`, image, gpu_type: "A100", gpu_count: 1 });
  const { machine_id } = await api.addMachine("b-full", gpusOf("b-full", 2, "A100"));
  await li.container.create({ name: `${name}-c`, image, machine_id, gpu_count: 2 });
  const wish = { image, gpu_type: "A100", desired: "stopped" } as const;
  const stopped = await li.container.create({ name, ...wish, gpu_count: 2 });
  expect(stopped).toMatchObject({ machine_id });
  // It has a place for one more, and the other machine has none.
  expect(await li.container.create({ name: `${name}-d`, ...wish, gpu_count: 1 })).toMatchObject({
    machine_id: shared.machine_id,
  });

  const small = await api.addMachine("c-small", gpusOf("c-small", 2, "A100"));
  await api.db.machine_status.update({ where: { machine_id: small.machine_id }, data: { cores: 8 } });
  const busy = { ...wish, gpu_count: 2 };
  expect(await li.container.create({ name: `${name}-e`, ...busy, cpus: 12 })).toMatchObject({ machine_id });
  expect(await li.container.create({ name: `${name}-f`, ...busy, cpus: 8 })).toMatchObject({
    machine_id: small.machine_id,
  });
  await expect(li.container.create({ name: `${name}-g`, ...busy, cpus: 20 })).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    message: expect.stringContaining("16 cpus at most"),
  });
});
