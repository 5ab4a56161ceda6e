import { parseEnvironment } from "@berth/spec/environment.ts";
import { z } from "zod";

const Flag = z.enum(["0", "1"]).transform((value) => value === "1");

/** `true` for one proxy, or the addresses (or networks) of the proxies whose X-Forwarded-* is believed. */
const TrustProxy = z
  .string()
  .regex(/^(true|false|[0-9a-fA-F.:/]+(,\s*[0-9a-fA-F.:/]+)*)$/, "true, or addresses of proxies: 10.0.0.1,10.1.0.0/16")
  .transform((value) => (value === "true" ? true : value === "false" ? false : value.split(/,\s*/)));

/** Null where it is off; 0 takes any free port. */
const SshPort = z
  .string()
  .regex(/^(off|\d{1,5})$/, "a port, or off")
  .transform((value) => (value === "off" ? null : Number(value)))
  .refine((port) => port === null || port <= 65_535, "a port, or off");

/** All but what one variable says of another. */
const Variables = z.object({
  BERTH_HOST: z.string().min(1).default("127.0.0.1"),
  /** 0 takes any free port; the log says which. */
  BERTH_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** Where the pages of containers are shown: the port after BERTH_PORT where it is left out. 0 takes any free one. */
  BERTH_PROXY_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  /** How browsers reach that port. */
  BERTH_PROXY_URL: z
    .url({ protocol: /^https?$/, error: "a URL such as https://pages.lab:3001 is needed here" })
    .transform((url) => new URL(url).origin)
    .optional(),
  /** A name below which every name leads to that port (wildcard DNS): then each container has an origin of its own. */
  BERTH_PROXY_DOMAIN: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, "a host name such as pages.lab is needed here, without port and star")
    .optional(),
  /** Of the gateway into containers, on the same host. */
  BERTH_SSH_PORT: SshPort.default(2222),
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: "postgresql://user:password@host:5432/database is needed here",
  }),
  BERTH_SECRET_KEY: z.string("a long random text is needed, the same on every host").min(32, "at least 32 characters"),
  BERTH_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  BERTH_TRUST_PROXY: TrustProxy.default(false),
  /** Files in PEM form: the server itself speaks https. */
  BERTH_TLS_CERT: z.string().optional(),
  BERTH_TLS_KEY: z.string().optional(),
  /** What browsers are told to open; `npm start` prints it. */
  BERTH_PUBLIC_URL: z.url({ protocol: /^https?$/, error: "a URL such as https://berth.lab is needed here" }).optional(),
  /** 1 where a parent holds our stdin open: its end is the parent's, and ours. */
  BERTH_SUPERVISED: Flag.default(false),
});

const Env = Variables.superRefine((env, context) => {
  for (const [set, missing] of [
    ["BERTH_TLS_CERT", "BERTH_TLS_KEY"],
    ["BERTH_TLS_KEY", "BERTH_TLS_CERT"],
  ] as const) {
    if (env[set] === undefined || env[missing] !== undefined) continue;
    context.addIssue({ code: "custom", path: [missing], message: `needed where ${set} is set` });
  }
});
export type Env = z.infer<typeof Env>;

export const readEnv = (variables: Record<string, string | undefined>): Env => parseEnvironment(Env, variables);
