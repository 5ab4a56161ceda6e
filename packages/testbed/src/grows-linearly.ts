/** The CPU time of this thread: what else the machine is busy with counts for nothing. */
function cpuMsOf(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/** Garbage is collected when it likes. */
const NOISE_MS = 300;

/**
 * Whether four times as much takes some four times as long: where each byte is looked at once for every other, it takes
 * sixteen times as long.
 */
export function growsLinearly(work: (size: number) => void, size: number): boolean {
  const quarterMs = cpuMsOf(() => work(Math.floor(size / 4)));
  return cpuMsOf(() => work(size)) < 9 * quarterMs + NOISE_MS;
}
