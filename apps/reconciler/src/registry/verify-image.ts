import type { ImageRow } from "@berth/db/images/load.ts";
import { type Claim, mergeConditions } from "@berth/spec/condition.ts";
import { repositoryOf, tagOf } from "./registry-access.ts";
import type { RegistryWorker } from "./registry-worker.ts";

/**
 * Whether the registry still has what is recorded, under the name that it has here. What differs is told; the row keeps
 * its digest, and containers run by that.
 */
export async function verifyImage(worker: RegistryWorker, row: ImageRow): Promise<void> {
  const claims = await readClaims(worker, row);
  const conditions = mergeConditions(row.status.conditions, claims, new Date(worker.context.now()));
  const isNews = JSON.stringify(conditions) !== JSON.stringify(row.status.conditions);
  if (!isNews && row.status.observed_generation >= row.generation) return;
  const known = new Set(row.status.conditions.map(({ type }) => type));
  await worker.write(row, { conditions });
  for (const { type, reason, message } of claims) if (!known.has(type)) worker.tell(row, "warning", reason, message);
}

async function readClaims(worker: RegistryWorker, row: ImageRow): Promise<Claim[]> {
  const { digest } = row.status;
  if (digest === null) return [];
  const registry = await worker.registry();
  const repository = repositoryOf(row.name);
  const tag = await registry.headManifest(repository, tagOf(row.name));
  if (tag?.digest === digest) return [];
  if ((await registry.headManifest(repository, digest)) === null) {
    const message = `The registry has lost ${digest}: machines that do not hold it can't start from it. Save or build it again.`;
    return [{ type: "ContentLost", status: "true", reason: "ContentLost", message }];
  }
  const what = tag === null ? "has no such tag any more" : `has ${tag.digest} under this name`;
  const message = `The registry ${what}, changed behind Berth's back. Containers keep ${digest}: push the tag back, or give the new content a name of its own.`;
  return [{ type: "DigestDrift", status: "true", reason: "DigestDrift", message }];
}
