import { waitUntil } from "../fleet/wait-until.ts";
import { askEngine, findOnEngine } from "./engine-by-hand.ts";
import type { Scene } from "./scene.ts";
import type { WatchedContainer } from "./watched-container.ts";

const WISHES = ["memory", "cpus", "name", "stop", "start", "recreate", "replace"] as const;
const EDITS = ["kill", "halt", "pause", "rename", "remove", "run", "limit"] as const;
/** What was done; `missed` is an edit by hand that found its container gone, or in a state that forbids it. */
export type Step = (typeof WISHES)[number] | (typeof EDITS)[number] | "missed";

/** How often each step is taken: what makes containers costs an engine most. */
const WEIGHTS: [Exclude<Step, "missed">, number][] = [
  ["memory", 20],
  ["cpus", 10],
  ["name", 10],
  ["stop", 10],
  ["start", 12],
  ["recreate", 2],
  ["replace", 3],
  ["kill", 6],
  ["halt", 5],
  ["pause", 7],
  ["rename", 7],
  ["remove", 2],
  ["run", 4],
  ["limit", 6],
];

export interface RestlessOwner {
  /** Asks Berth for a random change, or changes the engine behind its back. */
  step(): Promise<Step>;
  /** Waits until the container is what was asked for last, on the engine too. */
  settles(): Promise<void>;
}

/** Somebody with one container at a time who can't leave it alone, nor leave it to Berth. */
export async function createRestlessOwner(scene: Scene, random: () => number): Promise<RestlessOwner> {
  let container: WatchedContainer = await scene.create();
  let wantsToRun = true;
  const upTo = (limit: number) => Math.floor(random() * limit);

  async function wish(step: (typeof WISHES)[number]): Promise<void> {
    const { owner, ref } = container;
    switch (step) {
      case "memory":
        return void (await owner.container.update.mutate({ ...ref, memory: 16 + upTo(48) }));
      case "cpus":
        return void (await owner.container.update.mutate({ ...ref, cpus: (1 + upTo(100)) / 100 }));
      case "name":
        return void (await owner.container.update.mutate({ ...ref, name: `r-${upTo(2 ** 31)}` }));
      case "stop":
        wantsToRun = false;
        return void (await owner.container.stop.mutate(ref));
      case "start":
        wantsToRun = true;
        return void (await owner.container.start.mutate(ref));
      case "recreate":
        return void (await owner.container.recreate.mutate({ ...ref, recreate: "discard" }));
      case "replace":
        await owner.container.delete.mutate(ref);
        container = await scene.create();
        wantsToRun = true;
    }
  }

  async function edit(step: (typeof EDITS)[number]): Promise<boolean> {
    const id = await findOnEngine(scene.engine.socket_path, container.uid);
    const send = (method: string, path: string, body?: object) =>
      askEngine(scene.engine.socket_path, method, path, body);
    switch (step) {
      case "kill":
        return send("POST", `/containers/${id}/kill`);
      case "halt":
        return send("POST", `/containers/${id}/stop?t=0`);
      case "pause":
        return send("POST", `/containers/${id}/pause`);
      case "rename":
        return send("POST", `/containers/${id}/rename?name=by-hand-${upTo(2 ** 31)}`);
      case "remove":
        return send("DELETE", `/containers/${id}?force=1`);
      case "run":
        return send("POST", `/containers/${id}/start`);
      case "limit":
        return send("POST", `/containers/${id}/update`, { CpuShares: 2 + upTo(1_000) });
    }
  }

  return {
    async step() {
      const step = choose(random);
      if (isWish(step)) await wish(step);
      else if (!(await edit(step))) return "missed";
      return step;
    },
    async settles() {
      // The status may not tell yet of what was done by hand last: look at the engine itself.
      await container.reaches(wantsToRun ? "Running" : "Stopped", 60_000);
      const name = await container.engineName();
      const isAsWanted = async () => {
        const all = await container.allOnEngine();
        const up = all.filter(({ state }) => state !== "exited" && state !== "created");
        // Removed by hand while it should be stopped, it stays away.
        return wantsToRun ? up.length === 1 && up[0]?.name === name && up[0].state === "running" : up.length === 0;
      };
      await waitUntil(`${name} to be ${wantsToRun ? "running" : "stopped"}, and alone`, 30_000, isAsWanted);
    },
  };
}

const isWish = (step: Step): step is (typeof WISHES)[number] => (WISHES as readonly Step[]).includes(step);

function choose(random: () => number): Exclude<Step, "missed"> {
  let left = random() * WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [step, weight] of WEIGHTS) {
    left -= weight;
    if (left < 0) return step;
  }
  return "memory";
}
