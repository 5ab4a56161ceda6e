import type { Container } from "@berth/spec/container.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let li: Caller;
let wang: Caller;
let machine_id: string;
let held: Container;

beforeAll(async () => {
  api = await openInProcessApi();
  ({ machine_id } = await api.addMachine("gpu-1", gpusOf("gpu-1", 2)));
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  li = (await api.addUser("li")).api;
  wang = (await api.addUser("wang")).api;
  await api.admin.machine.update({ machine_id, shared_gpus: { "GPU-gpu-1-1": 2 } });
  held = await li.container.create({ name: "secret-project", image: "public/base:1", gpu_uuids: ["GPU-gpu-1-1"] });
});
afterAll(() => api.close());

test("everybody sees who holds a GPU since when, and only who may open it what holds it", async () => {
  const { since } = await api.db.gpu_allocations.findFirstOrThrow({ where: { container_id: held.container_id } });
  const told = { uuid: "GPU-gpu-1-1", account: "li", since: since.toISOString() };
  const open = { container_id: held.container_id, name: "secret-project" };
  const seenBy = async (caller: Caller) => [
    (await caller.machine.get({ machine_id })).gpus_held,
    (await caller.machine.list({})).items[0]?.gpus_held,
  ];
  expect(await seenBy(li)).toEqual([[{ ...told, ...open }], [{ ...told, ...open }]]);
  expect(await seenBy(api.admin)).toEqual([[{ ...told, ...open }], [{ ...told, ...open }]]);
  const closed = { ...told, container_id: null, name: null };
  expect(await seenBy(wang)).toEqual([[closed], [closed]]);
  const other = await wang.container.create({ name: "other", image: "public/base:1", gpu_uuids: ["GPU-gpu-1-1"] });
  const both = await wang.machine.get({ machine_id });
  expect(both).toMatchObject({ gpus_taken: ["GPU-gpu-1-1"], gpus_held: [closed, { account: "wang", name: "other" }] });
  await api.db.gpu_allocations.deleteMany({ where: { container_id: other.container_id } });
});

test("an admin reads everybody's hours, a user their own", async () => {
  await api.db.gpu_allocations.updateMany({ data: { since: new Date(Date.now() - 7_200_000) } });
  const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  const [yesterday, today] = [daysAgo(1), daysAgo(0)];
  const range = { from: yesterday, to: today };
  const all = await api.admin.usage.gpu_hours(range);
  expect(all).toMatchObject({ buckets: [yesterday, today], users_left_out: 0 });
  const [first] = all.users;
  expect(first).toMatchObject({ account: "li", deleted: false, total: expect.closeTo(1, 2) });
  expect(first?.hours.reduce((sum, hours) => sum + hours, 0)).toBeCloseTo(1, 2);
  const own = await li.usage.my_gpu_hours(range);
  expect(own.users).toMatchObject([{ account: "li", total: expect.closeTo(1, 2) }]);
  expect((await wang.usage.my_gpu_hours(range)).users.map(({ account }) => account)).not.toContain("li");
});

test("buckets are whole days, weeks and months, also those that nobody held anything in", async () => {
  const bucketsBy = async (by: "day" | "week" | "month") =>
    (await li.usage.my_gpu_hours({ from: "2026-02-26", to: "2026-03-03", by })).buckets;
  expect(await bucketsBy("day")).toHaveLength(6);
  expect(await bucketsBy("week")).toEqual(["2026-02-23", "2026-03-02"]);
  expect(await bucketsBy("month")).toEqual(["2026-02-01", "2026-03-01"]);
});

test.each([
  { from: "2026-03-02", to: "2026-03-01" },
  { from: "2025-01-01", to: "2026-03-01" },
  { from: "2025-02-20", to: "2026-03-01", by: "day" as const },
  { from: "2026-03-01", to: "2026-03-01", time_zone: "+08:00" },
  { from: "2026-03-01", to: "2026-03-01", time_zone: "Mars/Olympus" },
  { from: "2026-02-30", to: "2026-03-01" },
])("refuses %j", async (range) => {
  await expect(li.usage.my_gpu_hours(range)).rejects.toMatchObject({ code: "BAD_REQUEST" });
});
