import type { Person } from "@berth/api/context.ts";
import { type Change, CHANGED_NOUNS } from "@berth/spec/live.ts";
import { expect, onTestFinished, test } from "vitest";
import { ChangeHub } from "./change-hub.ts";

const EVERYTHING = CHANGED_NOUNS.map((noun) => ({ noun, id: null }));
const user = (user_id: number): Person => ({ user_id, account: `user-${user_id}`, role: "user" });

async function follow(hub: ChangeHub, person: Person) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const batches = hub.follow(person, stop.signal);
  const next = async (): Promise<Change[] | null> => (await batches.next()).value ?? null;
  expect(await next()).toEqual(EVERYTHING);
  return { next, stop: () => stop.abort(), batches };
}

test("what changed often is told once", async () => {
  const hub = new ChangeHub();
  const { next } = await follow(hub, user(1));
  for (let round = 0; round < 1_000; round += 1) hub.tell([["container", String(round % 3), [1]]]);
  expect(await next()).toEqual(["0", "1", "2"].map((id) => ({ noun: "container", id })));
});

test("one who does not read is told of any, and of nothing twice", async () => {
  const hub = new ChangeHub();
  const { next } = await follow(hub, user(1));
  for (let id = 0; id < 100_000; id += 1) hub.tell([["container", String(id), [1]]]);
  hub.tell([["machine", "gpu-1", null]]);
  expect(await next()).toEqual([
    { noun: "container", id: null },
    { noun: "machine", id: "gpu-1" },
  ]);
});

test("what names others is for admins alone", async () => {
  const hub = new ChangeHub();
  const [owner, shared, stranger] = [
    await follow(hub, user(1)),
    await follow(hub, user(2)),
    await follow(hub, user(3)),
  ];
  const admin = await follow(hub, { ...user(4), role: "admin" });
  hub.tell([
    ["image", "7", [1, 2]],
    ["settings", "settings", null],
  ]);
  const all = [
    { noun: "image", id: "7" },
    { noun: "settings", id: "settings" },
  ];
  expect([await owner.next(), await shared.next(), await admin.next()]).toEqual([all, all, all]);
  expect(await stranger.next()).toEqual(all.slice(1));
});

test("who stops is forgotten, whether they wait or are busy", async () => {
  const hub = new ChangeHub();
  const waiting = await follow(hub, user(1));
  const last = waiting.next();
  waiting.stop();
  expect(await last).toBe(null);
  const busy = await follow(hub, user(1));
  busy.stop();
  expect(hub.size).toBe(0);
  expect(await busy.next()).toBe(null);
  const left = await follow(hub, user(1));
  await left.batches.return();
  expect(hub.size).toBe(0);
});
