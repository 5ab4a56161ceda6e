import type { ReconcilerHealth, ReconcilersReport } from "@berth/spec/reconciler.ts";
import { expect, test } from "vitest";
import { concernsOf } from "./concerns-of.ts";

const AT = "2026-11-27T12:00:00.000Z";
const before = (seconds: number): string => new Date(Date.parse(AT) - seconds * 1_000).toISOString();

const HEALTH: ReconcilerHealth = {
  version: "1",
  started_at: before(100),
  machines: 0,
  queue: [],
  longest_waiting: null,
  longest_running: [],
  breakers_open: 0,
  breakers: [],
};
const reconciler = (differs: Partial<ReconcilersReport["reconcilers"][number]> = {}) => ({
  holder: "one",
  alive: true,
  registered_at: before(100),
  expires_at: before(-8),
  shards: 64,
  health: HEALTH,
  told_at: before(1),
  stale: false,
  ...differs,
});
const report = (differs: Partial<ReconcilersReport> = {}): ReconcilersReport => ({
  at: AT,
  reconcilers: [reconciler()],
  shards: [],
  unobserved: [],
  unreachable: [],
  unreachable_count: 0,
  oldest_list: null,
  operations: [],
  ...differs,
});

test("nothing needs to be looked at where all goes well, though one has stopped and others go on", () => {
  expect(concernsOf(report())).toBe(0);
  expect(concernsOf(report({ reconcilers: [reconciler(), reconciler({ alive: false, stale: true })] }))).toBe(0);
  expect(concernsOf(report({ unobserved: [{ noun: "container", count: 9, oldest_at: before(5) }] }))).toBe(0);
});

test("counts that nobody works, that work is late, and who is silent or away", () => {
  expect(concernsOf(report({ reconcilers: [] }))).toBe(1);
  expect(concernsOf(report({ reconcilers: [reconciler({ alive: false })] }))).toBe(1);
  expect(concernsOf(report({ reconcilers: [reconciler({ stale: true })] }))).toBe(1);
  expect(concernsOf(report({ unobserved: [{ noun: "container", count: 9, oldest_at: before(90) }] }))).toBe(1);
  expect(concernsOf(report({ unreachable_count: 3 }))).toBe(3);
  const longest_waiting = { kind: "container" as const, id: "a", machine_id: "gpu-1", ms: 90_000 };
  expect(concernsOf(report({ reconcilers: [reconciler({ health: { ...HEALTH, longest_waiting } })] }))).toBe(1);
});
