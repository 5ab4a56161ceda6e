import { parseEnvironment } from "@berth/spec/environment.ts";
import { checkPair, SERVER_VARIABLES } from "@berth/spec/server-variables.ts";
import { z } from "zod";

const Flag = z.enum(["0", "1"]).transform((value) => value === "1");

/** All but what one variable says of another. */
const Variables = z.object({
  ...SERVER_VARIABLES,
  BERTH_HOST: z.string().min(1).default("127.0.0.1"),
  /** 0 takes any free port; the log says which. */
  BERTH_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** Where the pages of containers are shown: the port after BERTH_PORT where it is left out. 0 takes any free one. */
  BERTH_PROXY_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: "postgresql://user:password@host:5432/database is needed here",
  }),
  BERTH_SECRET_KEY: z.string("a long random text is needed, the same on every host").min(32, "at least 32 characters"),
  BERTH_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  /** 1 where a parent holds our stdin open: its end is the parent's, and ours. */
  BERTH_SUPERVISED: Flag.default(false),
});

const Env = Variables.superRefine((env, context) => checkPair(env, ["BERTH_TLS_CERT", "BERTH_TLS_KEY"], context));
export type Env = z.infer<typeof Env>;

export const readEnv = (variables: Record<string, string | undefined>): Env => parseEnvironment(Env, variables);
