import { resolve } from "node:path";
import { EngineUrlError, parseEngineUrl } from "@berth/docker/engine-url.ts";
import { splitAddress } from "@berth/registry/addresses.ts";
import { checkRegistryVariables, REGISTRY_VARIABLES } from "@berth/registry/variables.ts";
import { checkPair, SERVER_VARIABLES } from "@berth/spec/server-variables.ts";
import { Account } from "@berth/spec/user.ts";
import { z } from "zod";
import { StartError } from "./start-error.ts";

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

const path = z.string().transform((text) => resolve(text));

const Variables = z.object({
  ...SERVER_VARIABLES,
  BERTH_TLS_CERT: path.optional(),
  BERTH_TLS_KEY: path.optional(),
  BERTH_HOST: z.string().regex(/^[\w.:-]+$/, "must be an address of this machine, such as 127.0.0.1 or 0.0.0.0"),
  BERTH_PORT: wholeNumber(1, 65_535),
  BERTH_PROBE: z.enum(["on", "off"], "must be on or off").default("on"),
  BERTH_PROXY_PORT: wholeNumber(1, 65_535).optional(),
  BERTH_DATA_DIR: path,
  BERTH_SECRET_KEY: z.string().min(32, "must have at least 32 characters").optional(),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: "must be a URL such as postgresql://user:password@host:5432/berth" })
    .optional(),
  BERTH_ADMIN_ACCOUNT: Account.optional(),
  BERTH_ADMIN_PASSWORD: z.string().min(8, "must have at least 8 characters").optional(),
  ...REGISTRY_VARIABLES,
  BERTH_LOCAL_ENGINE: z.string().superRefine(checkEngine).optional(),
  BERTH_SIMULATE: wholeNumber(0, 1_000).optional(),
  BERTH_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
});

/** Those that the README tells of. */
export const VARIABLE_NAMES = Object.keys(Variables.shape);

const Environment = Variables.superRefine((environment, context) => {
  checkPair(environment, ["BERTH_TLS_CERT", "BERTH_TLS_KEY"], context);
  checkRegistryVariables(environment, context);
  const { BERTH_REGISTRY: external, BERTH_REGISTRY_LISTEN: listen, BERTH_PORT: port } = environment;
  if (external === undefined && splitAddress(listen).port === port) {
    context.addIssue({
      code: "custom",
      path: ["BERTH_REGISTRY_LISTEN"],
      message: "must have another port than BERTH_PORT",
    });
  }
});
export type Environment = z.infer<typeof Environment>;

const DEFAULTS = {
  BERTH_HOST: "127.0.0.1",
  BERTH_PORT: "3000",
  BERTH_DATA_DIR: ".berth",
  BERTH_LOG_LEVEL: "info",
};

/**
 * What `npm start` is told by the environment; an empty variable counts as unset. Throws a StartError with a line for
 * each fault. No line repeats a value, since some are secrets.
 */
export function readEnvironment(variables: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const result = Environment.safeParse({ ...DEFAULTS, ...given });
  if (result.success) return result.data;
  throw new StartError(
    result.error.issues.map(({ path, message }) => `${path.join(".")} ${lowerFirst(message)}`).join("\n"),
  );
}

/** What every process of this installation is started with. The first admin's password is not for them. */
export function childEnvironment(
  variables: Record<string, string | undefined>,
  environment: Environment,
  resolved: { databaseUrl: string; secretKey: string },
): Record<string, string | undefined> {
  const { BERTH_ADMIN_ACCOUNT: _account, BERTH_ADMIN_PASSWORD: _password, ...inherited } = variables;
  return {
    ...inherited,
    BERTH_HOST: environment.BERTH_HOST,
    BERTH_PORT: String(environment.BERTH_PORT),
    BERTH_TLS_CERT: environment.BERTH_TLS_CERT,
    BERTH_TLS_KEY: environment.BERTH_TLS_KEY,
    BERTH_REGISTRY_TLS_CERT: environment.BERTH_REGISTRY_TLS_CERT,
    BERTH_REGISTRY_TLS_KEY: environment.BERTH_REGISTRY_TLS_KEY,
    BERTH_DATA_DIR: environment.BERTH_DATA_DIR,
    BERTH_LOG_LEVEL: environment.BERTH_LOG_LEVEL,
    BERTH_SECRET_KEY: resolved.secretKey,
    BERTH_SUPERVISED: "1", // stdin is ours: its end is ours, too
    DATABASE_URL: resolved.databaseUrl,
  };
}

function checkEngine(value: string, context: z.RefinementCtx): void {
  if (value === "off") return;
  try {
    // Named by the admin in so many words: that is the permission that plain TCP wants.
    parseEngineUrl(value, { allow_insecure: true });
  } catch (error) {
    if (!(error instanceof EngineUrlError)) throw error;
    context.addIssue({ code: "custom", message: `must be "off" or the URL of an engine. ${error.message}` });
  }
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
