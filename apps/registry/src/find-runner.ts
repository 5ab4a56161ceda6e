import { findBinary } from "./find-binary.ts";
import { processRunner } from "./run-process.ts";
import type { RegistryRunner } from "./runner.ts";

/** The best way to run the registry on this host; null where there is none. */
export async function findRunner(
  folder: string,
  path: string,
  log: (line: string) => void,
): Promise<RegistryRunner | null> {
  const binary = await findBinary(path);
  return binary === null ? null : processRunner(binary, folder, log);
}
