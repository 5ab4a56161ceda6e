const SLOT_MS = 500;

/**
 * The last slot that begins at or before this moment (monotonic, ms). What can wait a little ends with one: a process that
 * is woken for each of a thousand idle machines apart takes several times the CPU that it takes for them in batches.
 */
export const slotBefore = (atMs: number): number => Math.floor(atMs / SLOT_MS) * SLOT_MS;
