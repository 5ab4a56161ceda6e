import { residentMiB } from "../../fleet/resident-memory.ts";
import { playImageRound } from "../../scenario/image-round.ts";
import { takeStock, weighRegistry } from "../../scenario/stock.ts";
import { type ImageStage, recordRegistryAt } from "./image-stage.ts";
import { whatIsLeft } from "./what-is-left.ts";

const ROUNDS = Number(process.env["BERTH_SOAK_IMAGE_ROUNDS"] ?? 100);
const KIBIBYTES = 4_096;

/** Saves on each engine in turn, and starts from it on the next. Answers what was wrong, a line each. */
export async function playManyRounds(stage: ImageStage): Promise<string[]> {
  const { berth, scenes, registry } = stage;
  await recordRegistryAt(stage, registry.address);
  const before = await takeStock(berth, scenes);
  const contentBefore = await weighRegistry(registry);
  const startedAt = performance.now();
  const faults: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [from, to] = [scenes[round % scenes.length], scenes[(round + 1) % scenes.length]];
    if (!from || !to) break;
    await playImageRound(from, to, KIBIBYTES).catch((error: Error) => {
      faults.push(`round ${round} from ${from.engine.name} to ${to.engine.name}: ${error.message}`);
    });
    if ((round + 1) % Math.ceil(ROUNDS / 10) === 0) {
      const memory = `server ${residentMiB(berth.server.pid)} MiB, reconciler ${residentMiB(berth.reconciler.pid)} MiB`;
      console.log(`${round + 1} rounds, ${faults.length} faults, ${memory}`);
    }
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const left = await whatIsLeft(stage, before);
  faults.push(...left);
  const { blob_bytes: grown } = await registry.measure();
  const content = await weighRegistry(registry);
  if (content.blob_bytes !== contentBefore.blob_bytes) {
    faults.push(`the registry had ${contentBefore.blob_bytes} bytes of blobs, and has ${content.blob_bytes}`);
  }
  console.log(
    `${ROUNDS} rounds in ${seconds.toFixed(0)} s; the registry grew from ${contentBefore.blob_bytes} to ${grown} bytes of blobs, ` +
      `and has ${content.blob_bytes} after garbage collection, with ${content.links} files that name blobs ` +
      `(${contentBefore.links} before): distribution keeps those of the layers that are gone; ${left.length} machines or tables differ from before`,
  );
  return faults;
}
