/** Shares of the disk. Room is made from the first on until the second is reached. */
const FULL = 0.85;
const RELIEVED = 0.8;

/** Whether room is to be made on a disk of these MiB, where it was or was not before. */
export function isDiskFull(wasFull: boolean, { total, free }: { total: number; free: number }): boolean {
  if (total <= 0) return false;
  const used = 1 - free / total;
  return wasFull ? used > RELIEVED : used > FULL;
}
