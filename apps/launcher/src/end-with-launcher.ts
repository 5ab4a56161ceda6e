// Preloaded (`node --import`) into every process that the launcher starts. The channel to the launcher closes however
// the launcher ends, also by kill -9; then this process ends too, as if it had been told to.
const GRACE_MS = 15_000;

process.once("disconnect", () => {
  setTimeout(() => process.exit(1), GRACE_MS).unref();
  process.kill(process.pid, "SIGTERM");
});
process.channel?.unref(); // listening alone must not keep a process alive that is done
