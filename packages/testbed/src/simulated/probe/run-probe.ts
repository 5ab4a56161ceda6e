import type { ProbeReading } from "@berth/spec/telemetry.ts";
import type { SimulatedProcess } from "../process/simulated-process.ts";

/** The path of Berth's probe in its own image. */
export const PROBE_SCRIPT = "/berth/probe.sh";
const INTERVAL_MS = 5_000;

/** Plays the probe: a line at once, and one every few seconds until a signal ends it. */
export async function runProbe(process: SimulatedProcess, read: (seq: number) => ProbeReading): Promise<number> {
  for (let seq = 0; ; seq += 1) {
    process.write("stdout", `${JSON.stringify(read(seq))}\n`);
    await process.sleep(INTERVAL_MS);
  }
}
