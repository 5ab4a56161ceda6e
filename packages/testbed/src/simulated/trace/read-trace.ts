import { readFileSync } from "node:fs";
import type { GenerationName } from "../generation.ts";
import { Trace } from "./exchange.ts";

/** What was recorded on a real engine of that generation. */
export function readTrace(generation: GenerationName): Trace {
  return Trace.parse(JSON.parse(readFileSync(new URL(`docker-${generation}.json`, import.meta.url), "utf8")));
}
