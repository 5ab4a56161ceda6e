// Preloaded into a process: SIGUSR2 then keeps its event loop busy for twenty seconds, which is longer than a lease.
process.on("SIGUSR2", () => {
  const until = performance.now() + 20_000;
  while (performance.now() < until);
});
