import { dirname, join } from "node:path";
import { MARKER_LABEL, MARKER_VOLUME } from "@berth/spec/engine-names.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import type { FleetEngine } from "../fleet/engine.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { expectConsistent } from "./consistency.ts";
import { theOneOf } from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";

const generations = sharedFleet()?.engines.map(({ generation }) => generation) ?? [];

/** Docker before 23 keeps its id beside its settings, later ones in the data folder. */
const idFileOf = ({ generation, log_file }: FleetEngine): string =>
  generation === "20.10" ? "/etc/docker/key.json" : join(dirname(log_file), "data", "engine-id");

const ask = async (engine: FleetEngine, ...args: string[]): Promise<string> => (await engine.docker(...args)).trim();
const idOf = (engine: FleetEngine): Promise<string> => ask(engine, "info", "--format", "{{.ID}}");
const readMarker = (engine: FleetEngine): Promise<string> =>
  ask(engine, "volume", "inspect", "-f", `{{index .Labels "${MARKER_LABEL}"}}`, MARKER_VOLUME);
const idsOn = (engine: FleetEngine): Promise<string> => ask(engine, "ps", "-aq", "--no-trunc");

describe.each(generations)("two servers of Docker %s that were made of one disk's copy", (generation) => {
  let database: TestDatabase;
  let stage: Stage;
  let original: StageMachine;
  let clone: StageMachine;
  beforeAll(async () => {
    database = await createTestDatabase();
    const engines = ["original", "clone"].map((name) => ({ name, generation }));
    stage = await Stage.set(database.url, { engines });
    [original, clone] = [stage.machine("original"), stage.machine("clone")];
    const id = await original.engine.run(`cat "$1"`, idFileOf(original.engine));
    await clone.engine.stop();
    await clone.engine.run(`printf %s "$2" > "$1"`, idFileOf(clone.engine), id);
    await clone.engine.start();
    await stage.startReconciler();
  });
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  /** Takes the clone's marker away, and begins anew with that one. */
  async function markClone(marker: string): Promise<void> {
    await clone.engine.docker("volume", "rm", MARKER_VOLUME);
    await clone.engine.docker("volume", "create", "--label", `${MARKER_LABEL}=${marker}`, MARKER_VOLUME);
    await clone.engine.stop();
    await clone.engine.start();
  }

  const identityOf = async ({ machine_id }: StageMachine) => {
    const { conditions } = await stage.api.admin.machine.get.query({ machine_id });
    return conditions.find(({ type }) => type === "IdentityMatches")?.status;
  };

  test("are two machines though their engines have one id, for their markers differ", async () => {
    expect(await idOf(clone.engine)).toBe(await idOf(original.engine));
    const [here, there] = await Promise.all(
      [original, clone].map(async (machine) => {
        const container = await stage.seeRunning(await stage.create(`on-${machine.engine.name}`, machine));
        return { container, one: await theOneOf(machine.engine, container) };
      }),
    );
    expect(await idsOn(original.engine)).toBe(here!.one.id);
    expect(await idsOn(clone.engine)).toBe(there!.one.id);
    expect(await Promise.all([identityOf(original), identityOf(clone)])).toEqual(["true", "true"]);
    await expectConsistent(stage);
    await stage.deleteContainers();
  });

  test("are not taken for each other where the marker was copied too: the copy is frozen, the original goes on", async () => {
    const own = await readMarker(clone.engine);
    await markClone(await readMarker(original.engine));
    await stage.until("the copy to be frozen", async () => (await identityOf(clone)) === "false");
    const { machine_id } = clone;
    await expect(stage.api.admin.machine.adopt.mutate({ machine_id })).rejects.toMatchObject({
      message: expect.stringContaining("original"),
    });
    const asked = await stage.create("asked", clone);
    await stage.seeRunning(await stage.create("goes-on", original));
    expect(await clone.engine.docker("ps", "-aq", "--filter", `label=berth.uid=${asked.uid}`)).toBe("");
    expect(await identityOf(original)).toBe("true");

    await markClone(own);
    await stage.until("the copy to be itself again", async () => (await identityOf(clone)) === "true");
    await stage.seeRunning(asked);
    await expectConsistent(stage);
    await stage.deleteContainers();
  });
});
