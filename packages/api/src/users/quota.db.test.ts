import { prismaSql } from "@berth/db/sql.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Actor } from "../context.ts";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let number = 0;
let actor: Actor;
let li: Caller;

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1", gpusOf("gpu-1", 64));
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  ({ actor, api: li } = await api.addUser(`li-${number}`));
});

const create = (name: string, gpu_count = 0, desired: "running" | "stopped" = "running") =>
  li.container.create({ name, image: "public/base:1", gpu_count, desired });
const allow = (quota: { gpus?: number; containers?: number }) =>
  api.admin.user.update({ user_id: actor.user_id, quota });
const giveGpusBack = (container_id: number) => api.db.gpu_allocations.deleteMany({ where: { container_id } });

test("refuses one container too many, and says which there are", async () => {
  await allow({ containers: 2 });
  await create("one");
  const { container_id } = await create("two");
  await expect(create("three")).rejects.toMatchObject({
    code: "CONFLICT",
    message: `The quota of li-${number} is 2 containers, and 2 are in use by one, two.`,
    cause: { details: { limit: "containers", allowed: 2, used: 2, asked: 1, containers: ["one", "two"] } },
  });
  await li.container.delete({ container_id });
  expect(await create("three")).toMatchObject({ name: "three" });
});

test("refuses a thousand and first container also where there is no quota", async () => {
  const { container_id } = await create("one", 0, "stopped");
  await prismaSql(api.db)(
    `INSERT INTO containers SELECT copy.* FROM containers c, generate_series(1, 999) g,
       jsonb_populate_record(c, jsonb_build_object(
         'container_id', nextval(pg_get_serial_sequence('containers', 'container_id')),
         'uid', gen_random_uuid(), 'name', 'copy-' || g)) copy
     WHERE c.container_id = $1`,
    [container_id],
  );
  const message = `li-${number} has 1000 containers, and no account has more: delete some first.`;
  await expect(create("two")).rejects.toMatchObject({ code: "CONFLICT", message });
  expect(await li.container.start({ container_id })).toMatchObject({ desired: "running" });
});

test("refuses one GPU too many, at a create, a start and an update", async () => {
  await allow({ gpus: 4 });
  const { container_id } = await create("one", 3);
  const details = { limit: "gpus", allowed: 4, used: 3, asked: 2, containers: ["one"] };
  await expect(create("two", 2)).rejects.toMatchObject({ code: "CONFLICT", cause: { details } });
  const two = await create("two", 2, "stopped");
  await expect(li.container.start({ container_id: two.container_id })).rejects.toMatchObject({
    code: "CONFLICT",
    cause: { details },
  });
  const update = (gpu_count: number) => li.container.update({ container_id, gpu_count, recreate: "discard" });
  await expect(update(5)).rejects.toMatchObject({ cause: { details: { used: 0, asked: 5, containers: [] } } });
  expect((await update(4)).gpus).toHaveLength(4);
  await li.container.stop({ container_id });
  await giveGpusBack(container_id);
  expect((await li.container.start({ container_id: two.container_id })).gpus).toHaveLength(2);
  await expect(li.container.start({ container_id })).rejects.toMatchObject({
    cause: { details: { used: 2, asked: 4 } },
  });
});

test("counts GPUs that are named one by one", async () => {
  await allow({ gpus: 1 });
  const gpu_uuids = ["GPU-gpu-1-62", "GPU-gpu-1-63"];
  const named = li.container.create({ name: "named", image: "public/base:1", gpu_uuids });
  await expect(named).rejects.toMatchObject({ cause: { details: { asked: 2 } } });
});

test("what is there stays, and can be asked for again and made less, when the quota shrinks", async () => {
  const { container_id } = await create("one", 3);
  await allow({ gpus: 1, containers: 0 });
  expect(await li.container.start({ container_id })).toMatchObject({ desired: "running" });
  expect(await li.container.update({ container_id, display_name: "One" })).toMatchObject({ display_name: "One" });
  const update = (gpu_count: number) => li.container.update({ container_id, gpu_count, recreate: "discard" });
  const { spec } = await update(2);
  expect(spec.gpu_count).toBe(2);
  // Its engine container has been replaced.
  await api.services.sql(
    "DELETE FROM gpu_allocations a USING placements p WHERE p.container_id = a.container_id AND a.gpu_uuid <> ALL (p.gpu_uuids)",
  );
  await expect(update(3)).rejects.toMatchObject({ code: "CONFLICT" });
});

test("an admin who starts another's container uses that user's quota", async () => {
  const container = await create("one", 2, "stopped");
  await allow({ gpus: 1 });
  await expect(api.admin.container.start({ container_id: container.container_id })).rejects.toMatchObject({
    cause: { details: { limit: "gpus" } },
  });
});

test("many at once get no more than the quota", async () => {
  await allow({ gpus: 4, containers: 100 });
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => create(`box-${index}`, 1)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  await allow({ gpus: 4, containers: 6 });
  const more = await Promise.allSettled(Array.from({ length: 6 }, (_, index) => create(`more-${index}`)));
  expect(more.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  expect((await api.admin.user.get(actor)).used).toEqual({ gpus: 4, containers: 6, images: 0, storage: 0 });
});

test("GPUs that only an engine container still has which is to be replaced are no room for more", async () => {
  await allow({ gpus: 1 });
  const { container_id, gpus } = await create("one", 1);
  const other = gpus[0]!.uuid === "GPU-gpu-1-60" ? "GPU-gpu-1-61" : "GPU-gpu-1-60";
  const moved = await li.container.update({ container_id, gpu_uuids: [other], recreate: "discard" });
  expect(moved.gpus).toHaveLength(2);
  const more = li.container.update({ container_id, gpu_count: 2, recreate: "discard" });
  await expect(more).rejects.toMatchObject({ code: "CONFLICT" });
});

test("a start claims as many GPUs as are asked for, whatever it had before its stop was seen", async () => {
  await allow({ gpus: 2 });
  const { container_id } = await create("one", 2);
  await li.container.stop({ container_id });
  await li.container.update({ container_id, gpu_count: 1, recreate: "discard" });
  await giveGpusBack(container_id);
  await create("two", 1);
  expect((await li.container.start({ container_id })).gpus).toHaveLength(1);
});
