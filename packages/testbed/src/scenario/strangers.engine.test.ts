import { randomInt } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { seededRandom } from "../simulated/seeded-random.ts";
import { describeOnEngines } from "./on-engines.ts";
import { createRestlessOwner, type Step } from "./restless-owner.ts";
import type { Scene } from "./scene.ts";

const AT_ONCE = 10;
/** The full measure on the engine that most labs have, for time's sake. */
const stepsOn = ({ engine }: Scene): number => (engine.name === "docker-28-5" ? 1_000 : 200);

/** What is not Berth's, in every state, and as like to what is Berth's as a person can make it. */
async function placeStrangers({ engine }: Scene, double: string): Promise<string[]> {
  const { docker } = engine;
  const create = async (...args: string[]) => {
    const id = await docker("create", "--label", "owner=somebody-else", ...args);
    onTestFinished(async () => {
      await docker("rm", "--force", id);
    });
    return id;
  };
  const write = ["sh", "-c", "echo theirs > /content; exec sleep 1000"];
  const running = await create("--name", "stranger", "--publish", "28000:80", "--memory", "32m", TEST_IMAGE, ...write);
  const paused = await create("--restart", "unless-stopped", TEST_IMAGE, ...write);
  const stopped = await create(TEST_IMAGE, "sh", "-c", "echo theirs > /content; exit 3");
  const created = await create("--name", "berth-web-0123abcd", TEST_IMAGE, "sleep", "1000");
  const copy = await create("--name", "berth-copy", double, ...write);
  await docker("start", running, paused, stopped, copy);
  for (const id of [running, paused, copy]) {
    await expect.poll(() => docker("cp", `${id}:/content`, "-")).toContain("theirs");
  }
  await docker("wait", stopped);
  await docker("pause", paused);
  return [running, paused, stopped, created, copy];
}

/** The whole inspection of each, nothing left out, and a file inside with its times. */
async function look({ engine }: Scene, strangers: string[]): Promise<string[]> {
  const withFile = strangers.filter((_, index) => index !== 3);
  const files = await Promise.all(withFile.map((id) => engine.docker("cp", `${id}:/content`, "-")));
  return [await engine.docker("container", "inspect", ...strangers), ...files];
}

describeOnEngines(["real"], (scene) => {
  test("are byte for byte the same after many random steps beside them", { timeout: 300_000 }, async () => {
    const seed = Number(process.env["BERTH_TEST_SEED"] ?? randomInt(2 ** 31));
    console.log(`BERTH_TEST_SEED=${seed} on ${scene().engine.name}`);
    const random = seededRandom(seed);
    const original = await scene().run();
    const image = `stranger/double-${seed}:latest`;
    await scene().engine.docker("commit", (await original.onEngine()).id, image);
    onTestFinished(async () => {
      await scene().engine.docker("rmi", "--force", image);
    });
    const strangers = await placeStrangers(scene(), image);
    const before = await look(scene(), strangers);

    const owners = await Promise.all(Array.from({ length: AT_ONCE }, () => createRestlessOwner(scene(), random)));
    const done = new Map<Step, number>();
    let left = stepsOn(scene());
    await Promise.all(
      owners.map(async (owner) => {
        while (left-- > 0) {
          const step = await owner.step();
          done.set(step, (done.get(step) ?? 0) + 1);
        }
      }),
    );
    await Promise.all(owners.map((owner) => owner.settles()));
    expect(await look(scene(), strangers)).toEqual(before);
    // Edits by hand don't always find their container there, but steps of nearly every kind must have been taken.
    expect(done.size).toBeGreaterThanOrEqual(12);

    await scene().berth.restartReconciler();
    await scene().berth.deleteContainers();
    expect(await look(scene(), strangers)).toEqual(before);
  });
});
