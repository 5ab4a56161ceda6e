import { Nothing } from "../containers/state.ts";
import type { CallOptions } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedReference } from "../wire/names.ts";

const REMOVE_MS = 60_000;

/** Never by force: a forced removal takes the image from under containers that run on it. */
export async function removeImage(
  link: EngineLink,
  reference: string,
  options: CallOptions | undefined,
): Promise<void> {
  const image = checkedReference(reference);
  await link.call((docker) => docker.getImage(image).remove({ force: false }), Nothing, options, REMOVE_MS);
}
