import type { ImageRow } from "@berth/db/images/load.ts";
import type { DesiredImage, ImageMemory } from "../plan/images/plan-image.ts";

/** What is done for an image for minutes or hours, beside the keys that look at it. */
export interface ImageJob {
  kind: "commit" | "build" | "mirror" | "push";
  aborting: AbortController;
}

export interface ImageOutcome {
  kind: ImageJob["kind"];
  /** Null where it ended well. */
  error: unknown;
  /** Of a push that ended well. */
  digest: string | null;
}

/** An image that is made on this machine, as this process knows it. */
export interface KnownImage {
  row: ImageRow;
  isStale: boolean;
  job: ImageJob | null;
  failure: ImageMemory["failure"];
  /** How the last job ended; told with the next look. */
  outcome: ImageOutcome | null;
  /** The newest attempt is known to have ended, well or not. */
  isAttemptOver: boolean;
}

export const newKnownImage = (row: ImageRow): KnownImage => ({
  row,
  isStale: false,
  job: null,
  failure: null,
  outcome: null,
  isAttemptOver: false,
});

export const desiredImageOf = ({ desired, cancelled, run, source, recipe }: ImageRow): DesiredImage => ({
  presence: desired,
  cancelled,
  run,
  making: recipe?.type === "build" || recipe?.type === "mirror" ? recipe.type : source === "build" ? "build" : "commit",
});

export const imageMemoryOf = ({ row, job, failure, isAttemptOver }: KnownImage): ImageMemory => ({
  observedRun: row.status.observed_run,
  attempt: row.status.attempt,
  attemptAt: isAttemptOver ? null : (row.status.attempt_at?.getTime() ?? null),
  digest: row.status.digest,
  job: job?.kind ?? null,
  failure,
});

/** Nothing answers under `.invalid` (RFC 2606), so that what is made is never pulled from, or pushed to, anywhere by it. */
const WORKSHOP = "berth.invalid";

/** No registry has it: what is being made, and what a recreate kept. */
export const isLocal = (reference: string): boolean => reference.startsWith(`${WORKSHOP}/`);

/** What an attempt makes bears its number, so that one that ends late is never taken for a newer one. */
export const workReferenceOf = (installation: string, imageId: number, attempt: number): string =>
  `${WORKSHOP}/${installation.slice(0, 8)}/image:${imageId}-${attempt}`;
