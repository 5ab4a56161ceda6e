import { z } from "zod";
import { CRASH_POINTS } from "./crash.ts";

const Environment = z.object({
  DATABASE_URL: z.string().min(1, "needed: a PostgreSQL URL"),
  BERTH_SECRET_KEY: z.string().min(16, "needed: at least 16 characters, the same on every host"),
  BERTH_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  /** Ends with its parent: set by what starts it as a child. */
  BERTH_SUPERVISED: z.enum(["0", "1"]).default("0"),
  /** For tests: die there as a power cut would have it. */
  BERTH_CRASH_AT: z.enum(CRASH_POINTS).optional(),
});
export type Env = z.infer<typeof Environment>;

/** Reads the environment, or tells every fault of it at once and ends. */
export function readEnv(environment: NodeJS.ProcessEnv = process.env): Env {
  const read = Environment.safeParse(environment);
  if (read.success) return read.data;
  for (const issue of read.error.issues) console.error(`berth reconciler: ${issue.path.join(".")}: ${issue.message}`);
  process.exit(1);
}
