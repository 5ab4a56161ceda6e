import type { ImageRow } from "@berth/db/images/load.ts";
import { EngineError } from "@berth/docker/engine.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { repositoryOf } from "../registry/registry-access.ts";
import { isImageThere } from "./is-there.ts";

type Base = ImageRow["bases"][number];

/**
 * Images of ours that a Dockerfile begins with are pulled by digest and given the names by which it knows them, so that
 * the builder asks no registry for them.
 */
export async function pullBases(session: MachineSession, row: ImageRow, signal: AbortSignal): Promise<void> {
  for (const base of row.bases) {
    const reference = base.on_registry ? pinned(base) : base.reference;
    if (!(await isImageThere(session, reference))) await pull(session, base, reference, signal);
    const names = base.on_registry ? [base.name, base.reference] : [base.name];
    for (const name of names) {
      await session.images.expect(row.image_id, name);
      await session.mutate(() => session.engine.tagImage(reference, name));
    }
  }
}

function pinned({ name, reference, digest }: Base): string {
  if (digest === null) throw new EngineError("failed", `${name} is not on the registry any more.`);
  return `${reference.replace(/:[^/:]+$/, "")}@${digest}`;
}

async function pull(session: MachineSession, base: Base, reference: string, signal: AbortSignal): Promise<void> {
  if (!base.on_registry) {
    await session.pull(() => session.engine.pullImage(reference, { signal }));
    return;
  }
  const { image_id, name } = base;
  const registryToken = await session.context.registry.transferToken({ pull: [repositoryOf(name)] });
  await session.images.note({ reference, image_id, state: "pulling" });
  await session.pull(() => session.engine.pullImage(reference, { registryToken, signal }));
  await session.images.note({ reference, image_id, state: "present" });
}
