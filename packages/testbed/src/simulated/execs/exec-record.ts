import type { SimulatedProcess } from "../process/simulated-process.ts";

export interface ExecRecord {
  id: string;
  container_id: string;
  argv: string[];
  env: string[];
  user: string;
  working_dir: string;
  hasTty: boolean;
  /** Of its terminal at the start; engines below API 1.42 have none. */
  console_size: { cols: number; rows: number } | null;
  attach: { stdin: boolean; stdout: boolean; stderr: boolean };
  state: "created" | "running" | "ended";
  exit_code: number | null;
  pid: number;
  process: SimulatedProcess | null;
}
