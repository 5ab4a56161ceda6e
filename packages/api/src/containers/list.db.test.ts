import { recordEvent } from "@berth/db/object-events/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import { Container } from "@berth/spec/container.ts";
import { pageOf } from "@berth/spec/page.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Actor } from "../context.ts";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { listContainers } from "./list.ts";

let api: InProcessApi;
let actor: Actor;
let li: Caller;

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1", gpusOf("gpu-1", 4));
  await api.addMachine("gpu-2", gpusOf("gpu-2", 4));
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  ({ actor, api: li } = await api.addUser("li"));
  for (let index = 0; index < 7; index += 1) {
    const machine_id = index % 2 === 0 ? "ENGINE-gpu-1" : "ENGINE-gpu-2";
    await li.container.create({ name: `box-${index}`, image: "public/base:1", machine_id, gpu_count: 1 });
  }
});
afterAll(() => api.close());

test("walks all pages, newest first, each container once", async () => {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await li.container.list({ limit: 3, ...(cursor !== undefined && { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(3);
    names.push(...page.items.map((container) => container.name));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  expect(names).toEqual(["box-6", "box-5", "box-4", "box-3", "box-2", "box-1", "box-0"]);
});

test("says that there is no next page where the last one is full", async () => {
  expect((await li.container.list({ limit: 7 })).next_cursor).toBeNull();
});

test("keeps to one machine where it is named", async () => {
  const { items } = await li.container.list({ machine_id: "ENGINE-gpu-2" });
  expect(items.map((container) => container.name)).toEqual(["box-5", "box-3", "box-1"]);
});

test("does not say that one runs where nobody can look", async () => {
  const [{ container_id }] = (await li.container.list({ limit: 1 })).items as [Container];
  const told = async (phase: string) => {
    await api.db.container_status.update({
      where: { container_id },
      data: { running: true, phase, observed_generation: 1 },
    });
    return (await li.container.get({ container_id })).status;
  };
  expect([await told("Running"), await told("Unknown")]).toEqual([true, false]);
});

test("keeps to those that are named, and leaves out what is not there or not the caller's", async () => {
  const { items } = await li.container.list({ limit: 7 });
  const [newest, , third] = items.map(({ container_id }) => container_id);
  const { api: other } = await api.addUser("other");
  const container_ids = [third!, 987_654, newest!];
  expect((await li.container.list({ container_ids })).items.map(({ container_id }) => container_id)).toEqual([
    newest,
    third,
  ]);
  expect((await other.container.list({ container_ids })).items).toEqual([]);
});

test("refuses a cursor that no list has given", async () => {
  await expect(li.container.list({ cursor: "1; DROP" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("answers what its schema says and nothing else, also for a spec that an earlier release stored", async () => {
  await api.services.sql("UPDATE containers SET spec = spec - 'shm' WHERE name = 'box-0'");
  const page = await li.container.list({ limit: 7 });
  expect(page).toEqual(pageOf(Container).parse(page));
  expect(page.items.at(-1)?.spec.shm).toBeNull();
});

test("asks the database twice, however many there are", async () => {
  let statements = 0;
  const counting: Sql = (text, parameters) => {
    statements += 1;
    return api.services.sql(text, parameters);
  };
  const ctx = { ...api.services, sql: counting, actor, address: null, request_id: "a-request", cookies: null };
  const page = await listContainers(ctx, { limit: 50, scope: "mine" });
  expect(page.items).toHaveLength(7);
  expect(statements).toBe(2);
});

test("shows what a recreate has set aside", async () => {
  const { items } = await li.container.list({ limit: 1 });
  const { container_id, image_id } = items[0] ?? { container_id: 0, image_id: 0 };
  const held_until = new Date("2030-01-02T03:04:05.678Z");
  await api.db.held_containers.create({
    data: { engine_id: "e".repeat(64), container_id, machine_id: "ENGINE-gpu-1", generation: 1, image_id, held_until },
  });
  expect((await li.container.get({ container_id })).held).toEqual([
    { generation: 1, held_until: "2030-01-02T03:04:05.678Z" },
  ]);
});

test("tells a container's events newest first, page by page", async () => {
  const { uid, container_id } = await li.container.create({ name: "eventful", image: "public/base:1" });
  for (const reason of ["Pulled", "Created", "Started", "Started"]) {
    const event = { noun: "container", id: uid, kind: "normal", reason, message: `It was ${reason}.` } as const;
    await recordEvent(api.services.sql, event);
  }
  const first = await li.container.events({ container_id, limit: 2 });
  expect(first.items).toMatchObject([
    { reason: "Started", count: 2 },
    { reason: "Created", count: 1 },
  ]);
  const second = await li.container.events({ container_id, limit: 2, cursor: first.next_cursor ?? "" });
  expect(second).toMatchObject({ items: [{ reason: "Pulled" }], next_cursor: null });
});

test("each sees their own containers, and only an admin asks for everybody's", async () => {
  const qian = (await api.addUser("qian")).api;
  const { container_id } = await qian.container.create({ name: "hers", image: "public/base:1" });
  const idsOf = async (caller: Caller, scope: "mine" | "all") =>
    (await caller.container.list({ scope, limit: 500 })).items.map((container) => container.container_id);
  expect(await idsOf(qian, "mine")).toEqual([container_id]);
  expect(await idsOf(li, "mine")).not.toContain(container_id);
  expect(await idsOf(api.admin, "mine")).not.toContain(container_id);
  expect(await idsOf(api.admin, "all")).toContain(container_id);
  await expect(li.container.list({ scope: "all" })).rejects.toMatchObject({ code: "FORBIDDEN" });
});

test("ends a page sooner where containers have long environments, and loses none of them", async () => {
  const { api: long } = await api.addUser("long");
  const env = { TEXT: "x".repeat(32_000) };
  for (let index = 0; index < 40; index += 1) {
    await long.container.create({ name: `long-${index}`, image: "public/base:1", env, desired: "stopped" });
  }
  const first = await long.container.list({ limit: 500 });
  expect(first.items.length).toBeLessThan(40);
  const second = await long.container.list({ limit: 500, cursor: first.next_cursor! });
  expect(first.items.length + second.items.length).toBe(40);
  expect(second.next_cursor).toBeNull();
});
