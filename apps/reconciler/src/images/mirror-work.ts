import { appendImageLog } from "@berth/db/images/logs.ts";
import { writeImageProgress } from "@berth/db/images/write-status.ts";
import { EngineError } from "@berth/docker/engine.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { isImageThere } from "./is-there.ts";
import type { KnownImage } from "./known-image.ts";
import { paced } from "./push-work.ts";

/**
 * Pulls from another registry by this machine's engine, which knows its proxies and mirrors. Of an image for several
 * platforms it is the machine's own.
 */
export async function mirrorWork(
  session: MachineSession,
  { row }: KnownImage,
  reference: string,
  signal: AbortSignal,
): Promise<void> {
  if (row.recipe?.type !== "mirror") throw new EngineError("rejected", "It is not said what it is a mirror of.");
  const { from } = row.recipe;
  const wasThere = await isImageThere(session, from);
  if (!wasThere) await session.images.expect(row.image_id, from);
  await appendImageLog(session.sql, row.image_id, `Pulling ${from}\n`);
  const report = paced(session.log, async (progress, total) => {
    await writeImageProgress(session.sql, session.fence(), row.image_id, { progress, total });
    session.context.announcer.add("image", row.image_id);
  });
  const pulled = await session.pull(() =>
    session.engine.pullImage(from, {
      signal,
      onProgress: ({ current_bytes, total_bytes }) => report(current_bytes, total_bytes),
    }),
  );
  await session.mutate(() => session.engine.tagImage(from, reference));
  await appendImageLog(session.sql, row.image_id, `Pulled ${pulled.os}/${pulled.architecture} ${pulled.id}\n`);
}
