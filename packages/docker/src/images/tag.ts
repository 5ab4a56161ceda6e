import type { ImageTagOptions } from "dockerode";
import { Nothing } from "../containers/state.ts";
import type { CallOptions } from "../engine.ts";
import type { Apart } from "../transport/dockerode.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedReference, taggedName } from "../wire/names.ts";

const TAG_MS = 30_000;

export async function tagImage(
  link: EngineLink,
  reference: string,
  target: string,
  options: CallOptions | undefined,
): Promise<void> {
  const image = checkedReference(reference);
  const { repository: repo, tag } = taggedName(target);
  const parameters: Apart<ImageTagOptions> = { repo, tag, _query: { repo, tag }, _body: {} };
  await link.call((docker) => docker.getImage(image).tag(parameters), Nothing, options, TAG_MS);
}
