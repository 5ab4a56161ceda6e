import { resolve } from "node:path";
import { parseEnvironment } from "@berth/spec/environment.ts";
import { z } from "zod";
import { checkRegistryVariables, REGISTRY_VARIABLES } from "./variables.ts";

const Env = z
  .object({
    ...REGISTRY_VARIABLES,
    DATABASE_URL: z.url({
      protocol: /^postgres(ql)?$/,
      error: "postgresql://user:password@host:5432/database is needed here",
    }),
    BERTH_SECRET_KEY: z
      .string("a long random text is needed, the same on every host")
      .min(32, "at least 32 characters"),
    BERTH_DATA_DIR: z
      .string()
      .default(".berth")
      .transform((path) => resolve(path)),
    /** Of the server: the registry tells it what happens, and sends clients there for tokens. */
    BERTH_HOST: z.string().min(1).default("127.0.0.1"),
    BERTH_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
    BERTH_PUBLIC_URL: z
      .url({ protocol: /^https?$/, error: "a URL such as https://berth.lab is needed here" })
      .optional(),
    BERTH_TLS_CERT: z.string().optional(),
    /** Of this host: it runs the registry where there is no binary. */
    BERTH_LOCAL_ENGINE: z.string().default("unix:///var/run/docker.sock"),
    BERTH_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
    /** 1 where a parent holds our stdin open: its end is the parent's, and ours. */
    BERTH_SUPERVISED: z
      .enum(["0", "1"])
      .transform((value) => value === "1")
      .default(false),
  })
  .superRefine(checkRegistryVariables);
export type Env = z.infer<typeof Env>;

export const readEnv = (variables: Record<string, string | undefined>): Env => parseEnvironment(Env, variables);
