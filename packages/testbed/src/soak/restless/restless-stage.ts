import { prepareMachine } from "../../fleet/prepare.ts";
import { findInconsistencies } from "../../faults/consistency.ts";
import { fingerprint, listOurs, runForeign } from "../../faults/on-engine.ts";
import { isAllAsAsked, isRefusal, RestlessPeople } from "../../faults/restless-people.ts";
import { Stage } from "../../faults/stage.ts";
import { type Verdict, Witness } from "../../faults/witness.ts";
import { waitUntil } from "../../fleet/wait-until.ts";
import { startRestartablePostgres } from "../../postgres/restartable.ts";
import { seededRandom } from "../../simulated/seeded-random.ts";

const SEED = Number(process.env["BERTH_SOAK_SEED"] ?? Date.now() % 1_000_000);
const CONVERGED_MS = 120_000;

/** Real engines, all of Berth, restless people, and a witness. */
export interface RestlessStage {
  stage: Stage;
  people: RestlessPeople;
  random: () => number;
  seed: number;
  verdict(): Verdict;
  /** Waits until all is as asked for, a reconciler running; answers what is not, in words. */
  converge(): Promise<string[]>;
  /** Deletes all that was made, and waits until nothing of it is left. */
  clear(): Promise<void>;
}

/** One engine of each generation that this machine can run, a database, and the API. False where there is none. */
export async function onRestlessStage(work: (scene: RestlessStage) => Promise<string[]>): Promise<boolean> {
  const { generations, gaps } = await prepareMachine((line) => console.log(line));
  for (const gap of gaps) console.log(`left out: ${gap}`);
  if (generations.length === 0) {
    console.log("FAULT this machine can run no Docker engine: nothing was tested");
    return false;
  }
  const engines = generations.map((generation) => ({ name: `soak-${generation.replace(".", "-")}`, generation }));
  const postgres = await startRestartablePostgres();
  const stage = await Stage.set(postgres.url, { engines });
  const witness = await Witness.of(stage.machines);
  const random = seededRandom(SEED);
  try {
    const foreign = await Promise.all(
      stage.machines.map(async ({ engine }) => {
        const id = await runForeign(engine);
        return { engine, id, was: await fingerprint(engine, id) };
      }),
    );
    const people = new RestlessPeople(stage, witness, random);
    const faults = await work({
      stage,
      people,
      random,
      seed: SEED,
      verdict: () => witness.verdict(),
      converge: () => converge(stage),
      clear: () => clear(stage, witness),
    });
    for (const { engine, id, was } of foreign) {
      if ((await fingerprint(engine, id)) !== was) faults.push(`a foreign container of ${engine.name} was touched`);
    }
    faults.push(...people.neverDone());
    if (witness.verdict().created === 0) faults.push("no container was created: nothing was tested");
    for (const fault of faults) console.log(`FAULT ${fault}`);
    return faults.length === 0;
  } finally {
    witness.close();
    await stage.strike();
    await postgres.remove();
  }
}

async function converge(stage: Stage): Promise<string[]> {
  let found = ["nothing was looked at"];
  const look = async (): Promise<boolean> => {
    found = await findInconsistencies(stage);
    return found.length === 0 && (await isAllAsAsked(stage));
  };
  const late = await waitUntil("all to be as asked for", CONVERGED_MS, look).then(
    () => [],
    (error: Error) => [error.message],
  );
  return [...late, ...found];
}

async function clear(stage: Stage, witness: Witness): Promise<void> {
  const { container } = stage.api.admin;
  for (const { container_id, uid } of (await container.list.query({})).items) {
    await witness.expectRemovalOf(uid, () => container.delete.mutate({ container_id }));
  }
  const areGone = async (): Promise<boolean> => (await container.list.query({})).items.length === 0;
  await stage.until("all containers to be gone", areGone, CONVERGED_MS);
  for (const { engine } of stage.machines) {
    await stage.until("the engines to be empty", async () => (await listOurs(engine)).length === 0, CONVERGED_MS);
  }
  await stage.until("all kept images to be gone", () => removeKeptImages(stage), CONVERGED_MS);
}

/** One was made from another, which goes after it. True when none is left. */
async function removeKeptImages({ api }: Stage): Promise<boolean> {
  const { items } = await api.admin.image.list.query({});
  const kept = items.filter(({ source }) => source === "commit");
  for (const { image_id } of kept) {
    await api.admin.image.remove.mutate({ image_id }).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
    });
  }
  return kept.length === 0;
}
