import { z } from "zod";
import { encodeFiles, FileEntries } from "../state-file.ts";
import { ImageConfig } from "../wire.ts";
import type { SimulatedRegistry } from "./simulated-registry.ts";

const Content = z.array(
  z.tuple([
    z.string(),
    z.object({
      digest: z.string(),
      image_id: z.string(),
      config: ImageConfig,
      size_bytes: z.number(),
      layers: z.array(z.string()),
      files: FileEntries,
    }),
  ]),
);

/** What was pushed, as JSON. */
export function writeRegistry(registry: SimulatedRegistry): string {
  const entries = registry.entries().map(([name, image]) => [name, { ...image, files: encodeFiles(image.files) }]);
  return `${JSON.stringify(entries)}\n`;
}

export function restoreRegistry(registry: SimulatedRegistry, text: string): void {
  const entries = Content.parse(JSON.parse(text));
  registry.restore(entries.map(([name, image]) => [name, { ...image, files: new Map(image.files) }]));
}
