import { resolve } from "node:path";
import { RegistryAddress } from "@berth/spec/registry.ts";
import { checkPair } from "@berth/spec/server-variables.ts";
import cron from "node-cron";
import { z } from "zod";
import { isEverywhere, splitAddress } from "./addresses.ts";

const address = RegistryAddress.refine((text) => {
  const { port } = splitAddress(text);
  return Number.isNaN(port) || (port >= 1 && port <= 65_535); // what is no port at all is told already
}, "must end in a port from 1 to 65535");
const path = z.string().transform((text) => resolve(text));

/** What the environment says about the registry: the launcher and the keeper read it alike. */
export const REGISTRY_VARIABLES = {
  /** An existing one, as the machines reach it. */
  BERTH_REGISTRY: address.optional(),
  BERTH_REGISTRY_LISTEN: address.default("127.0.0.1:5000"),
  /** As the machines reach the one that Berth starts; where it listens, unless this says otherwise. */
  BERTH_REGISTRY_PUBLIC: address.optional(),
  BERTH_REGISTRY_TLS: z.enum(["on", "off"], "must be on or off").default("on"),
  BERTH_REGISTRY_TLS_CERT: path.optional(),
  BERTH_REGISTRY_TLS_KEY: path.optional(),
  /** When garbage is collected. */
  BERTH_REGISTRY_GC: z
    .string()
    .refine((text) => cron.validate(text), "must be a cron expression, such as 37 3 * * *")
    .default("37 3 * * *"),
};

export type RegistryVariables = z.infer<z.ZodObject<typeof REGISTRY_VARIABLES>>;

/** What one variable says of another, for `superRefine`. */
export function checkRegistryVariables(variables: RegistryVariables, context: z.RefinementCtx): void {
  const complain = (name: keyof RegistryVariables, message: string): void =>
    context.addIssue({ code: "custom", path: [name], message });
  const { BERTH_REGISTRY_TLS_CERT: cert } = variables;
  checkPair(variables, ["BERTH_REGISTRY_TLS_CERT", "BERTH_REGISTRY_TLS_KEY"], context);
  if (cert !== undefined && variables.BERTH_REGISTRY_TLS === "off")
    complain("BERTH_REGISTRY_TLS", "must not be off where BERTH_REGISTRY_TLS_CERT is set");
  const { BERTH_REGISTRY_LISTEN: listen, BERTH_REGISTRY_PUBLIC: reached } = variables;
  if (isEverywhere(splitAddress(reached ?? listen).host)) {
    complain(
      "BERTH_REGISTRY_PUBLIC",
      "must be the address by which the machines reach the registry, such as 10.0.0.1:5000",
    );
  }
}
