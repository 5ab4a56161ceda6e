import type { Container } from "@berth/spec/container.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let li: Caller;
let number = 0;

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1", gpusOf("gpu-1", 2));
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  li = (await api.addUser("li")).api;
});
afterAll(() => api.close());

function create(request: { gpu_count?: number; desired?: "running" | "stopped" } = {}): Promise<Container> {
  number += 1;
  return li.container.create({ name: `box-${number}`, image: "public/base:1", ...request });
}

/** As the reconciler does once it saw the stop. */
const giveGpusBack = ({ container_id }: Container) => api.db.gpu_allocations.deleteMany({ where: { container_id } });

test("a stop keeps the GPUs until it was seen", async () => {
  const container = await create({ gpu_count: 2 });
  const stopped = await li.container.stop(container);
  expect(stopped).toMatchObject({ desired: "stopped", generation: 2 });
  expect(stopped.gpus).toEqual(container.gpus);
  await giveGpusBack(container);
  expect((await li.container.get(container)).gpus).toEqual([]);
});

test("a stop that is repeated changes nothing", async () => {
  const container = await create();
  const stopped = await li.container.stop(container);
  expect((await li.container.stop(container)).generation).toBe(stopped.generation);
});

test("a start takes the very GPUs that the container was made with", async () => {
  const container = await create({ gpu_count: 1 });
  await li.container.stop(container);
  await giveGpusBack(container);
  const started = await li.container.start({ container_id: container.container_id });
  expect(started).toMatchObject({ desired: "running", generation: 3 });
  expect(started.gpus).toEqual(container.gpus);
  expect(started.ports).toEqual(container.ports);
  await giveGpusBack(container);
});

test("a start is refused while its GPUs are another's, though others are free", async () => {
  const container = await create({ gpu_count: 1 });
  await li.container.stop(container);
  await giveGpusBack(container);
  const gpu_uuids = container.gpus.map((gpu) => gpu.uuid);
  const other = await li.container.create({ name: "thief", image: "public/base:1", gpu_uuids });
  await expect(li.container.start({ container_id: container.container_id })).rejects.toMatchObject({
    code: "CONFLICT",
  });
  expect((await li.container.get(container)).desired).toBe("stopped");
  await giveGpusBack(other);
  expect((await li.container.start({ container_id: container.container_id })).gpus).toEqual(container.gpus);
  await giveGpusBack(container);
});

test("a start gives its first GPUs to one that was created stopped", async () => {
  const container = await create({ gpu_count: 2, desired: "stopped" });
  expect((await li.container.start({ container_id: container.container_id })).gpus).toHaveLength(2);
  await giveGpusBack(container);
});

test("each start asks for one more run", async () => {
  const container = await create();
  await li.container.start({ container_id: container.container_id });
  const row = await api.db.containers.findUniqueOrThrow({ where: { container_id: container.container_id } });
  expect(row.run).toBe(2);
});

test("a restart asks for one more run, before which what runs is stopped", async () => {
  const container = await create({ gpu_count: 1 });
  const restarted = await li.container.restart(container);
  expect(restarted).toMatchObject({ desired: "running", generation: 2, gpus: container.gpus });
  expect((await li.container.restart(container)).generation).toBe(3);
  const row = await api.db.containers.findUniqueOrThrow({ where: { container_id: container.container_id } });
  expect(row).toMatchObject({ run: 3, restart_run: 3 });
  await giveGpusBack(container);
});

test("a restart of what is stopped is a start, and refused while its GPUs are another's", async () => {
  const container = await create({ gpu_count: 1 });
  await li.container.stop(container);
  await giveGpusBack(container);
  const gpu_uuids = container.gpus.map((gpu) => gpu.uuid);
  const other = await li.container.create({ name: "other-thief", image: "public/base:1", gpu_uuids });
  await expect(li.container.restart(container)).rejects.toMatchObject({ code: "CONFLICT" });
  await giveGpusBack(other);
  expect(await li.container.restart(container)).toMatchObject({ desired: "running", gpus: container.gpus });
  await giveGpusBack(container);
});

test("a delete is final, can be repeated, and leaves the owner's word", async () => {
  const container = await create();
  const ref = { container_id: container.container_id };
  expect(await li.container.delete(ref)).toMatchObject({ desired: "removed" });
  expect(await li.container.delete(ref)).toMatchObject({ desired: "removed", generation: 2 });
  const tombstone = await api.db.tombstones.findUnique({ where: { uid: container.uid } });
  expect(tombstone).toMatchObject({ noun: "container", name: container.name, machine_id: "ENGINE-gpu-1" });
  await expect(li.container.start(ref)).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(li.container.stop(ref)).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(li.container.restart(ref)).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(li.container.recreate({ ...ref, recreate: "discard" })).rejects.toMatchObject({ code: "CONFLICT" });
});

test("a delete keeps all that was claimed until the removal was seen", async () => {
  const container = await create({ gpu_count: 1 });
  const removed = await li.container.delete(container);
  expect(removed.gpus).toEqual(container.gpus);
  await giveGpusBack(container);
});

test("every change is in the audit log", async () => {
  const container = await create();
  await li.container.stop(container);
  await li.container.start({ container_id: container.container_id });
  await li.container.delete(container);
  const entries = await api.db.audit_log.findMany({
    where: { noun: "container", object_id: String(container.container_id) },
    orderBy: { audit_id: "asc" },
  });
  expect(entries.map((entry) => entry.action)).toEqual(["create", "stop", "start", "delete"]);
});

test("a phase of before the last change is not shown as if it were of now", async () => {
  const container = await create();
  const { container_id } = container;
  const seen = (phase: string, observed_generation: number) =>
    api.db.container_status.update({
      where: { container_id },
      data: { phase, observed_generation, message: "of then", running: true },
    });
  await seen("Running", 1);
  expect(await li.container.get(container)).toMatchObject({ phase: "Running", message: "of then" });
  expect(await li.container.restart(container)).toMatchObject({ phase: "Pending", message: "", status: true });
  await seen("Unknown", 1);
  expect(await li.container.get(container)).toMatchObject({ phase: "Unknown", message: "of then" });
  await seen("Running", 2);
  expect(await li.container.get(container)).toMatchObject({ phase: "Running" });
});
