import type { ImageRow } from "@berth/db/images/load.ts";
import { expect, test } from "vitest";
import { newKnown } from "../containers/known-container.ts";
import { OWNER, rowOf } from "../containers/testing/samples.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { newKnownImage } from "./known-image.ts";
import { MachineImages } from "./machine-images.ts";
import { reconcileImage } from "./reconcile-image.ts";

const IMAGE_ID = 7;

/** A machine with one container, which is paused for a commit whose end nobody saw. Its engine is never asked. */
function pausedForCommit() {
  const container = newKnown(rowOf());
  container.savers.add(IMAGE_ID);
  const asked: string[] = [];
  const session = {
    owner: OWNER,
    containers: new Map([[container.row.uid, container]]),
    enqueue: (uid: string) => asked.push(uid),
    context: { queue: { add: () => {}, addAfter: () => {} } },
    now: () => 0,
  } as unknown as MachineSession;
  const images = new MachineImages(session);
  const row = {
    image_id: IMAGE_ID,
    source: "commit",
    recipe: null,
    desired: "present",
    cancelled: false,
    run: 1,
    generation: 1,
    machine_id: OWNER.machine_id,
    origin: { uid: container.row.uid, machine_id: OWNER.machine_id, engine_id: "e".repeat(64) },
    status: { attempt: 1, attempt_at: new Date(0), observed_run: 0, observed_generation: 1, version: 1, digest: null },
  } as unknown as ImageRow;
  images.making.set(IMAGE_ID, newKnownImage(row));
  return { images, session, container, row, asked };
}

test("lets a container go that is paused for an image that is not wanted any more", async () => {
  const { images, session, container, row, asked } = pausedForCommit();
  images.notice(IMAGE_ID, { ...row, desired: "absent" });
  await reconcileImage(session, images.making.get(IMAGE_ID)!);
  expect(container.savers.size).toBe(0);
  expect(asked).toEqual([container.row.uid]);
});

test("lets a container go that is paused for an image whose row is gone", () => {
  const { images, container, asked } = pausedForCommit();
  images.notice(IMAGE_ID, null);
  expect(container.savers.size).toBe(0);
  expect(asked).toEqual([container.row.uid]);
});

test("tries at once what its owner has changed", () => {
  const { images, row } = pausedForCommit();
  const known = images.making.get(IMAGE_ID)!;
  known.failure = { count: 3, message: "no", retryAt: 1_000_000 };
  images.upsert({ ...row, generation: 2 });
  expect(known.failure).toBeNull();
});
