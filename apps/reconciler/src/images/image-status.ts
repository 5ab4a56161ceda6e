import type { ImageStatusRow } from "@berth/db/images/load.ts";
import { writeImageStatus } from "@berth/db/images/write-status.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { StaleRowError } from "../failures.ts";
import { isSpaceLacking } from "../machines/disk-pressure.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { backoffMs, CRASH_LOOP } from "../queue/backoff.ts";
import type { ImageOutcome, KnownImage } from "./known-image.ts";

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What trying again does not mend: a step of a build failed, or another registry has no such image, or keeps it to itself. */
export function isFinal(kind: ImageOutcome["kind"], error: unknown): error is EngineError {
  if (!(error instanceof EngineError) || isSpaceLacking(error)) return false;
  if (kind === "build") return error.kind !== "unreachable" && error.kind !== "closed";
  return kind === "mirror" && (error.kind === "not_found" || error.kind === "rejected");
}

/** Nothing more is tried until its owner asks for it. */
export async function failForGood(session: MachineSession, known: KnownImage, message: string): Promise<void> {
  const { run, image_id } = known.row;
  await writeStatus(session, known, { phase: "Failed", message, observed_run: run, next_retry_at: null });
  session.tellImage(image_id, "warning", "Failed", message);
  await session.images.clearWork(image_id);
}

/** Writes what is new in `changes`; throws StaleRowError where somebody else wrote meanwhile. */
export async function writeStatus(
  session: MachineSession,
  known: KnownImage,
  changes: Partial<ImageStatusRow>,
): Promise<void> {
  const { row } = known;
  const status = { ...row.status, ...changes, observed_generation: row.generation };
  const version = await writeImageStatus(session.sql, session.fence(), row.image_id, status);
  if (version === null) throw new StaleRowError();
  row.status = { ...status, version };
  if (row.is_for_move && (status.phase === "Ready" || status.phase === "Failed")) session.context.settlePlacements();
  session.context.announcer.add("image", row.image_id);
}

/** What failed is told, and tried again later. */
export async function failForNow(session: MachineSession, known: KnownImage, error: unknown): Promise<void> {
  const count = (known.failure?.count ?? 0) + 1;
  const message = messageOf(error);
  const delayMs = backoffMs(CRASH_LOOP, count, session.random());
  known.failure = { count, message, retryAt: session.now() + delayMs };
  session.log.warn({ image_id: known.row.image_id, err: error }, "an image is not made yet");
  await writeStatus(session, known, { message, next_retry_at: new Date(known.failure.retryAt) });
  session.tellImage(known.row.image_id, "warning", "Retrying", message);
}
