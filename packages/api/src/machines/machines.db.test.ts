import { claimPlacement } from "@berth/db/placement/claim.ts";
import { lockPlacement } from "@berth/db/placement/lock.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { EngineError } from "@berth/docker/engine.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";
import { MARKER_LABEL, MARKER_VOLUME } from "@berth/spec/engine-names.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { insertContainer } from "@berth/testbed/rows/insert-rows.ts";
import { createFakeEngine } from "../testing/fake-engine.ts";
import { gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { recordPublicHost } from "./host.ts";
import { LONG_TRANSACTION } from "../testing/long-transaction.ts";
import { untilSomeoneWaits } from "../testing/until-someone-waits.ts";
import { openTls } from "./seal-tls.ts";

let api: InProcessApi;
let number = 0;
/** A host that no other test has, and its engine. */
let host: string;
let url: string;

beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());
beforeEach(() => {
  number += 1;
  host = `host-${number}`;
  url = `tcp://${host}:2375`;
  api.engines.set(host, createFakeEngine({ engine_id: `ID-${number}`, name: `server-${number}` }));
});

const engine = () => {
  const fake = api.engines.get(host);
  if (!fake) throw new Error("the test has no engine");
  return fake;
};
const image = async (): Promise<string> =>
  (await api.admin.image.add({ name: `public/base:${number}`, reference: "registry.lab:5000/base:1" })).name;
const add = (input: object = {}) => api.admin.machine.add({ url, allow_insecure: true, ...input });

test("shows the host that Berth itself runs on for an engine behind its socket, where others reach that", async () => {
  const { machine_id } = await add();
  const name = await image();
  const ports = [{ name: "ssh", kind: "ssh" as const, container_port: 22 }];
  const { container_id } = await api.admin.container.create({ name: `here-${number}`, image: name, machine_id, ports });
  await api.db.machines.update({ where: { machine_id }, data: { url: "unix:///var/run/docker.sock" } });
  const shown = async () => {
    const { connect, ports: bound } = await api.admin.container.get({ container_id });
    const { ip } = await api.admin.machine.get({ machine_id });
    const info = (await api.admin.machine.info()).find((machine) => machine.machine_id === machine_id);
    return { ip: [ip, info?.ip], ssh: connect.ssh?.replace(String(bound[0]!.host_port), "PORT") };
  };
  await recordPublicHost(prismaSql(api.db), "127.0.0.1");
  expect(await shown()).toEqual({ ip: [null, null], ssh: undefined });
  await recordPublicHost(prismaSql(api.db), "berth.lab");
  expect(await shown()).toEqual({ ip: ["berth.lab", "berth.lab"], ssh: "ssh -p PORT root@berth.lab" });
});

test("takes a machine's id, name and first facts from its engine", async () => {
  expect(await add()).toMatchObject({
    machine_id: `ID-${number}`,
    name: `server-${number}`,
    ip: host,
    state: "active",
    online: true,
    insecure: true,
    simulated: false,
    engine_version: "28.5.2",
    cores: 16,
    memory: { total: 65_536, free: null },
    disk: null,
    gpus: [],
    port_range: { first: 20_000, last: 29_999 },
    gpus_taken: [],
    gpus_foreign: [],
    shared_gpus: {},
    waiting: 0,
    containers: 0,
  });
});

test("believes labels about GPUs from a simulated machine alone", async () => {
  const labels = {
    "berth.gpus": JSON.stringify(gpusOf(host, 2)),
    "berth.cpus": JSON.stringify([{ type: "EPYC 9654", cores: 96 }]),
    "berth.disk": JSON.stringify({ total: 1_000, free: 400 }),
  };
  engine().info.labels = { ...labels, "berth.simulated": "true" };
  expect(await add()).toMatchObject({
    simulated: true,
    gpus: gpusOf(host, 2),
    cpus: [{ type: "EPYC 9654", cores: 96 }],
    disk: { total: 1_000, free: 400 },
  });
  const real = createFakeEngine({ engine_id: `REAL-${number}`, labels });
  api.engines.set(`real-${number}`, real);
  const machine = await add({ url: `tcp://real-${number}:2375`, name: `real-${number}` });
  expect(machine).toMatchObject({ simulated: false, gpus: [], cpus: [], disk: null });
});

test("refuses a simulated machine whose labels are not what they should be", async () => {
  engine().info.labels = { "berth.simulated": "true", "berth.gpus": "four" };
  await expect(add()).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    message: expect.stringContaining("gpus"),
  });
});

