import type { ImageRow } from "@berth/db/images/load.ts";
import { RegistryError } from "@berth/docker/registry/registry.ts";
import { beginPush, endPush } from "@berth/db/registry/push-fence.ts";
import { NotYetError } from "../failures.ts";
import { repositoryOf, tagOf } from "./registry-access.ts";
import type { RegistryWorker } from "./registry-worker.ts";

const COLLECTING_POLL_MS = 5_000;

/** Gives content that is on the registry another name there. Nothing is moved: its layers are there once. */
export async function copyImage(worker: RegistryWorker, row: ImageRow): Promise<void> {
  if (row.recipe?.type !== "copy") throw new Error(`image ${row.image_id} is no copy`);
  const { from, digest } = row.recipe;
  const { sql } = worker.context;
  if (row.cancelled) return worker.write(row, { phase: "Failed", message: "It was cancelled.", observed_run: row.run });
  const operation = await beginPush(sql, { image_id: row.image_id, holder: worker.fence(row).holder });
  if (operation === null) throw new NotYetError("the registry is collecting garbage", COLLECTING_POLL_MS);
  try {
    const registry = await worker.registry();
    const repository = repositoryOf(row.name);
    await worker.write(row, { phase: "Pushing", message: "" });
    const copied = await registry.copyManifest(
      { repository: repositoryOf(from), digest },
      { repository, tag: tagOf(row.name) },
    );
    const described = await registry.describe(repository, copied.digest);
    if (!described) throw new RegistryError("failed", "The registry does not have what it has just taken.");
    await worker.write(row, {
      phase: "Ready",
      message: "",
      digest: copied.digest,
      size: described.size_bytes,
      layers: described.layers,
      observed_run: row.run,
    });
    worker.tell(row, "normal", "Ready", `It is on the registry as ${copied.digest}.`);
  } catch (error) {
    if (!(error instanceof RegistryError && error.kind === "not_found")) throw error;
    const message = `${from} is not on the registry any more.`;
    await worker.write(row, { phase: "Failed", message, observed_run: row.run });
    worker.tell(row, "warning", "Failed", message);
  } finally {
    await endPush(sql, operation);
  }
}
