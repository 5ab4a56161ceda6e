import { engineNameOf, heldNameOf, LABEL } from "@berth/spec/engine-names.ts";
import { expect, onTestFinished, test } from "vitest";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { changeByHand } from "../scenario/engine-by-hand.ts";
import { startScenarioSimulation } from "../scenario/scenario-engine.ts";
import { type Verdict, Witness } from "./witness.ts";

const UID = "0123abcd-0000-4000-8000-000000000000";
const NAME = engineNameOf("job", UID);

/** An engine on which a test does what Berth would, to containers of one row; and who sees it. */
async function open() {
  const engine = await startScenarioSimulation("witnessed");
  onTestFinished(() => engine.close());
  const witness = await Witness.of([{ engine: engine.endpoint }]);
  onTestFinished(() => witness.close());
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const { status, said } = await changeByHand(engine.socket_path, method, `/containers${path}`, body);
    if (status >= 300) throw new Error(said);
  };
  let made = 0;
  return {
    witness,
    async create(generation: number, name = NAME): Promise<void> {
      const Labels = { [LABEL.uid]: UID, [LABEL.generation]: String(generation) };
      made += 1;
      await ask("POST", `/create?name=${name}`, { Image: TEST_IMAGE, Cmd: ["sleep", "1000"], Labels });
    },
    start: (name = NAME) => ask("POST", `/${name}/start`),
    setAside: (generation: number) => ask("POST", `/${NAME}/rename?name=${heldNameOf(NAME, generation)}`),
    remove: (name = NAME) => ask("DELETE", `/${name}?force=1`),
    /** Once all that happened was told, which the creation of one more tells. */
    async verdict(): Promise<Omit<Verdict, "created">> {
      const Labels = { [LABEL.uid]: "another" };
      await ask("POST", `/create?name=last`, { Image: TEST_IMAGE, Cmd: ["sleep", "1"], Labels });
      await expect.poll(() => witness.verdict().created).toBe(made + 1);
      const { duplicates, losses } = witness.verdict();
      return { duplicates, losses };
    },
  };
}

const lost = (what: string): string => `${NAME} of generation ${what}`;

test("a recreate that sets the old one aside loses nothing, and makes nothing twice", async () => {
  const { create, start, setAside, verdict } = await open();
  await create(1);
  await start();
  await setAside(1);
  await create(2);
  await start();
  expect(await verdict()).toEqual({ duplicates: [], losses: [] });
});

test("what was set aside is lost where it goes, and what runs where another takes its place", async () => {
  const { create, start, setAside, remove, verdict } = await open();
  await create(1);
  await start();
  await setAside(1);
  await create(2);
  await start();
  await remove(heldNameOf(NAME, 1));
  await remove();
  await create(3);
  const losses = [`${heldNameOf(NAME, 1)} of generation 1`, lost("2")];
  expect(await verdict()).toEqual({ duplicates: [], losses });
});

test("what goes after its owner has asked for that is no loss; what went before is", async () => {
  const { witness, create, start, remove, verdict } = await open();
  await create(1);
  await start();
  await remove();
  await create(2);
  await start();
  // Only what was told before counts as such.
  await expect.poll(() => witness.verdict().losses).toEqual([lost("1")]);
  await witness.expectRemovalOf(UID, () => Promise.resolve());
  await remove();
  expect(await verdict()).toEqual({ duplicates: [], losses: [lost("1")] });
});

test("a removal that was refused excuses nothing, though it went meanwhile", async () => {
  const { witness, create, start, remove, verdict } = await open();
  await create(1);
  await start();
  const refused = witness.expectRemovalOf(UID, async () => {
    await remove();
    expect(await verdict()).toEqual({ duplicates: [], losses: [] });
    throw new Error("not now");
  });
  await expect(refused).rejects.toThrow("not now");
  expect(witness.verdict().losses).toEqual([lost("1")]);
});

test("one beside another that is not set aside is a duplicate, whatever its generation and its name are", async () => {
  const { create, verdict } = await open();
  const renamed = engineNameOf("renamed", UID);
  await create(1);
  await create(2, renamed);
  const duplicates = [`${renamed} of generation 2, beside ${NAME} of generation 1`];
  expect(await verdict()).toEqual({ duplicates, losses: [] });
});

test("one that is made again, as the first was removed before it had run, is a duplicate", async () => {
  const { create, remove, verdict } = await open();
  await create(1);
  await remove();
  await create(1);
  expect(await verdict()).toEqual({
    duplicates: [`${lost("1")}, again: the first one was removed before it had run`],
    losses: [`${lost("1")}, before it had run`],
  });
});

test("what a recreate that was given up had made may go", async () => {
  const { create, start, setAside, remove, verdict } = await open();
  await create(1);
  await start();
  await setAside(1);
  await create(2);
  await remove();
  expect(await verdict()).toEqual({ duplicates: [], losses: [] });
});
