import { DomainError } from "@berth/spec/error-code.ts";
import { Capacity, Cpu } from "@berth/spec/capacity.ts";
import { Gpu } from "@berth/spec/machine.ts";
import { z } from "zod";
import { ServerAddress } from "./sign.ts";

const MAX_LINES = 200;
const WholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, "Not a whole number.")
  .transform(Number);
const Total = z.tuple([WholeNumber, WholeNumber]).transform(([total, free]): Capacity => ({ total, free }));

/** What a server says of itself. Sizes in MiB. */
export const JoinReport = z.object({
  engine_id: z.string().min(1).max(128),
  address: ServerAddress,
  port: WholeNumber.pipe(z.int().min(1).max(65_535)),
  gpus: z.array(Gpu.extend({ uuid: z.string().regex(/^GPU-[0-9a-zA-Z-]{1,60}$/), type: z.string().max(100) })).max(64),
  cpus: z.array(Cpu.extend({ type: z.string().max(200) })).max(32),
  memory: Total.nullable(),
  disk: Total.nullable(),
});
export type JoinReport = z.infer<typeof JoinReport>;

/**
 * Reads lines of `name=value`, as a shell writes them: `gpu` (index, uuid, MiB and name, as nvidia-smi separates them) and
 * `cpu` (cores, then the model) once each, `memory` and `disk` as total and free. What it has no name for is left out, so
 * that an older Berth takes a newer script. BAD_REQUEST names the line that can't be read.
 */
export function readReport(text: string): JoinReport {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > MAX_LINES) throw new DomainError("BAD_REQUEST", `A report has ${MAX_LINES} lines at most.`);
  const values = new Map<string, string[]>();
  for (const line of lines) {
    const at = line.indexOf("=");
    if (at <= 0) throw new DomainError("BAD_REQUEST", "A line of the report is not name=value.");
    const name = line.slice(0, at);
    values.set(name, [...(values.get(name) ?? []), line.slice(at + 1).trim()]);
  }
  const first = (name: string): string | undefined => values.get(name)?.[0];
  const report = JoinReport.safeParse({
    engine_id: first("engine_id"),
    address: first("address"),
    port: first("port"),
    gpus: (values.get("gpu") ?? []).map(readGpu),
    cpus: (values.get("cpu") ?? []).map(readCpu),
    memory: first("memory")?.split(/\s+/) ?? null,
    disk: first("disk")?.split(/\s+/) ?? null,
  });
  if (report.success) return report.data;
  const [issue] = report.error.issues;
  throw new DomainError("BAD_REQUEST", `The report can't be read: ${issue?.path.join(".")}: ${issue?.message}`);
}

/** A comma may stand in the name, which comes last. */
function readGpu(line: string): unknown {
  const [index, uuid, memory, ...name] = line.split(",").map((part) => part.trim());
  return { index: Number(index), uuid, memory: Number(memory), type: shortName(name.join(", ")) };
}

function readCpu(line: string): unknown {
  const [cores, ...type] = line.split(" ");
  return { cores: Number(cores), type: type.join(" ").trim() };
}

/** "RTX 3060", as people call it, for "NVIDIA GeForce RTX 3060". */
const shortName = (name: string): string => name.replace(/^NVIDIA\s+/, "").replace(/^GeForce\s+/, "");
