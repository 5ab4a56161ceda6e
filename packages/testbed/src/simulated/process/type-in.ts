import type { Readable } from "node:stream";
import type { SimulatedProcess } from "./simulated-process.ts";

/** Hands on what a client sends, no faster than the process reads it. After the process has ended it is thrown away. */
export async function typeIn(input: Readable, process: () => SimulatedProcess | null): Promise<void> {
  for await (const bytes of input as AsyncIterable<Buffer>) {
    const reader = process();
    reader?.input(bytes);
    await Promise.race([reader?.options.stdin?.hasRoom(), reader?.exited]);
  }
}
