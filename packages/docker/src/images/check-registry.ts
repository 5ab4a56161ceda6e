import { EngineError, type RegistryCallOptions } from "../engine.ts";
import { Nothing } from "../containers/state.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedReference } from "../wire/names.ts";
import { authentication, registryRefusal } from "./registry-access.ts";

/** Longer than an engine itself tries (15 s for an address that swallows everything, 20 to 40 s for a dead resolver). */
const CHECK_MS = 60_000;

export async function checkRegistry(
  link: EngineLink,
  reference: string,
  options: RegistryCallOptions = {},
): Promise<"found" | "not_found"> {
  const image = checkedReference(reference);
  const parameters = authentication(options);
  try {
    await link.call((docker) => docker.getImage(image).distribution(parameters), Nothing, options, CHECK_MS);
    return "found";
  } catch (error) {
    const refusal = registryRefusal(error);
    if (refusal instanceof EngineError && refusal.kind === "not_found") return "not_found";
    throw refusal;
  }
}
