import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { dirname } from "node:path";
import { z } from "zod";

/** The last figures of one section, with when and where they were measured. */
const KeptSection = z.object({
  measured_at: z.iso.datetime(),
  machine: z.object({
    cpu: z.string(),
    cores: z.int(),
    memory_bytes: z.int(),
    kernel: z.string(),
    /** Of a minute, at the beginning and at the end. */
    load: z.array(z.number()),
  }),
  figures: z.unknown(),
});
export type KeptSection = z.infer<typeof KeptSection>;

const Latest = z.object({ sections: z.record(z.string(), KeptSection) });

/** Each section's last figures. Empty where there is no such file, or one of another form. */
export function readLatest(path: string): Record<string, KeptSection> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
  return Latest.safeParse(JSON.parse(text)).data?.sections ?? {};
}

/** Replaces one section's figures, and leaves those of the others as they are. */
export function keepSection(path: string, section: string, kept: KeptSection): void {
  mkdirSync(dirname(path), { recursive: true });
  const sections = { ...readLatest(path), [section]: kept };
  writeFileSync(path, `${JSON.stringify({ sections }, null, 2)}\n`);
}

export const describeMachine = (load: number[]): KeptSection["machine"] => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory_bytes: totalmem(),
  kernel: release(),
  load,
});