test("leaves a marker on the engine, and finds it again", async () => {
  const { machine_id } = await add();
  const marker = engine().volumes.get(MARKER_VOLUME)?.[MARKER_LABEL];
  expect(await api.db.machines.findUnique({ where: { machine_id } })).toMatchObject({ marker_uuid: marker });
  await api.admin.machine.remove({ machine_id });
  await add();
  expect(await api.db.machines.findUnique({ where: { machine_id } })).toMatchObject({ marker_uuid: marker });
});

test("knows an engine that comes by another address", async () => {
  const { name, machine_id } = await add();
  api.engines.set(`alias-${number}`, engine());
  await expect(add({ url: `tcp://alias-${number}:2375` })).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining(name),
    cause: { details: { machine_id, name } },
  });
});

test("tells two engines with one id apart, as cloned disks have it", async () => {
  const first = await add();
  const { engine_id, name } = engine().info;
  for (const suffix of ["2", "3"]) {
    api.engines.set(`clone-${number}-${suffix}`, createFakeEngine({ engine_id, name }));
    const clone = await add({ url: `tcp://clone-${number}-${suffix}:2375` });
    expect(clone).toMatchObject({ machine_id: `${first.machine_id}-${suffix}`, name: `${first.name}-${suffix}` });
  }
});

test("refuses a marker volume that Berth did not make", async () => {
  engine().volumes.set(MARKER_VOLUME, {});
  await expect(add()).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    message: expect.stringContaining("docker volume rm berth-marker"),
  });
});

test("says what to do about an engine that does not answer", async () => {
  engine().failure = new EngineError("unreachable", "connection refused", { sent: false });
  await expect(add()).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    message: expect.stringContaining("Check that Docker runs there"),
  });
});

test("gives an engine five seconds to answer", async () => {
  engine().hangs = true;
  await expect(add()).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    message: expect.stringContaining("no answer within 5 seconds"),
  });
  expect(engine().deadlinesMs).toEqual([5_000]);
});

const recordRegistry = (differs: Partial<RegistryRecord> = {}): Promise<void> =>
  writeRegistry(prismaSql(api.db), {
    kind: "process",
    state: "running",
    address: "127.0.0.1:5000",
    url: "http://127.0.0.1:5000",
    ca: null,
    message: "",
    ...differs,
  });

describe("with a registry that no other host reaches", () => {
  beforeEach(async () => {
    // Some machine is there; no test of this file counts on being the first.
    const first = `first-${number}`;
    api.engines.set(first, createFakeEngine({ engine_id: `FIRST-${number}`, name: first }));
    await add({ url: `tcp://${first}:2375` });
    await recordRegistry();
  });
  afterEach(() => api.db.settings.deleteMany({ where: { key: "registry" } }));

  test("refuses a machine on another host, and names the variable that mends it", async () => {
    await expect(add()).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("BERTH_REGISTRY_PUBLIC"),
      cause: { details: { address: "127.0.0.1:5000" } },
    });
    await recordRegistry({ kind: "external", address: "localhost:5000" });
    await expect(add()).rejects.toMatchObject({ message: expect.stringContaining("set BERTH_REGISTRY to") });
    await recordRegistry({ address: "10.0.0.1:5000" });
    expect(await add()).toMatchObject({ machine_id: `ID-${number}` });
  });

  test("takes an engine of this host, and a simulated one", async () => {
    api.engines.set("127.0.0.1", engine());
    expect(await add({ url: "tcp://127.0.0.1:2375" })).toMatchObject({ machine_id: `ID-${number}` });
    const simulated = createFakeEngine({ engine_id: `SIM-${number}`, labels: { "berth.simulated": "true" } });
    api.engines.set(`sim-${number}`, simulated);
    expect(await add({ url: `tcp://sim-${number}:2375`, name: `sim-${number}` })).toMatchObject({ simulated: true });
  });

  test("takes any machine where the registry is the simulated ones'", async () => {
    await recordRegistry({ kind: "simulated" });
    expect(await add()).toMatchObject({ machine_id: `ID-${number}` });
  });
});

