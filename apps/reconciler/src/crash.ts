/**
 * Where a test may kill the reconciler: between two things that must both happen, or neither be missed. What the next
 * process finds there is in docs/architecture.md.
 */
export const CRASH_POINTS = [
  "after-intent",
  "after-pull",
  "after-create",
  "after-start",
  "after-stop",
  "after-commit",
  "after-hold",
  "after-set-aside",
  "after-put-back",
  "after-restore",
  "after-remove",
  "after-finish",
  "after-status",
  "after-attempt",
  "after-image-commit",
  "after-made",
  "after-push",
  "after-ready",
  "after-image-clear",
  "after-registry-delete",
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

export type Crash = (point: CrashPoint) => void;

/** Dies at `wanted` as a power cut would have it; does nothing where none is wanted. */
export const createCrash =
  (wanted: CrashPoint | null): Crash =>
  (point) => {
    if (point === wanted) process.kill(process.pid, "SIGKILL");
  };
