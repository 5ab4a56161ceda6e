import type { z } from "zod";

/** The environment can't be used; the message has a line for each variable that is at fault. */
export class EnvError extends Error {
  override readonly name = "EnvError";
}

/** An empty variable counts as absent, as in a compose file's `NAME=`. Never repeats a value: it may be a secret. */
export function parseEnvironment<T>(schema: z.ZodType<T>, variables: Record<string, string | undefined>): T {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new EnvError(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"));
}
