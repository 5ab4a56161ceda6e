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
  /** For tests: die there as a power cut would have it. */
  BERTH_CRASH_AT: z.enum(CRASH_POINTS).optional(),
});
export type Env = z.infer<typeof Env>;

/** The environment can't be used; the message has a line for each variable that is at fault. */
export class EnvError extends Error {
  override readonly name = "EnvError";
}

/** An empty variable counts as absent, as in a compose file's `NAME=`. Never repeats a value: it may be a secret. */
export function readEnv(variables: Record<string, string | undefined>): Env {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = Env.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new EnvError(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"));
}
