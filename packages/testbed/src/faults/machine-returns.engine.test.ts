import { setTimeout as delay } from "node:timers/promises";
import type { Container } from "@berth/spec/container.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { expectConsistent } from "./consistency.ts";
import { actionsSince, engineTime, fingerprint, theOneOf } from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";
import { swapDisk } from "./swap-disk.ts";

const generations = sharedFleet()?.engines.map(({ generation }) => generation) ?? [];

describe.skipIf(!sharedFleet())("a machine that comes back as another", () => {
  let database: TestDatabase;
  let stage: Stage;
  const machines = (): StageMachine[] => stage.machines;
  beforeAll(async () => {
    database = await createTestDatabase();
    stage = await Stage.set(database.url, {
      engines: generations.map((generation, at) => ({ name: `returns-${at + 1}`, generation })),
    });
    await stage.startReconciler();
  });
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  const look = ({ machine_id }: StageMachine) => stage.api.admin.machine.get.query({ machine_id });
  const seeOnline = (machine: StageMachine, online: boolean): Promise<void> =>
    stage.until(`${machine.engine.name} online: ${online}`, async () => (await look(machine)).online === online);
  const conditionOf = async (machine: StageMachine, wanted: string) =>
    (await look(machine)).conditions.find(({ type }) => type === wanted);

  test("after a reboot at another address it is away until the address is edited, and its marker confirms it", async () => {
    const machine = machines()[0]!;
    const { machine_id, engine } = machine;
    const container = await stage.seeRunning(await stage.create("rebooted", machine));
    const before = await theOneOf(engine, container);
    await engine.cutPower();
    const url = await engine.startElsewhere();
    await seeOnline(machine, false);
    const unknown = ({ phase }: Container): boolean => phase === "Unknown";
    expect(await stage.see(container, "it to be unknown", unknown)).toMatchObject({ machine_id });

    const other = machines()[1]!;
    const wrong = stage.api.admin.machine.update.mutate({ machine_id, url: other.engine.url });
    await expect(wrong).rejects.toMatchObject({ message: expect.stringContaining("Another") });
    expect(await stage.api.admin.machine.update.mutate({ machine_id, url })).toMatchObject({
      ip: new URL(url.replace("tcp:", "http:")).hostname,
    });
    await seeOnline(machine, true);
    await stage.seeRunning(container);
    expect((await theOneOf(engine, container)).id).toBe(before.id);
    await expectConsistent(stage);
  });

  test("an engine that was installed anew is frozen until an admin accepts it, and then each container is made anew or not", async () => {
    const machine = machines()[1]!;
    const { machine_id, engine } = machine;
    const again = await stage.seeRunning(await stage.create("again", machine));
    const fails = await stage.seeRunning(await stage.create("fails", machine, { on_loss: "fail" }));
    const adopt = () => stage.api.admin.machine.adopt.mutate({ machine_id });
    await expect(adopt()).rejects.toMatchObject({ message: expect.stringContaining("nothing to accept") });
    await swapDisk(engine, "new-disk");
    await stage.until(
      "the machine to be frozen",
      async () => (await conditionOf(machine, "IdentityMatches"))?.status === "false",
    );
    const since = engineTime();
    await delay(2_000); // nothing is to happen, and only time shows that
    expect(await actionsSince(engine, since)).toEqual([]);
    expect(await engine.docker("ps", "-aq")).toBe("");
    await adopt();
    await stage.until(
      "its identity to be confirmed",
      async () => (await conditionOf(machine, "IdentityMatches"))?.status === "true",
    );
    const made = await stage.seeRunning(again);
    expect(made.conditions).toMatchObject([{ type: "DataLost" }]);
    await stage.see(fails, "it to fail", ({ phase }) => phase === "Failed");
    await stage.api.admin.container.delete.mutate(fails);
    await stage.seeGone(fails);
    await expectConsistent(stage);
  });

  test("one that was forgotten while it was away is told when it is added again, and its containers are left alone", async () => {
    const machine = machines().at(-1)!;
    const { machine_id, engine } = machine;
    const container = await stage.seeRunning(await stage.create("forgotten", machine));
    const remove = (force: boolean) => stage.api.admin.machine.remove.mutate({ machine_id, force });
    await expect(remove(true)).rejects.toMatchObject({ message: expect.stringContaining("answers") });
    const { id } = await theOneOf(engine, container);
    await engine.docker("update", "--restart=no", id);
    await engine.stop();
    await seeOnline(machine, false);
    await expect(remove(false)).rejects.toMatchObject({ message: expect.stringContaining("forgotten") });
    await remove(true);
    await stage.seeGone(container);

    await engine.start();
    const left = await fingerprint(engine, id);
    const added = await stage.api.admin.machine.add.mutate({ url: engine.url, tls: engine.tls, name: engine.name });
    expect(added.machine_id).toBe(machine_id);
    await stage.until("its containers to be told", async () => {
      return (await conditionOf(machine, "OrphansFound"))?.message.includes("berth-forgotten-") ?? false;
    });
    expect(await fingerprint(engine, id)).toEqual(left);
  });

  test("no engine is two machines, whatever address it is added by", async () => {
    const [first] = machines();
    const { ip } = await look(first!);
    const { tls } = first!.engine;
    const twice = stage.api.admin.machine.add.mutate({ url: `tcp://${ip}:02376`, tls, name: "twice" });
    await expect(twice).rejects.toMatchObject({ message: expect.stringContaining("already") });
  });
});
