import { LABEL } from "@berth/spec/engine-names.ts";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { type Berth, startBerth } from "./berth.ts";
import { realEngine, type ScenarioEngine, startScenarioSimulation } from "./scenario-engine.ts";
import { Scene } from "./scene.ts";

export type EngineKind = "real" | "simulated";

/**
 * Describes `scenarios` once for every engine of these kinds that this machine can have. All of them are machines of one
 * Berth of the file's own (the second parameter gives all of them); the engines are left without any container of it.
 */
export function describeOnEngines(
  kinds: EngineKind[],
  scenarios: (scene: () => Scene, scenes: () => Scene[]) => void,
  options: Parameters<typeof startBerth>[1] = {},
): void {
  const openers = new Map<string, () => Promise<ScenarioEngine>>();
  const fleet = sharedFleet();
  if (fleet && kinds.includes("real")) {
    for (const engine of fleet.engines) openers.set(engine.name, async () => realEngine(fleet, engine));
  }
  if (kinds.includes("simulated")) openers.set("simulated", () => startScenarioSimulation("simulated"));

  describe.skipIf(openers.size === 0)("a whole Berth", () => {
    let berth: Berth;
    const scenes = new Map<string, Scene>();
    beforeAll(async () => {
      berth = await startBerth(undefined, options);
      for (const [name, open] of openers) scenes.set(name, await Scene.open(berth, await open()));
    });
    afterAll(async () => {
      await berth?.deleteContainers();
      const label = `label=${LABEL.installation}=${await berth.readInstallation()}`;
      await berth.close();
      for (const { engine } of scenes.values()) {
        expect(await engine.docker("ps", "--all", "--filter", label, "--format", "{{.Names}}")).toBe("");
        await engine.close();
      }
    });

    for (const name of openers.keys()) {
      describe(`on ${name}`, () => {
        const open = (): Scene => {
          const scene = scenes.get(name);
          if (!scene) throw new Error(`${name} is not open`);
          return scene;
        };
        // A test may go on with what the one before it left. What its repeats leave would only fill the engines.
        afterEach(async ({ task }) => {
          const made = open().takeMade();
          if ((task.result?.repeatCount ?? 0) > 0) await berth.deleteContainers(made);
        });
        scenarios(open, () => [...scenes.values()]);
      });
    }
  });
}
