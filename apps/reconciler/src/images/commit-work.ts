import { EngineError } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import type { KnownImage } from "./known-image.ts";

/** However much is in it: Docker packs a container's files at some 150 MB a second, and compresses nothing. */
const COMMIT_DEADLINE_MS = 2 * 3_600_000;

/** What is in the container now becomes an image of this name on its engine. A running one is paused meanwhile. */
export async function commitWork(
  session: MachineSession,
  { row }: KnownImage,
  reference: string,
  signal: AbortSignal,
): Promise<void> {
  const engineId = row.origin?.engine_id;
  if (engineId === undefined) throw new EngineError("not_found", "Its container was never made.");
  const colon = reference.lastIndexOf(":");
  await session.commit(() =>
    session.engine.commitContainer(
      engineId,
      {
        repository: reference.slice(0, colon),
        tag: reference.slice(colon + 1),
        comment: row.name,
        labels: { [LABEL.operation]: reference },
      },
      { deadlineMs: COMMIT_DEADLINE_MS, signal },
    ),
  );
  session.disk.end();
  session.crash("after-image-commit");
}
