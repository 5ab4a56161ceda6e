import type { ImageRow } from "@berth/db/images/load.ts";
import { EngineError } from "@berth/docker/engine.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { isImageThere } from "./is-there.ts";
import { repositoryOf } from "../registry/registry-access.ts";

/**
 * Images of ours that a Dockerfile begins with are pulled by digest and given the names by which it knows them, so that
 * the builder asks no registry for them.
 */
export async function pullBases(session: MachineSession, row: ImageRow, signal: AbortSignal): Promise<void> {
  for (const base of row.bases) {
    if (base.digest === null) throw new EngineError("failed", `${base.name} is not on the registry any more.`);
    const pinned = `${base.reference.replace(/:[^/:]+$/, "")}@${base.digest}`;
    const registryToken = await session.context.registry.transferToken({ pull: [repositoryOf(base.name)] });
    if (!(await isImageThere(session, pinned))) {
      await session.images.note({ reference: pinned, image_id: base.image_id, state: "pulling" });
      await session.pull(() => session.engine.pullImage(pinned, { registryToken, signal }));
    }
    await session.images.note({ reference: pinned, image_id: base.image_id, state: "present" });
    for (const name of [base.name, base.reference]) {
      await session.images.expect(row.image_id, name);
      await session.mutate(() => session.engine.tagImage(pinned, name));
    }
  }
}
