import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { waitUntil } from "../../fleet/wait-until.ts";
import { type BenchBerth, startBenchBerth } from "../bench-berth.ts";
import { type Idle, watchIdle } from "../watch-idle.ts";

const FLEET = fileURLToPath(new URL("../../simulated/main.ts", import.meta.url));
const MIB = 1024 * 1024;
/** Points of each machine that one statement copies. */
const AT_ONCE = 30;

export interface TelemetryFigures {
  machines: number;
  gpus: number;
  without: Idle;
  with: Idle;
  /** Tables with their indexes once they are as large as they get, bytes. */
  bytes: { latest: number; minutes: number; hours: number };
  rowsPerDay: { minutes: number; hours: number };
}

/** Simulated machines in a process of their own, first without probes and then with: the difference is telemetry's. */
export async function measureTelemetry({ machines }: { machines: number }): Promise<TelemetryFigures> {
  const folder = await mkdtemp(join(tmpdir(), "berth-bench-telemetry-"));
  const fleet = spawn(process.execPath, [FLEET, "--data-dir", folder, "--count", String(machines)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const berth = await startBenchBerth();
  try {
    for (const { url } of await firstLine(fleet)) await berth.admin.machine.add({ url, allow_insecure: true });
    const without = await watchIdle(berth);
    await berth.restartReconciler(true);
    await waitUntil("every machine's telemetry", 300_000, async () => {
      const [row] = await berth.sql<{ count: number }>(
        "SELECT count(*)::int AS count FROM machine_telemetry WHERE seen_at > now() - interval '10 seconds'",
      );
      return row?.count === machines;
    });
    const withProbes = await watchIdle(berth);
    return { machines, ...(await countGpus(berth)), without, with: withProbes, ...(await growFull(berth)) };
  } finally {
    await berth.close();
    fleet.stdin.end();
    await once(fleet, "exit");
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstLine(fleet: ChildProcess): Promise<{ url: string }[]> {
  if (!fleet.stdout) throw new Error("the fleet has no output");
  const [line] = (await once(createInterface({ input: fleet.stdout }), "line")) as [string];
  return (JSON.parse(line) as { machines: { url: string }[] }).machines;
}

async function countGpus({ sql }: BenchBerth): Promise<{ gpus: number }> {
  const [row] = await sql<{ gpus: number }>("SELECT sum(jsonb_array_length(gpus))::int AS gpus FROM machine_status");
  return { gpus: row?.gpus ?? 0 };
}

/** As many rows as are kept at most, each like those that were written, and what they take. */
async function growFull({ sql }: BenchBerth): Promise<Pick<TelemetryFigures, "bytes" | "rowsPerDay">> {
  const size = async (table: string): Promise<number> => {
    await sql(`VACUUM ANALYZE ${table}`);
    const [row] = await sql<{ size: number }>(`SELECT pg_total_relation_size('${table}')::float8 AS size`);
    return row?.size ?? Number.NaN;
  };
  const copy = async (count: number, seconds: number): Promise<void> => {
    for (let from = 1; from <= count; from += AT_ONCE) {
      await copySome(from, Math.min(count, from + AT_ONCE - 1), seconds);
    }
  };
  const copySome = (from: number, to: number, seconds: number) =>
    sql(
      `INSERT INTO machine_telemetry_points
       SELECT p.machine_id, $2::int, timestamptz '2000-01-01' + make_interval(secs => n * $2::int), p.cpu, p.memory_used,
              p.disk_used, p.gpu_indexes, p.gpu_utilization, p.gpu_memory_used, p.gpu_temperature, p.gpu_power
       FROM (SELECT DISTINCT ON (machine_id) * FROM machine_telemetry_points ORDER BY machine_id, at DESC) p,
            generate_series($1::int, $3::int) n`,
      [from, seconds, to],
    );
  const [machines] = await sql<{ count: number }>("SELECT count(*)::int AS count FROM machines");
  const count = machines?.count ?? 0;
  await sql(
    "DELETE FROM machine_telemetry_points p USING (SELECT max(at) AS at FROM machine_telemetry_points) m WHERE p.at < m.at",
  );
  await copy(25 * 60, 60);
  const minutes = await size("machine_telemetry_points");
  await copy(30 * 24, 3_600);
  const both = await size("machine_telemetry_points");
  return {
    bytes: { latest: await size("machine_telemetry"), minutes, hours: both - minutes },
    rowsPerDay: { minutes: count * 1_440, hours: count * 24 },
  };
}

export function reportTelemetry(figures: TelemetryFigures): string {
  const { machines, gpus, without, bytes, rowsPerDay } = figures;
  const row = (name: string, { cpu, rss, statementsPerSecond, walBytesPerSecond }: Idle): string =>
    `  ${name.padEnd(20)}${cpu.toFixed(1).padStart(8)} %${String(rss).padStart(9)} MiB${statementsPerSecond.toFixed(1).padStart(14)}${((walBytesPerSecond * 86_400) / MIB).toFixed(0).padStart(13)} MiB`;
  const mib = (size: number): string => `${(size / MIB).toFixed(1)} MiB`;
  return [
    `Telemetry of ${machines} simulated machines with ${gpus} GPUs, the reconciler at rest`,
    `  ${"".padEnd(20)}${"of a core".padStart(10)}${"memory".padStart(13)}${"statements/s".padStart(14)}${"WAL a day".padStart(17)}`,
    row("without probes", without),
    row("with probes", figures.with),
    `  rows a day: ${rowsPerDay.minutes} minutes, ${rowsPerDay.hours} hours`,
    `  at most, with indexes: latest ${mib(bytes.latest)}, a day of minutes ${mib(bytes.minutes)}, 30 days of hours ${mib(bytes.hours)}`,
  ].join("\n");
}
