// Loaded before a process's own code (see held-resources.ts): tells on SIGUSR2, as a line of JSON, what it holds.
declare const gc: () => void; // with --expose-gc

process.on("SIGUSR2", () => {
  // What a first collection finalizes, a second one frees.
  gc();
  gc();
  const active: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1;
  const { heapUsed: heap, external } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ resources: { heap, external, active } })}\n`);
});
