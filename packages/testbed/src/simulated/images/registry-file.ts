import { z } from "zod";
import { encodeFiles, FileEntries } from "../state-file.ts";
import { ImageConfig } from "../wire.ts";
import type { RegistryImage, SimulatedRegistry } from "./simulated-registry.ts";

const Images = z.array(
  z.tuple([
    z.string(),
    z.object({
      digest: z.string(),
      image_id: z.string(),
      config: ImageConfig,
      size_bytes: z.number(),
      layers: z.array(z.string()),
      files: FileEntries,
      manifest: z.object({ media_type: z.string(), text: z.string(), config_text: z.string().nullable() }).nullish(),
    }),
  ]),
);
/** An earlier release kept the images alone: it served none. */
const Content = z.union([
  z.object({ address: z.string(), images: Images }),
  Images.transform((images) => ({ address: null, images })),
]);

export interface KeptRegistry {
  /** At which it was served. */
  address: string | null;
  entries: [string, RegistryImage][];
}

/** What was pushed, as JSON. */
export function writeRegistry(registry: SimulatedRegistry): string {
  const images = registry.entries().map(([name, image]) => [name, { ...image, files: encodeFiles(image.files) }]);
  return `${JSON.stringify({ address: registry.address, images })}\n`;
}

export function readKept(text: string): KeptRegistry {
  const { address, images } = Content.parse(JSON.parse(text));
  const entries = images.map(([name, image]): [string, RegistryImage] => [
    name,
    { ...image, files: new Map(image.files), manifest: image.manifest ?? null },
  ]);
  return { address, entries };
}

/** What was kept under an earlier address of this registry comes under the one that it has now. */
export function restoreRegistry(registry: SimulatedRegistry, kept: KeptRegistry): void {
  const former = `${kept.address}/`;
  registry.restore(
    kept.entries.map(([name, image]) => [
      name.startsWith(former) ? `${registry.address}/${name.slice(former.length)}` : name,
      image,
    ]),
  );
}
