import { randomUUID } from "node:crypto";
import { connectLeases, type LeaseConnection } from "@berth/db/leases/lease-connection.ts";
import type { ReconcilerHealth } from "@berth/spec/reconciler.ts";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());

const HEALTH: ReconcilerHealth = {
  version: "1.2.3",
  started_at: "2026-11-01T00:00:00.000Z",
  machines: 1,
  queue: [{ kind: "container", waiting: 3, running: 1, delayed: 2 }],
  longest_waiting: { kind: "container", id: "a-uid", machine_id: "gpu-1", ms: 12_000 },
  longest_running: [],
  breakers_open: 0,
  breakers: [],
};

async function reconciler(): Promise<LeaseConnection & { holder: string }> {
  const holder = randomUUID();
  const connection = await connectLeases(api.database_url, holder, 60_000, () => undefined);
  onTestFinished(() => connection.close());
  return { ...connection, holder };
}
const report = () => api.admin.reconciler.report();

test("without a reconciler nobody has a shard", async () => {
  const { reconcilers, shards } = await report();
  expect(reconcilers).toEqual([]);
  expect(shards).toHaveLength(64);
  expect(shards.every(({ holder, since }) => holder === null && since === null)).toBe(true);
});

test("one that lives is told with its shards, and with how it does in its own words", async () => {
  const { holder, leases } = await reconciler();
  await leases.acquire(5);
  expect((await report()).reconcilers).toMatchObject([{ holder, alive: true, shards: 5, health: null, stale: true }]);
  await leases.renew(HEALTH);
  const told = await report();
  expect(told.reconcilers).toMatchObject([{ holder, health: HEALTH, stale: false }]);
  expect(told.shards[0]).toEqual({ shard: 0, holder, epoch: 1, since: expect.any(String) });
  await api.db.reconcilers.updateMany({ data: { health_at: new Date(Date.now() - 20_000) } });
  expect((await report()).reconcilers).toMatchObject([{ alive: true, stale: true }]);
  await api.db.reconcilers.updateMany({ data: { health: { of: "another release" } } });
  expect((await report()).reconcilers).toMatchObject([{ alive: true, health: null }]);
});

test("one whose process has ended without a word is known to be dead at once", async () => {
  const { holder, close } = await reconciler();
  await close();
  await vi.waitFor(async () => {
    const { reconcilers } = await report();
    expect(reconcilers.find((each) => each.holder === holder)).toMatchObject({ alive: false });
  });
});

test("what nobody has acted on, and who is away, is told", async () => {
  const machine = await api.addMachine("gpu-1");
  const { machine_id } = machine;
  const conditions = [
    {
      type: "Reachable",
      status: "false",
      reason: "NoAnswer",
      message: "It does not answer.",
      since: machine.created_at,
    },
  ];
  expect((await report()).unobserved).toMatchObject([{ noun: "machine", count: 1 }]);
  expect((await report()).unreachable).toEqual([]);
  await api.db.machine_status.update({ where: { machine_id }, data: { online: false, conditions } });
  expect(await report()).toMatchObject({
    unreachable: [{ machine_id, name: "gpu-1", message: "It does not answer." }],
    unreachable_count: 1,
    oldest_list: null,
  });
  await api.db.machine_status.update({ where: { machine_id }, data: { online: true, last_list_at: new Date(0) } });
  expect((await report()).oldest_list).toEqual({ machine_id, name: "gpu-1", at: "1970-01-01T00:00:00.000Z" });
});
