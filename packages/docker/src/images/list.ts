import { z } from "zod";
import { Labels } from "../containers/state.ts";
import type { CallOptions, ListedImage } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";

const LIST_MS = 10_000;

const Names = z
  .array(z.string())
  .nullish()
  .transform((names) => (names ?? []).filter((name) => !name.includes("<none>"))); // how Docker writes that there is none

const Listed = z
  .object({
    Id: z.string(),
    ParentId: z.string().nullish(),
    RepoTags: Names,
    RepoDigests: Names,
    Size: z.int().nonnegative(),
    Created: z.int(),
    Labels,
  })
  .transform((image): ListedImage => ({
    id: image.Id,
    tags: image.RepoTags,
    digests: image.RepoDigests,
    size_bytes: image.Size,
    created_at_s: image.Created,
    labels: image.Labels,
    parent_id: image.ParentId || null,
  }));

export async function listImages(link: EngineLink, options: CallOptions | undefined): Promise<ListedImage[]> {
  return link.call((docker) => docker.listImages(), z.array(Listed), options, LIST_MS);
}
