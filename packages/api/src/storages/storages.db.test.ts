import type { CreateStorageInput, Storage } from "@berth/spec/storage.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { LONG_TRANSACTION } from "../testing/long-transaction.ts";
import { untilSomeoneWaits } from "../testing/until-someone-waits.ts";

let api: InProcessApi;
let li: Caller;
let number = 0;
/** A name, and a directory, that no other test has. */
let name: string;
let path: string;

const [FIRST, SECOND] = ["ENGINE-gpu-1", "ENGINE-gpu-2"];
const CONFLICT = { code: "CONFLICT" };

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  await api.addMachine("gpu-2", gpusOf("gpu-2", 8));
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  li = (await api.addUser("li")).api;
});
afterAll(() => api.close());
beforeEach(() => {
  number += 1;
  name = `data-${number}`;
  path = `/srv/${number}/data`;
});

const offer = (wish: Partial<CreateStorageInput> = {}): Promise<Storage> =>
  api.admin.storage.create({ name, kind: "scratch", ...wish });
const mounts = () => [{ storage: name, path: "/data" }];
const create = (wish: Partial<Parameters<Caller["container"]["create"]>[0]> = {}) =>
  li.container.create({ name: `box-${number}`, image: "public/base:1", mounts: mounts(), ...wish });

test("an admin offers it and says where it is, which users do not learn", async () => {
  const description = "Not backed up.";
  const storage = await offer({ path, description, machine_id: FIRST });
  expect(storage).toEqual({
    storage_id: expect.any(Number),
    name,
    display_name: null,
    description,
    kind: "scratch",
    per_user: false,
    machine_id: FIRST,
    source: "path",
    path,
    created_at: expect.any(String),
  });
  const find = async (caller: Caller, input: { machine_id?: string } = {}) =>
    (await caller.storage.list({ limit: 500, ...input })).items.find((item) => item.name === name);
  expect(await find(api.admin)).toEqual(storage);
  expect(await find(li)).toEqual({ ...storage, path: null });
  expect(await find(li, { machine_id: FIRST })).toBeDefined();
  expect(await find(li, { machine_id: SECOND })).toBeUndefined();
  const entry = await api.db.audit_log.findFirst({ where: { noun: "storage" }, orderBy: { audit_id: "desc" } });
  expect(entry).toMatchObject({ action: "create", details: { name, path, kind: "scratch", machine_id: FIRST } });
});

