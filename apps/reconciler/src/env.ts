import { parseEnvironment } from "@berth/spec/environment.ts";
import { z } from "zod";
import { CRASH_POINTS } from "./crash.ts";

const Env = z.object({
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: "postgresql://user:password@host:5432/database is needed here",
  }),
  BERTH_SECRET_KEY: z.string("a long random text is needed, the same on every host").min(32, "at least 32 characters"),
  BERTH_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  /** 1 where a parent holds our stdin open: its end is the parent's, and ours. */
  BERTH_SUPERVISED: z
    .enum(["0", "1"])
    .transform((value) => value === "1")
    .default(false),
  /** Whether machines get a container of Berth's own that tells what they have and how busy they are. */
  BERTH_PROBE: z
    .enum(["on", "off"])
    .default("on")
    .transform((value) => value === "on"),
  /** For tests: die there as a power cut would have it. */
  BERTH_CRASH_AT: z.enum(CRASH_POINTS).optional(),
});
export type Env = z.infer<typeof Env>;

export const readEnv = (variables: Record<string, string | undefined>): Env => parseEnvironment(Env, variables);
