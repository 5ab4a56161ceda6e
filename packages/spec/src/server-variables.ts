import { z } from "zod";

const httpUrl = (example: string) => z.url({ protocol: /^https?$/, error: `must be a URL such as ${example}` });

/** What the environment says about the server: the launcher, which starts it, reads it alike. */
export const SERVER_VARIABLES = {
  /** Of the gateway into containers, on the same host: null where it is off; 0 takes any free port. */
  BERTH_SSH_PORT: z
    .string()
    .regex(/^(off|\d{1,5})$/, "must be a port, or off")
    .transform((value) => (value === "off" ? null : Number(value)))
    .refine((port) => port === null || port <= 65_535, "must be a port, or off")
    .default(2222),
  /** What browsers are told to open; `npm start` prints it. */
  BERTH_PUBLIC_URL: httpUrl("https://berth.lab").optional(),
  /** How browsers reach the port that shows the pages of containers. */
  BERTH_PROXY_URL: httpUrl("https://pages.lab:3001")
    .transform((url) => new URL(url).origin)
    .optional(),
  /** A name below which every name leads to that port (wildcard DNS): then each container has an origin of its own. */
  BERTH_PROXY_DOMAIN: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, "must be a host name such as pages.lab, without port and star")
    .optional(),
  /** `true` for one proxy, or the addresses (or networks) of the proxies whose X-Forwarded-* is believed. */
  BERTH_TRUST_PROXY: z
    .string()
    .regex(
      /^(true|false|[0-9a-fA-F.:/]+(,\s*[0-9a-fA-F.:/]+)*)$/,
      "must be true, or addresses of proxies: 10.0.0.1,10.1.0.0/16",
    )
    .transform((value) => (value === "true" ? true : value === "false" ? false : value.split(/,\s*/)))
    .default(false),
  /** Files in PEM form: the server itself speaks https. */
  BERTH_TLS_CERT: z.string().optional(),
  BERTH_TLS_KEY: z.string().optional(),
};

/** A certificate and its key are set together, or neither; for `superRefine`. */
export function checkPair<Name extends string>(
  variables: Partial<Record<Name, string | undefined>>,
  [cert, key]: readonly [Name, Name],
  context: z.RefinementCtx,
): void {
  for (const [set, missing] of [
    [cert, key],
    [key, cert],
  ] as const) {
    if (variables[set] === undefined || variables[missing] !== undefined) continue;
    context.addIssue({ code: "custom", path: [missing], message: `must be set where ${set} is` });
  }
}
