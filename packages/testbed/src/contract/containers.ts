import { expect, test } from "vitest";
import { type ContractTarget, openScratch } from "./scratch.ts";

const MIB = 1024 * 1024;

export function describeContainers(target: () => Promise<ContractTarget>): void {
  test("lists a container that was never started, with its labels", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create({ labels: { "berth-contract.colour": "blue=green" } });
    expect(await scratch.list()).toEqual([
      expect.objectContaining({
        id,
        name: scratch.name(),
        image: scratch.image,
        state: "created",
        exit_code: null,
        labels: expect.objectContaining({ ...scratch.labels, "berth-contract.colour": "blue=green" }),
        ports: [],
      }),
    ]);
  });

  test("lists only what carries all of the labels", async () => {
    const scratch = await openScratch(target);
    await scratch.create({ labels: { colour: "blue" } });
    const list = (labels: Record<string, string>) => scratch.engine.listContainers({ labels });
    expect(await list({ ...scratch.labels, colour: "blue" })).toHaveLength(1);
    expect(await list({ ...scratch.labels, colour: "red" })).toEqual([]);
    expect(await list({ ...scratch.labels, shape: "round" })).toEqual([]);
  });

  test("lists by exact name, of which others may be a part", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create({ name: scratch.name("x.1") });
    await scratch.create({ name: scratch.name("x.12") });
    await scratch.create({ name: scratch.name("xy1") });
    const named = await scratch.engine.listContainers({ labels: {}, name: scratch.name("x.1") });
    expect(named.map((container) => container.id)).toEqual([id]);
  });

  test("lists each port once, however many addresses it is published on", async () => {
    const scratch = await openScratch(target);
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const id = await scratch.start({
      ports: { "80/tcp": {}, "81/udp": {} },
      host: { NetworkMode: "default", PortBindings: { "80/tcp": [{ HostPort: String(port) }] } },
    });
    const { ports = [] } = (await scratch.find(id)) ?? {};
    expect(ports.toSorted((a, b) => a.container_port - b.container_port)).toEqual([
      { container_port: 80, host_port: port, protocol: "tcp" },
      { container_port: 81, host_port: null, protocol: "udp" },
    ]);
  });

  test("inspects by id and by name", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create({ tty: true, host: { Memory: 64 * MIB, MemorySwap: 64 * MIB, NanoCpus: 5e8 } });
    const byId = await scratch.engine.inspectContainer(id);
    expect(byId).toMatchObject({
      id,
      name: scratch.name(),
      state: "created",
      exit_code: 0,
      oom_killed: false,
      started_at: null,
      finished_at: null,
      restart_count: 0,
      labels: scratch.labels,
      tty: true,
      memory_bytes: 64 * MIB,
      nano_cpus: 5e8,
      health: null,
      gpu_requests: [],
      runtime: "runc",
    });
    expect(byId.image_id).toBe((await scratch.engine.inspectImage(scratch.image)).id);
    expect(await scratch.engine.inspectContainer(scratch.name())).toEqual(byId);
  });

  test("tells what GPUs were asked for, also where there are none to be given", async () => {
    const scratch = await openScratch(target);
    const Capabilities = [["gpu"]];
    const id = await scratch.create({
      host: {
        DeviceRequests: [
          { Driver: "nvidia", DeviceIDs: ["GPU-of-nobody", "0"], Capabilities },
          { Driver: "", Count: -1, Capabilities },
        ],
      },
    });
    expect((await scratch.engine.inspectContainer(id)).gpu_requests).toEqual([
      { ids: ["GPU-of-nobody", "0"], count: 0 },
      { ids: [], count: -1 },
    ]);
  });

  test("lets one name be taken once, and by whoever comes first", async () => {
    const scratch = await openScratch(target);
    const body = scratch.body();
    const racing = Array.from({ length: 8 }, () => scratch.engine.createContainer(scratch.name(), body));
    const results = await Promise.allSettled(racing);
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused).toHaveLength(7);
    for (const { reason } of refused) expect(reason).toMatchObject({ kind: "conflict", status: 409 });
    expect(await scratch.list()).toHaveLength(1);
  });

  test("makes no container of an image that is not there", async () => {
    const scratch = await openScratch(target);
    const created = scratch.create({ image: `berth-contract/${scratch.key}:none` });
    await expect(created).rejects.toMatchObject({ kind: "not_found", status: 404 });
    expect(await scratch.list()).toEqual([]);
  });

  test("renames, and not onto a name that is taken", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    await scratch.create({ name: scratch.name("taken") });
    await scratch.engine.renameContainer(id, scratch.name("new"));
    await scratch.engine.renameContainer(id, scratch.name("new")); // as one that repeats it does
    await expect.poll(() => scratch.find(id)).toMatchObject({ name: scratch.name("new"), state: "running" });
    const onto = scratch.engine.renameContainer(id, scratch.name("taken"));
    await expect(onto).rejects.toMatchObject({ kind: "conflict" });
    await scratch.create({ name: scratch.name() }); // the old name is free again
  });

  test("changes limits in place, and lifts them", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start({ host: { Memory: 64 * MIB, MemorySwap: 64 * MIB } });
    const limits = async () => {
      const { memory_bytes, nano_cpus, state } = await scratch.engine.inspectContainer(id);
      return { memory_bytes, nano_cpus, state };
    };
    await scratch.engine.updateContainer(id, { memory_bytes: 128 * MIB, nano_cpus: 5e8 });
    expect(await limits()).toEqual({ memory_bytes: 128 * MIB, nano_cpus: 5e8, state: "running" });
    await scratch.engine.updateContainer(id, { memory_bytes: 0, nano_cpus: 0 });
    const { ncpu } = await scratch.engine.info();
    expect(await limits()).toEqual({ memory_bytes: 0, nano_cpus: ncpu * 1e9, state: "running" });
    await scratch.engine.updateContainer(id, { memory_bytes: 32 * MIB, nano_cpus: 1e9 });
    expect(await limits()).toEqual({ memory_bytes: 32 * MIB, nano_cpus: 1e9, state: "running" });
  });
}
