const ORPHANED = "the parent has gone";

interface Stoppable {
  log: { info(fields: { cause: string }, message: string): void };
  /** A parent keeps its stdin open for as long as it lives. */
  isSupervised: boolean;
  /** Gives back what the process holds. */
  stop(): Promise<unknown>;
}

/** Ends the process cleanly on SIGTERM and Ctrl-C, and where a parent supervises it, with that parent. A second signal ends it at once. */
export function stopOnSignals({ log, isSupervised, stop }: Stoppable): void {
  let isStopping = false;
  const end = async (cause: string): Promise<void> => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ cause }, "stopping");
    await stop();
    // Who reads the log has gone as well: an exit would first write what is left of it, and wait for that for ever.
    if (cause === ORPHANED) process.kill(process.pid, "SIGKILL");
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(signal));
  if (!isSupervised) return;
  process.stdin.resume();
  process.stdin.on("end", () => void end(ORPHANED));
}
