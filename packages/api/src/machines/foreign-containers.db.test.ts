import { EngineError, type InspectedContainer, type ListedContainer } from "@berth/docker/engine.ts";
import { engineNameOf, LABEL } from "@berth/spec/engine-names.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FakeEngine } from "../testing/fake-engine.ts";
import { gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let engine: FakeEngine;
let machine_id: string;
beforeAll(async () => {
  api = await openInProcessApi();
  ({ machine_id } = await api.addMachine("gpu-1", gpusOf("gpu-1", 4)));
  engine = api.engines.get("gpu-1")!;
});
afterAll(() => api.close());

function put(
  name: string,
  { inspected, ...listed }: Partial<ListedContainer> & { inspected?: Partial<InspectedContainer> } = {},
): string {
  const id = Buffer.from(name.padEnd(32, "-")).toString("hex");
  engine.listed.push({
    id,
    health: null,
    name,
    image: "jupyter:latest",
    image_id: "sha256:1",
    state: "running",
    status: "Up 2 hours",
    exit_code: null,
    labels: {},
    ports: [],
    created_at_s: 1_000 + engine.listed.length,
    ...listed,
  });
  engine.containers.set(id, {
    started_at: "2026-11-01T10:00:00.123456789Z",
    gpu_requests: [],
    runtime: "runc",
    env: ["NVIDIA_VISIBLE_DEVICES=all"],
    ...inspected,
  });
  return id;
}
const ask = () => api.admin.machine.foreign_containers({ machine_id });
const namesOf = async () => (await ask()).containers.map(({ name }) => name);

test("what is Berth's own is left out, and what only bears its labels is told", async () => {
  const installation = api.services.installation;
  const image = await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  const { container_id, uid } = await api.admin.container.create({ name: "mine", image: image.name, machine_id });
  const labels = { [LABEL.installation]: installation, [LABEL.machine]: machine_id, [LABEL.uid]: uid };
  const id = put(engineNameOf("mine", uid), { labels });
  put("berth-system-probe", { labels: { [LABEL.installation]: installation, [LABEL.system]: "probe" } });
  put("berth-registry", { labels: { [LABEL.system]: "registry" } });
  put("another-berths-probe", { labels: { [LABEL.installation]: "another", [LABEL.system]: "probe" } });
  put("strange", { labels: { ...labels, [LABEL.uid]: "00000000-0000-4000-8000-000000000001" } });
  put("by-hand");
  // Its create may be under way, and then it is recorded.
  expect(await namesOf()).toEqual(["by-hand", "strange", "another-berths-probe"]);
  await api.db.container_status.update({ where: { container_id }, data: { engine_id: id, create_open: false } });
  expect((await ask()).containers).toEqual([
    {
      engine_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: "by-hand",
      image: "jupyter:latest",
      state: "running",
      status: "Up 2 hours",
      created_at: "1970-01-01T00:16:45.000Z",
      started_at: "2026-11-01T10:00:00.123Z",
      gpus: [],
      unknown: false,
    },
    expect.objectContaining({ name: "strange", unknown: true }),
    expect.objectContaining({ name: "another-berths-probe", unknown: false }),
  ]);
  // Run by hand from what was saved of it: the labels came along.
  put("copied", { labels });
  expect((await ask()).containers[0]).toMatchObject({ name: "copied", unknown: true });
});

test("tells by their indexes which GPUs each was given, and nothing of one that can't be looked into", async () => {
  engine.listed = [];
  put("by-uuid", { inspected: { gpu_requests: [{ ids: ["GPU-gpu-1-3", "1"], count: 0 }] } });
  put("by-number", { inspected: { gpu_requests: [{ ids: [], count: 2 }] } });
  put("all", { inspected: { gpu_requests: [{ ids: [], count: -1 }] } });
  put("by-runtime", { inspected: { runtime: "nvidia", env: ["A=B", "NVIDIA_VISIBLE_DEVICES=0,2"] } });
  put("all-by-runtime", { inspected: { runtime: "nvidia" } });
  put("none");
  put("ended", { state: "exited", status: "Exited (0) 3 days ago" });
  engine.containers.delete(put("gone-meanwhile"));
  const { containers } = await ask();
  expect(containers.map(({ name, gpus }) => [name, gpus])).toEqual([
    ["gone-meanwhile", null],
    ["none", []],
    ["all-by-runtime", [0, 1, 2, 3]],
    ["by-runtime", [0, 2]],
    ["all", [0, 1, 2, 3]],
    ["by-number", [0, 1]],
    ["by-uuid", [1, 3]],
    ["ended", null],
  ]);
});

test("of very many the first five hundred are told, and how many more there are", async () => {
  engine.listed = [];
  for (let count = 0; count < 503; count += 1) put(`old-${count}`, { state: "exited" });
  const { containers, left_out } = await ask();
  expect([containers.length, left_out]).toEqual([500, 3]);
});

test("says that the machine does not answer", async () => {
  engine.failure = new EngineError("unreachable", "no answer");
  await expect(ask()).rejects.toMatchObject({
    code: "SERVICE_UNAVAILABLE",
    message: "The machine does not answer: no answer",
  });
  engine.failure = null;
});
