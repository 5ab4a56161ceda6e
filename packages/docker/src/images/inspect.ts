import { z } from "zod";
import { Labels, Moment } from "../containers/state.ts";
import type { CallOptions, InspectedImage } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedReference } from "../wire/names.ts";

const INSPECT_MS = 30_000;

/** Docker writes a set as the keys of a map. */
const Keys = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((set) => Object.keys(set ?? {}));

const Inspected = z
  .object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
    Size: z.int().nonnegative(),
    Created: Moment,
    Config: z.object({ Labels, Volumes: Keys, ExposedPorts: Keys, Env: z.array(z.string()).nullish() }).nullish(),
    RootFS: z.object({ Layers: z.array(z.string()).nullish() }).nullish(),
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
    volumes: image.Config?.Volumes ?? [],
    env: image.Config?.Env ?? [],
    layers: image.RootFS?.Layers ?? [],
    exposed_ports: image.Config?.ExposedPorts ?? [],
  }));

export async function inspectImage(
  link: EngineLink,
  reference: string,
  options: CallOptions | undefined,
): Promise<InspectedImage> {
  const image = checkedReference(reference);
  return link.call((docker) => docker.getImage(image).inspect(), Inspected, options, INSPECT_MS);
}
