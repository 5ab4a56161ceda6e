// Loaded before the reconciler's own code: tells every few seconds, as a line of JSON, what the process holds.
declare const gc: () => void; // with --expose-gc

const EVERY_MS = 10_000;

setInterval(() => {
  gc();
  const active: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1;
  process.stdout.write(`${JSON.stringify({ resources: { heap: process.memoryUsage().heapUsed, active } })}\n`);
}, EVERY_MS).unref();