test("a home is each user's, a dataset everybody's, and a scratch what its admin says", async () => {
  expect(await offer({ kind: "home" })).toMatchObject({ per_user: true, source: "volume", path: null });
  const of = (kind: CreateStorageInput["kind"], per_user?: boolean) =>
    offer({ name: `${name}-${kind}-${per_user}`, kind, ...(per_user !== undefined && { per_user }) });
  expect(await of("dataset")).toMatchObject({ per_user: false });
  expect(await of("scratch", true)).toMatchObject({ per_user: true });
  await expect(of("home", false)).rejects.toMatchObject({ code: "BAD_REQUEST" });
  await expect(of("dataset", true)).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("one name is one thing: once on every machine, or once on each of some, of one kind", async () => {
  await offer({ machine_id: FIRST, path });
  await expect(offer({ machine_id: FIRST, path: `${path}-2` })).rejects.toMatchObject({
    ...CONFLICT,
    message: `There is a storage ${name} already: on ${FIRST}.`,
  });
  await expect(offer({})).rejects.toMatchObject(CONFLICT);
  await expect(offer({ machine_id: SECOND, kind: "dataset" })).rejects.toMatchObject({
    ...CONFLICT,
    message: `On ${FIRST} ${name} is a scratch for all: what is another thing has another name.`,
  });
  // The same directory, of another disk.
  expect(await offer({ machine_id: SECOND, path })).toMatchObject({ machine_id: SECOND });
  await expect(offer({ name: `${name}-x`, machine_id: "nowhere" })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("no directory is in another one to which users write", async () => {
  await offer({ path, machine_id: FIRST });
  const other = (wish: Partial<CreateStorageInput>) => offer({ name: `${name}-other`, ...wish });
  for (const nested of [path, `${path}/inner`, `/srv/${number}`]) {
    await expect(other({ path: nested })).rejects.toMatchObject({
      ...CONFLICT,
      message: expect.stringContaining(`of the storage ${name} are one in the other`),
    });
  }
  await expect(other({ path: `${path}/inner`, kind: "dataset" })).rejects.toMatchObject(CONFLICT);
  expect(await other({ path: `${path}/inner`, machine_id: SECOND })).toMatchObject({ path: `${path}/inner` });
  expect(await offer({ name: `${name}-beside`, path: `${path}-beside` })).toMatchObject({ machine_id: null });
});

test("datasets may lie in each other, for nobody writes there", async () => {
  await offer({ path, kind: "dataset" });
  expect(await offer({ name: `${name}-part`, path: `${path}/part`, kind: "dataset" })).toMatchObject({
    path: `${path}/part`,
  });
});

test("of two admins who offer one name at once, one does", async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => offer({ path })));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(CONFLICT);
  }
});

test("there are five hundred and no more, until one is removed", async () => {
  const data = Array.from({ length: 500 - (await api.db.storages.count()) }, (_, nth) => {
    return { name: `many-${nth}`, kind: "scratch", per_user: true, machine_id: FIRST };
  });
  await api.db.storages.createMany({ data });
  await expect(offer()).rejects.toMatchObject({ ...CONFLICT, message: expect.stringContaining("500 storages") });
  await api.db.storages.deleteMany({ where: { name: "many-0" } });
  await offer();
  await api.db.storages.deleteMany({ where: { name: { startsWith: "many-" } } });
});

test("a path of the machine's own is refused with a sentence", async () => {
  await expect(offer({ path: "/etc/berth" })).rejects.toThrow("/etc belongs to the machine itself");
  await expect(offer({ path: "/srv/../etc" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

describe("while containers use it", () => {
  test("what is said of it changes, and where it is does not, naming them", async () => {
    const { storage_id } = await offer({ path, machine_id: FIRST });
    const { container_id } = await create();
    expect(await api.admin.storage.update({ storage_id, display_name: "Data", path })).toMatchObject({
      display_name: "Data",
    });
    const inUse = {
      ...CONFLICT,
      message: `Containers use ${name}: li/box-${number}.`,
      cause: { details: { containers: [`li/box-${number}`] } },
    };
    for (const change of [{ path: `${path}-2` }, { path: null }, { kind: "dataset" as const }, { machine_id: null }]) {
      await expect(api.admin.storage.update({ storage_id, ...change })).rejects.toMatchObject(inUse);
    }
    await expect(api.admin.storage.update({ storage_id, per_user: true })).rejects.toMatchObject(inUse);
    await expect(api.admin.storage.remove({ storage_id })).rejects.toMatchObject(inUse);

    await api.db.containers.delete({ where: await withoutPlacement(container_id) });
    expect(await api.admin.storage.update({ storage_id, kind: "home", path: null })).toMatchObject({
      kind: "home",
      per_user: true,
      source: "volume",
    });
    expect(await api.admin.storage.remove({ storage_id })).toEqual({});
    await expect(api.admin.storage.remove({ storage_id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("one on another machine is free", async () => {
    const [, second] = [await offer({ machine_id: FIRST }), await offer({ machine_id: SECOND })];
    await create({ machine_id: FIRST });
    expect(await api.admin.storage.remove(second)).toEqual({});
  });

  test("so it is while an engine has it made so, or a recreate has set it aside", async () => {
    const storage = await offer();
    const { container_id, machine_id, image_id, spec } = await create();
    const made_from = { image_id, incarnation: 0, spec, gpu_uuids: [], ports: [] };
    await api.db.container_status.update({
      where: { container_id },
      data: { applied: { memory_bytes: null, nano_cpus: null, made_from } },
    });
    await li.container.update({ container_id, mounts: [], recreate: "discard" });
    await expect(api.admin.storage.remove(storage)).rejects.toMatchObject(CONFLICT);
    await api.db.container_status.update({ where: { container_id }, data: { applied: {} } });
    const held = { engine_id: `held-${number}`, container_id, machine_id: machine_id!, generation: 1, image_id, spec };
    await api.db.held_containers.create({ data: { ...held, held_until: new Date(Date.now() + 3_600_000) } });
    await expect(api.admin.storage.remove(storage)).rejects.toMatchObject(CONFLICT);
    await api.db.held_containers.delete({ where: { engine_id: held.engine_id } });
    expect(await api.admin.storage.remove(storage)).toEqual({});
  });

  test("so is the one on the machine to which a container is on its way", async () => {
    const [, second] = [await offer({ machine_id: FIRST }), await offer({ machine_id: SECOND })];
    const { container_id, image_id, spec } = await create({ machine_id: FIRST });
    await api.db.moves.create({ data: { container_id, image_id, to_machine_id: SECOND, spec } });
    await expect(api.admin.storage.remove(second)).rejects.toMatchObject(CONFLICT);
    await expect(api.admin.storage.update({ storage_id: second.storage_id, path })).rejects.toMatchObject(CONFLICT);
  });

  test("it is not removed under a container that is just being made", async () => {
    const storage = await offer();
    let made: Promise<unknown> | undefined;
    let removed: Promise<unknown> | undefined;
    await api.db.$transaction(async (tx) => {
      // The create waits here, after it has looked at the storage.
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(${0x6265_7274})::text`;
      made = create();
      await untilSomeoneWaits(api.services.sql);
      removed = api.admin.storage.remove(storage);
      removed.catch(() => undefined);
      await untilSomeoneWaits(api.services.sql, 2);
    }, LONG_TRANSACTION);
    expect(await made).toMatchObject({ mounts: [{ storage: name, kind: "scratch" }] });
    await expect(removed).rejects.toMatchObject(CONFLICT);
  });
});

describe("a container", () => {
  test("shows what it has mounted, and that no save takes it", async () => {
    await offer({ kind: "dataset" });
    const { container_id, mounts: shown, spec } = await create();
    expect(shown).toEqual([{ storage: name, path: "/data", kind: "dataset", read_only: true, saved: false }]);
    expect(spec.mounts).toEqual([{ storage: name, path: "/data", read_only: false }]);
    const { items } = await li.container.list({ limit: 500 });
    expect(items.find((item) => item.container_id === container_id)?.mounts).toEqual(shown);
  });

  test("gets what its image's dictionary has mounted, unless it says otherwise", async () => {
    await offer();
    const image = `public/with-mounts:${number}`;
    await api.admin.image.add({ name: image, reference: "registry.lab:5000/a:1", create_params: { mounts: mounts() } });
    const inherits = await li.container.create({ name: `inherits-${number}`, image });
    expect(inherits.mounts).toMatchObject([{ storage: name }]);
    expect((await create({ image, mounts: [] })).mounts).toEqual([]);
  });

  test("is placed where its storages are, also one that is to be stopped", async () => {
    await offer({ machine_id: FIRST });
    // More room is on the other one.
    expect(await create({ gpu_count: 2 })).toMatchObject({ machine_id: FIRST });
    const waits = await create({ name: `stopped-${number}`, gpu_count: 2, desired: "stopped" });
    expect(waits).toMatchObject({ machine_id: FIRST });
    await expect(create({ name: `elsewhere-${number}`, machine_id: SECOND })).rejects.toMatchObject({
      code: "UNPROCESSABLE_CONTENT",
      message: `The storage ${name} is not on ${SECOND}, but on ${FIRST}.`,
    });
  });

  test("is refused what no machine has, or not all of it", async () => {
    const unknown = create();
    await expect(unknown).rejects.toMatchObject({
      code: "UNPROCESSABLE_CONTENT",
      message: `There is no storage ${name}: choose of those that GET /api/storages lists.`,
    });
    const both = [`${name}-a`, `${name}-b`];
    await offer({ name: both[0]!, machine_id: FIRST });
    await offer({ name: both[1]!, machine_id: SECOND });
    const asked = create({ mounts: both.map((storage) => ({ storage, path: `/${storage}` })) });
    await expect(asked).rejects.toMatchObject({
      code: "UNPROCESSABLE_CONTENT",
      message: `No machine has all of these storages: ${both.join(", ")}.`,
    });
  });

  test("gets other mounts with its owner's word for a recreate, of what is on its machine", async () => {
    await offer({ machine_id: SECOND });
    const { container_id } = await create({ mounts: [], machine_id: FIRST });
    const update = (recreate?: "discard") =>
      li.container.update({ container_id, mounts: mounts(), ...(recreate && { recreate }) });
    await expect(update()).rejects.toMatchObject({ cause: { details: { fields: ["mounts"] } } });
    await expect(update("discard")).rejects.toMatchObject({
      code: "UNPROCESSABLE_CONTENT",
      message: `The storage ${name} is not on ${FIRST}, but on ${SECOND}.`,
    });
    await offer({ machine_id: FIRST });
    expect((await update("discard")).mounts).toMatchObject([{ storage: name }]);
  });

  test("keeps in its name what is preserved of it what that leaves out", async () => {
    await offer();
    const { container_id, machine_id } = await create();
    const engine_id = `e-${number}`;
    await api.db.container_status.update({ where: { container_id }, data: { engine_id } });
    const preserve = async () => {
      const { image_id } = await li.container.recreate({ container_id, recreate: "preserve" });
      await api.db.image_status.update({ where: { image_id }, data: { phase: "Ready" } });
      return (await li.image.get({ image_id })).not_saved;
    };
    // Its engine says nothing of it.
    expect(await preserve()).toEqual(["/data"]);
    const mount = { type: "volume", destination: "/var/lib/db", name: "f".repeat(64), read_only: false };
    const listed = [{ ...mount, destination: "/data" }, mount].toReversed();
    const fake = api.engines.get(machine_id!.replace("ENGINE-", ""))!;
    fake.containers.set(engine_id, { mounts: listed, env: [], image_id: "sha256:1" });
    expect(await preserve()).toEqual(["/data", "/var/lib/db"]);
  });
});

test("goes with its machine when that is forgotten", async () => {
  const { machine_id } = await api.addMachine(`gone-${number}`);
  const { storage_id } = await offer({ machine_id });
  await api.admin.machine.remove({ machine_id });
  expect(await api.db.storages.findUnique({ where: { storage_id } })).toBeNull();
});

async function withoutPlacement(container_id: number): Promise<{ container_id: number }> {
  await api.db.port_allocations.deleteMany({ where: { container_id } });
  await api.db.gpu_allocations.deleteMany({ where: { container_id } });
  await api.db.placements.delete({ where: { container_id } });
  return { container_id };
}
