import { expect, test } from "vitest";
import { OWNER } from "../containers/testing/samples.ts";
import { DiskPressure } from "./disk-pressure.ts";
import type { MachineSession } from "./machine-session.ts";

/** A session of which only what a full disk asks for is there, with how often it did. */
function pressureOf() {
  const asked = { relieved: 0, told: [] as string[] };
  const session = {
    owner: OWNER,
    enqueueMachine: () => {},
    images: { relieve: () => (asked.relieved += 1) },
    context: { told: { tell: ({ reason }: { reason: string }) => asked.told.push(reason) } },
  };
  return { disk: new DiskPressure(session as unknown as MachineSession), asked };
}
const used = (percent: number) => ({ total: 1_000, free: 1_000 - 10 * percent });

test("makes room from 85 % used on until it is 80 %, one image after the other as long as that helps", () => {
  const { disk, asked } = pressureOf();
  disk.measure(used(85));
  expect(disk.claim()).toEqual([]);
  disk.measure(used(90));
  expect(disk.claim()).toMatchObject([{ type: "DiskPressure", status: "true", reason: "NearlyFull" }]);
  expect(asked).toEqual({ relieved: 1, told: ["DiskPressure"] });
  disk.measure(used(87));
  disk.measure(used(84));
  expect(asked.relieved).toBe(3);
  disk.measure(used(84)); // the last one that went made no room: nothing is asked for a while
  expect(asked.relieved).toBe(3);
  expect(disk.claim()).toHaveLength(1);
  disk.measure(used(80));
  expect(disk.claim()).toEqual([]);
  disk.measure(used(84));
  expect(disk.claim()).toEqual([]);
  expect(asked).toEqual({ relieved: 3, told: ["DiskPressure"] });
});
