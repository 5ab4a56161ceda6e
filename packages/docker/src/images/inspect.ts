import { z } from "zod";
import { Labels, Moment } from "../containers/state.ts";
import type { CallOptions, InspectedImage } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedReference } from "../wire/names.ts";

const INSPECT_MS = 30_000;

const Inspected = z
  .object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
    Size: z.int().nonnegative(),
    Created: Moment,
    Config: z.object({ Labels }).nullish(),
    Os: z.string().default(""),
    Architecture: z.string().default(""),
  })
  .transform((image): InspectedImage => ({
    id: image.Id,
    tags: image.RepoTags ?? [],
    digests: image.RepoDigests ?? [],
    size_bytes: image.Size,
    created_at: image.Created || null,
    labels: image.Config?.Labels ?? {},
    os: image.Os,
    architecture: image.Architecture,
  }));

export async function inspectImage(
  link: EngineLink,
  reference: string,
  options: CallOptions | undefined,
): Promise<InspectedImage> {
  const image = checkedReference(reference);
  return link.call((docker) => docker.getImage(image).inspect(), Inspected, options, INSPECT_MS);
}
