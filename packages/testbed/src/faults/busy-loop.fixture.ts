// Preloaded into a process: SIGUSR2 then keeps its event loop busy for half a minute, which is much longer than a lease.
process.on("SIGUSR2", () => {
  const until = performance.now() + 30_000;
  while (performance.now() < until);
});
