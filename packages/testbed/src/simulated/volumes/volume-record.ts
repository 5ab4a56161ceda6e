import type { Files } from "../process/file-layer.ts";

export interface VolumeRecord {
  name: string;
  driver: string;
  labels: Record<string, string> | null;
  options: Record<string, string> | null;
  created_ns: bigint;
  files: Files;
}
