import type { FleetRegistry, RegistryContent } from "../fleet/registry.ts";
import type { Berth } from "./berth.ts";
import type { Scene } from "./scene.ts";

/** All in which images and what is made of them are kept. `tombstones` and events are meant to stay. */
const TABLES = [
  "images",
  "image_status",
  "image_logs",
  "machine_images",
  "blobs",
  "operations",
  "dirty",
  "containers",
  "container_status",
  "held_containers",
  "placements",
] as const;

/** What images and containers take up, everywhere: equal where nothing was left behind. */
export interface Stock {
  /** Lines of `docker images`, and names of containers, of each machine. */
  machines: Record<string, { images: string[]; containers: string[] }>;
  rows: Record<string, number>;
}

export async function takeStock(berth: Berth, scenes: readonly Scene[]): Promise<Stock> {
  const counts = TABLES.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
  const [[rows], machines] = await Promise.all([
    berth.query<Record<string, number>>(`SELECT ${counts.join(", ")}`),
    Promise.all(scenes.map(async ({ engine }) => [engine.name, await lookAt(engine)] as const)),
  ]);
  return { machines: Object.fromEntries(machines), rows: rows ?? {} };
}

async function lookAt({ docker }: Scene["engine"]): Promise<Stock["machines"][string]> {
  const format = "{{.Repository}}:{{.Tag}}@{{.Digest}} {{.ID}}";
  const [images, containers] = await Promise.all([
    docker("images", "--all", "--no-trunc", "--digests", "--format", format),
    docker("ps", "--all", "--format", "{{.Names}}"),
  ]);
  const linesOf = (text: string): string[] => text.split("\n").filter(Boolean).toSorted();
  return { images: linesOf(images), containers: linesOf(containers) };
}

/** Of a registry to which nobody pushes now. */
export async function weighRegistry(registry: FleetRegistry): Promise<RegistryContent> {
  await registry.collectGarbage();
  return registry.measure();
}
