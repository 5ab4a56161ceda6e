import type { ImageRow } from "@berth/db/images/load.ts";
import { writeImageProgress } from "@berth/db/images/write-status.ts";
import { beginPush, endPush } from "@berth/db/registry/push-fence.ts";
import { RegistryError } from "@berth/docker/registry/registry.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import type { Logger } from "pino";
import { repositoryOf } from "../registry/registry-access.ts";
import { type KnownImage, workReferenceOf } from "./known-image.ts";

const PROGRESS_EVERY_MS = 1_000;

/** Pushes what was made under the image's own name. Returns the digest that the registry is to have for it. */
export async function pushWork(session: MachineSession, known: KnownImage, signal: AbortSignal): Promise<string> {
  const { row } = known;
  const { registry } = session.context;
  if ((await registry.registry()) === null) {
    throw new RegistryError("unreachable", (await registry.record())?.message ?? "There is no registry to push to.");
  }
  const operation = await beginPush(session.sql, { image_id: row.image_id, holder: session.fence().holder });
  if (operation === null) {
    throw new RegistryError(
      "read_only",
      "It can't be pushed now: the registry collects garbage, or another process pushes it. It is tried again.",
    );
  }
  try {
    const work = workReferenceOf(session.owner.installation, row.image_id, row.status.attempt);
    await session.images.expect(row.image_id, row.reference);
    await session.mutate(() => session.engine.tagImage(work, row.reference));
    await mountParent(session, row);
    const registryToken = await registry.transferToken({
      push: repositoryOf(row.name),
      // Docker mounts layers from one repository that it chooses itself, of all that this machine has had to do with.
      pull: [...new Set([...row.ancestors, ...session.images.repositories])],
    });
    const report = paced(session.log, (progress, total) =>
      writeImageProgress(session.sql, session.fence(), row.image_id, { progress, total }).then(() =>
        session.context.announcer.add("image", row.image_id),
      ),
    );
    const { digest } = await session.push(() =>
      session.engine.pushImage(row.reference, {
        registryToken,
        signal,
        onProgress: ({ current_bytes, total_bytes }) => report(current_bytes, total_bytes),
      }),
    );
    session.crash("after-push");
    return digest;
  } finally {
    await endPush(session.sql, operation);
  }
}

/**
 * An engine with the containerd store does not fetch a layer that it has unpacked of another image before, and then can't
 * push it (moby #49784): where the registry has it in the repository already, nobody asks it to.
 */
async function mountParent({ context, log }: MachineSession, { image_id, name, parent }: ImageRow): Promise<void> {
  if (parent === null) return;
  try {
    await (await context.registry.registry())?.mountLayers(parent, repositoryOf(name));
  } catch (error) {
    log.info({ err: error, image_id }, "an image's layers could not be mounted: the engine pushes them itself");
  }
}

/** At most one report a second; one that fails is no failure of what it reports on. */
export function paced(
  log: Logger,
  write: (progress: number, total: number) => Promise<void>,
): (progress: number, total: number) => void {
  let nextAt = Number.NEGATIVE_INFINITY;
  let isWriting = false;
  return (progress, total) => {
    if (isWriting || performance.now() < nextAt) return;
    isWriting = true;
    nextAt = performance.now() + PROGRESS_EVERY_MS;
    void Promise.resolve()
      .then(() => write(progress, total))
      .catch((error: unknown) => log.debug({ err: error }, "how far an image is could not be told"))
      .finally(() => (isWriting = false));
  };
}