test("refuses plain TCP that was not asked for, and an address that is none", async () => {
  await expect(add({ allow_insecure: false })).rejects.toMatchObject({ code: "BAD_REQUEST" });
  await expect(add({ url: "gpu server" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("seals the certificates", async () => {
  const pem = (kind: string) => `-----BEGIN ${kind}-----\n${"A".repeat(64)}\n-----END ${kind}-----\n`;
  const tls = { ca: pem("CERTIFICATE"), cert: pem("CERTIFICATE"), key: pem("PRIVATE KEY") };
  const { machine_id, insecure } = await add({ tls, allow_insecure: false });
  expect(insecure).toBe(false);
  const row = await api.db.machines.findUniqueOrThrow({ where: { machine_id } });
  expect(Buffer.from(row.tls ?? []).includes("BEGIN")).toBe(false);
  expect(openTls(api.services.box, row.tls)).toEqual(tls);
});

test("a cordoned machine takes no new containers", async () => {
  const { machine_id } = await add();
  await api.admin.image.add({ name: `public/base:${number}`, reference: "registry.lab:5000/base:1" });
  const create = (name: string) => api.admin.container.create({ name, image: `public/base:${number}`, machine_id });
  expect(await api.admin.machine.update({ machine_id, state: "cordoned" })).toMatchObject({ state: "cordoned" });
  await expect(create("refused")).rejects.toMatchObject({ code: "CONFLICT" });
  await api.admin.machine.update({ machine_id, state: "active" });
  expect(await create("taken")).toMatchObject({ machine_id });
});

test("moves to another address only where the same engine answers", async () => {
  const { machine_id } = await add();
  api.engines.set(`moved-${number}`, engine());
  api.engines.set(`other-${number}`, createFakeEngine());
  const update = (to: string) => api.admin.machine.update({ machine_id, url: `tcp://${to}:2375` });
  await expect(update(`other-${number}`)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await update(`moved-${number}`)).toMatchObject({ ip: `moved-${number}` });
});

test("changes what is given and nothing else", async () => {
  const before = await add();
  const { machine_id } = before;
  const port_range = { first: 30_000, last: 30_009 };
  expect(await api.admin.machine.update({ machine_id, port_range, name: `new-${number}` })).toEqual({
    ...before,
    port_range,
    name: `new-${number}`,
  });
});

test("is not removed while a container is there, held ones included", async () => {
  const { machine_id } = await add();
  const { api: li } = await api.addUser(`li-${number}`);
  await api.admin.image.add({ name: `public/base:${number}`, reference: "registry.lab:5000/base:1" });
  const request = { name: "work", image: `public/base:${number}`, machine_id };
  const { container_id, image_id } = await li.container.create(request);
  const refusal = { code: "CONFLICT", cause: { details: { containers: [`li-${number}/work`] } } };
  await expect(api.admin.machine.remove({ machine_id })).rejects.toMatchObject(refusal);
  await api.db.port_allocations.deleteMany({ where: { container_id } });
  await api.db.placements.delete({ where: { container_id } });
  const held_until = new Date("2030-01-01T00:00:00Z");
  const engine_id = String(number).padStart(64, "a");
  await api.db.held_containers.create({
    data: { engine_id, container_id, machine_id, generation: 1, image_id, held_until },
  });
  await expect(api.admin.machine.remove({ machine_id })).rejects.toMatchObject(refusal);
  await api.db.held_containers.deleteMany({ where: { container_id } });
  await api.admin.machine.remove({ machine_id });
  await expect(api.admin.machine.get({ machine_id })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("is decommissioned only when nothing is there, and may come back", async () => {
  const { machine_id } = await add();
  const li = (await api.addUser(`li-${number}`)).api;
  const container = await li.container.create({ name: "job", image: await image(), machine_id });
  const decommission = () => api.admin.machine.update({ machine_id, state: "decommissioned" });
  await expect(decommission()).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("/job") });
  await api.db.containers.update({ where: { container_id: container.container_id }, data: { desired: "removed" } });
  await api.db.port_allocations.deleteMany({});
  await api.db.placements.deleteMany({ where: { machine_id } });
  expect(await decommission()).toMatchObject({ state: "decommissioned" });
  expect((await api.admin.machine.info()).map((one) => one.machine_id)).not.toContain(machine_id);
  expect(await api.admin.machine.update({ machine_id, state: "active" })).toMatchObject({ state: "active" });
});

test("is forgotten with its containers only while it is away, and who waited for it may start elsewhere", async () => {
  const labels = { "berth.simulated": "true", "berth.gpus": JSON.stringify(gpusOf(host, 1)) };
  engine().info.labels = labels;
  const { machine_id } = await add();
  const li = (await api.addUser(`li-${number}`)).api;
  const wish = { image: await image(), machine_id, gpu_count: 1 };
  const holder = await li.container.create({ name: "holder", ...wish });
  const waits = await li.container.create({ name: "waits", ...wish });
  expect(waits.phase).toBe("Waiting");
  const forget = () => api.admin.machine.remove({ machine_id, force: true });
  await expect(forget()).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("drain it") });
  await api.db.machine_status.update({ where: { machine_id }, data: { online: false } });
  await forget();
  await expect(li.container.get(holder)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await li.container.get(waits)).toMatchObject({ phase: "Stopped", machine_id: null, waiting: null });
  expect(await api.db.tombstones.findUnique({ where: { uid: holder.uid } })).toMatchObject({ noun: "forgotten" });
  expect(await api.db.gpu_allocations.count({ where: { machine_id } })).toBe(0);
});

test("keeps nobody waiting for a place while it waits for a container that is to be forgotten with it", async () => {
  const { machine_id } = await add();
  const li = (await api.addUser(`li-${number}`)).api;
  const { container_id } = await li.container.create({ name: "work", image: await image(), machine_id });
  await api.db.machine_status.update({ where: { machine_id }, data: { online: false } });
  let forgotten: Promise<unknown> | undefined;
  await api.db.$transaction(async (tx) => {
    const sql = prismaSql(tx);
    await sql("SELECT 1 FROM containers WHERE container_id = $1 FOR UPDATE", [container_id]);
    forgotten = api.admin.machine.remove({ machine_id, force: true });
    await untilSomeoneWaits(api.services.sql);
    await sql("SET LOCAL lock_timeout = '500ms'");
    await lockPlacement(sql);
  }, LONG_TRANSACTION);
  await forgotten;
  await expect(li.container.get({ container_id })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("is not forgotten with a container that came to it meanwhile, before it is asked again", async () => {
  const { machine_id } = await add();
  const li = (await api.addUser(`li-${number}`)).api;
  const wish = { image: await image(), machine_id };
  const { container_id } = await li.container.create({ name: "work", ...wish });
  await api.db.machine_status.update({ where: { machine_id }, data: { online: false } });
  const late = await insertContainer(api.services.sql);
  const forget = () => api.admin.machine.remove({ machine_id, force: true });
  let refused: Promise<unknown> | undefined;
  await api.db.$transaction(async (tx) => {
    const sql = prismaSql(tx);
    await sql("SELECT 1 FROM containers WHERE container_id = $1 FOR UPDATE", [container_id]);
    refused = forget();
    await untilSomeoneWaits(api.services.sql);
    await sql("INSERT INTO placements (container_id, machine_id) VALUES ($1, $2)", [late.container_id, machine_id]);
  }, LONG_TRANSACTION);
  await expect(refused).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining(late.name) });
  await forget();
  await expect(api.admin.container.get(late)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("is drained: what runs is stopped, and what can't be moved is told and left", async () => {
  const { machine_id } = await add();
  const li = (await api.addUser(`li-${number}`)).api;
  const wish = { image: await image(), machine_id };
  const stops = await li.container.create({ name: "stops", ...wish });
  const moves = await li.container.create({ name: "moves", ...wish, on_drain: "move" });
  const drained = await api.admin.machine.drain({ machine_id });
  expect(drained).toMatchObject({
    stopping: [{ container_id: stops.container_id }],
    moving: [],
    left: [{ container_id: moves.container_id, reason: expect.stringContaining("not on a machine yet") }],
  });
  expect(await api.admin.machine.get({ machine_id })).toMatchObject({ state: "cordoned" });
  expect(await li.container.get(stops)).toMatchObject({ desired: "stopped" });
  expect(await li.container.get(moves)).toMatchObject({ desired: "running" });
});

test("is drained of what is being placed there at this moment, too", async () => {
  const { machine_id } = await add();
  const { container_id } = await insertContainer(prismaSql(api.db));
  let drained: ReturnType<typeof api.admin.machine.drain> | undefined;
  await api.db.$transaction(async (tx) => {
    const sql = prismaSql(tx);
    const wish = { gpu_count: 0, gpu_type: null, gpu_uuids: null, cpus: null, ports: [] };
    await claimPlacement(sql, { container_id, machine_id, ...wish });
    drained = api.admin.machine.drain({ machine_id });
    await untilSomeoneWaits(prismaSql(api.db));
  }, LONG_TRANSACTION);
  expect(await drained).toMatchObject({ stopping: [{ container_id }] });
});

test("lists machines by id, page by page", async () => {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof api.admin.machine.list>> = await api.admin.machine.list({
      limit: 4,
      ...(cursor !== null && { cursor }),
    });
    ids.push(...page.items.map((machine) => machine.machine_id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  expect(ids).toEqual([...new Set(ids)].toSorted());
  expect(ids).toHaveLength(await api.db.machines.count());
});
