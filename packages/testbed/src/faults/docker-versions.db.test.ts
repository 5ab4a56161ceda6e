import type { Machine } from "@berth/spec/machine.ts";
import { describe, expect, test } from "vitest";
import { waitUntil } from "../fleet/wait-until.ts";
import type { FaultEffect } from "../simulated/faults.ts";
import { recordRequests, type SeenRequest, useFaultyScene } from "./faulty-scene.ts";
import { fingerprint } from "./on-engine.ts";

const isChange = ({ method }: SeenRequest): boolean => method !== "GET" && method !== "HEAD";

describe("an engine whose Docker", () => {
  const open = useFaultyScene();

  async function untilMachine(what: string, isSo: (machine: Machine) => boolean): Promise<Machine> {
    const { berth, scene } = open();
    let seen: Machine | undefined;
    await waitUntil(what, 20_000, async () => {
      seen = await berth.admin.machine.get.query({ machine_id: scene.machine_id });
      return isSo(seen);
    });
    return seen!;
  }

  test("is exchanged for an older one, and for a newer one again: each is spoken to in its own version", async () => {
    const { scene, engine, foreign } = open();
    const container = await scene.run();
    const { id } = await container.onEngine();
    /** The API versions in which the engine is asked for a change now; it takes older ones, too. */
    const versionsOfChange = async (memory: number): Promise<string[]> => {
      const requests = recordRequests(engine.simulation);
      await container.owner.container.update.mutate({ ...container.ref, memory });
      await container.reaches("Running");
      return [...new Set(requests.flatMap(({ url }) => /^\/v([\d.]+)\//.exec(url)?.[1] ?? []))];
    };
    expect(await versionsOfChange(48)).toEqual(["1.51"]);
    for (const [generation, version, api, memory] of [
      ["20.10", "20.10.24", "1.41", 64],
      ["28.5", "28.5.2", "1.51", 96],
    ] as const) {
      await engine.restart(generation);
      // What has no restart policy has ended with the engine.
      foreign.was = await fingerprint(engine, foreign.id);
      await container.owner.container.update.mutate({ ...container.ref, memory });
      await untilMachine(`Docker ${version}`, ({ engine_version }) => engine_version === version);
      await container.reaches("Running");
      expect(await container.allOnEngine()).toMatchObject([{ id, state: "running" }]);
      expect(await container.inspect("{{.HostConfig.Memory}}")).toBe(String(memory * 1_048_576));
      expect(await versionsOfChange(memory + 1)).toEqual([api]);
    }
  });

  test.each(["1.24", "1.40"])(
    "speaks no more than API %s, which is older than what Berth needs: it says so, does nothing, and goes on once that is mended",
    async (version) => {
      const { scene, engine, berth } = open();
      const container = await scene.run();
      const message = `client version 1.51 is too new. Maximum supported API version is ${version}`;
      const tooOld: FaultEffect = {
        kind: "answer",
        status: 400,
        body: JSON.stringify({ message }),
        headers: { "Api-Version": version },
      };
      const { faults } = engine.simulation;
      faults.add({ call: "ping", effect: { ...tooOld, status: 200, body: "OK", content_type: "text/plain" } });
      faults.add({ call: "*", effect: tooOld });
      engine.simulation.dropConnections();
      await container.owner.container.stop.mutate(container.ref);
      const seen = await untilMachine("it to be told", ({ online }) => !online);
      expect(seen.conditions).toContainEqual(
        expect.objectContaining({
          type: "Reachable",
          status: "false",
          message: expect.stringContaining("Upgrade Docker"),
        }),
      );
      await container.until("it to be unknown", ({ phase }) => phase === "Unknown");
      const requests = recordRequests(engine.simulation);
      await container.owner.container.update.mutate({ ...container.ref, memory: 80 });
      await waitUntil("it to be asked again what it speaks", 30_000, () => requests.length >= 3);
      expect(requests.filter(isChange)).toEqual([]);
      faults.clear();
      await container.reaches("Stopped");
      await untilMachine("it to be back", ({ online }) => online);
      expect(() => process.kill(berth.reconciler.pid, 0)).not.toThrow();
    },
  );
});
