import { randomBytes } from "node:crypto";
import type { Sql } from "@berth/db/sql.ts";
import { waitUntil } from "../../fleet/wait-until.ts";
import type { Scene } from "../../scenario/scene.ts";
import { WatchedImage } from "../../scenario/watched-image.ts";
import { countSteps } from "./follow-steps.ts";
import { settleDisk, writeLayer } from "./write-layer.ts";

export interface BerthTransfer {
  /** The row's transaction → the status `Ready` is committed. */
  saveMs: number;
  /** Of that, the work of each kind, engine and own. */
  commitMs: number;
  pushMs: number;
  /** In which the engine had a request of that work. */
  saveEngineMs: number;
  /** The other machine's container's row's transaction → its image is recorded as present there. */
  pullMs: number;
  pullEngineMs: number;
  /** Different amounts of bytes done, as the API told them. */
  pushSteps: number;
  pullSteps: number;
}

const PATIENCE_MS = 30 * 60_000;

/** Saves a container of `from` and starts another from it on `to`; both, and the image, are gone afterwards. */
export async function transferByBerth(from: Scene, to: Scene, sql: Sql, megabytes: number): Promise<BerthTransfer> {
  const container = await from.run();
  await writeLayer(from.engine, (await container.onEngine()).id, megabytes);
  const name = `bench-${randomBytes(4).toString("hex")}:1`;
  const saved = await container.owner.container.save.mutate({ ...container.ref, name });
  const image = new WatchedImage(container.owner, saved);
  const pushed = countSteps(async () => {
    const { phase, progress } = await image.see();
    return phase === "Pushing" ? progress : null;
  });
  const work = (wanted: string) =>
    findCost(from, "image work done", ({ image_id, kind }) => image_id === image.image_id && kind === wanted);
  // The database is only asked in the end: what is measured shares this machine's cores.
  const [commit, push] = [await work("commit"), await work("push")];
  const saveMs = await waitForMs(sql, READY_AFTER_MS, [image.image_id]);
  const pushSteps = await pushed.end();

  const { digest } = await image.see();
  await settleDisk();
  const copy = await to.create({ image_id: image.image_id });
  const pulled = countSteps(async () => {
    const place = (await image.see()).machines.find(({ machine_id }) => machine_id === to.machine_id);
    return place?.state === "pulling" ? place.progress : null;
  });
  const pull = await findCost(to, "image pulled", ({ reference }) => reference?.endsWith(String(digest)) === true);
  const pullMs = await waitForMs(sql, PULLED_AFTER_MS, [image.image_id, to.machine_id, copy.container_id]);
  const pullSteps = await pulled.end();
  await copy.reaches("Running", PATIENCE_MS);
  for (const used of [copy, container]) {
    await used.owner.container.delete.mutate(used.ref);
    await used.isGone();
  }
  await image.reader.image.remove.mutate(image.ref);
  await image.isGone();
  await waitUntil("the machines to have cleared their copies away", 120_000, async () => {
    return (await sql("SELECT 1 FROM machine_images")).length === 0;
  });
  return {
    saveMs,
    commitMs: commit.engineMs + commit.ownMs,
    pushMs: push.engineMs + push.ownMs,
    saveEngineMs: commit.engineMs + push.engineMs,
    pullMs,
    pullEngineMs: pull.engineMs,
    pushSteps,
    pullSteps,
  };
}

const PULLED_AFTER_MS = `
  SELECT (extract(epoch FROM p.pulled_at - c.created_at) * 1000)::float8 AS ms
  FROM machine_images p, containers c WHERE p.image_id = $1 AND p.machine_id = $2 AND c.container_id = $3
    AND p.state = 'present'`;
/** Late by the time between two looks at most. */
const READY_AFTER_MS = `
  SELECT (extract(epoch FROM clock_timestamp() - i.created_at) * 1000)::float8 AS ms
  FROM images i JOIN image_status s USING (image_id) WHERE i.image_id = $1 AND s.phase = 'Ready'`;

/** Waits until `statement` has a row, and answers its `ms`, which is by the database's clock. */
async function waitForMs(sql: Sql, statement: string, parameters: unknown[]): Promise<number> {
  let rows: { ms: number }[] = [];
  await waitUntil(
    "an image",
    PATIENCE_MS,
    async () => (rows = await sql<{ ms: number }>(statement, parameters)).length > 0,
  );
  return rows[0]?.ms ?? Number.NaN;
}

interface CostLine {
  msg: string;
  engineMs: number;
  ownMs: number;
  image_id?: number;
  kind?: string;
  reference?: string;
}

async function findCost({ berth }: Scene, message: string, isWanted: (line: CostLine) => boolean): Promise<CostLine> {
  let found: CostLine | undefined;
  await waitUntil(`the reconciler to log "${message}"`, PATIENCE_MS, () => {
    const lines = berth.reconciler.log.filter((line) => line.includes(message));
    found = lines.map((line) => JSON.parse(line) as CostLine).find(isWanted);
    return found !== undefined;
  });
  return found!;
}
