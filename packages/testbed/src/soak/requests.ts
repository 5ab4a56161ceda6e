import { createPool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";
import { residentMiB } from "../fleet/resident-memory.ts";
import { setFuzzScene } from "../fuzz/fuzz-scene.ts";
import { runFuzz } from "../fuzz/run-fuzz.ts";
import { startRestartablePostgres } from "../postgres/restartable.ts";
import { startApiServer } from "../scenario/api-server.ts";

const REQUESTS = Number(process.env["BERTH_SOAK_REQUESTS"] ?? 200_000);
const SEED = Number(process.env["BERTH_SOAK_SEED"] ?? Date.now() % 1_000_000);

/** Generated requests against a server of its own. False where one met a fault, or memory grows. */
export async function soakRequests(): Promise<boolean> {
  const postgres = await startRestartablePostgres();
  const server = await startApiServer({ databaseUrl: postgres.url });
  const pool = createPool(postgres.url, { max: 2, applicationName: "berth-soak", onError: () => undefined });
  const startedAt = performance.now();
  let told = 0;
  const report = await runFuzz({
    serverUrl: server.url,
    memory: () => residentMiB(server.pid),
    scene: await setFuzzScene(pgSql(pool), server.secret_key),
    requests: REQUESTS,
    seed: SEED,
    onProgress({ requests, memory, faults }) {
      if (requests < told) return;
      told += REQUESTS / 20;
      console.log(`${requests} requests, ${faults.length} faults, the server has ${memory.at(-1)} MiB`);
    },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const exitCode = await server.stop();
  await pool.end();
  await postgres.remove();

  for (const fault of report.faults) console.log(`FAULT ${fault}`);
  const third = Math.floor(report.memory.length / 3);
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const [early, late] = [median(report.memory.slice(third, 2 * third)), median(report.memory.slice(2 * third))];
  const isGrown = late > early * 1.15 + 20;
  console.log(JSON.stringify(report.byStatus));
  console.log(
    `never answered with 2xx: ${
      Object.keys(report.succeeded)
        .filter((name) => !report.succeeded[name])
        .join(", ") || "none"
    }`,
  );
  console.log(
    `${report.requests} requests in ${seconds.toFixed(0)} s with seed ${SEED}, ${report.faults.length} faults; ` +
      `memory ${early} MiB in the second third, ${late} MiB in the last${isGrown ? ": it GROWS" : ""}; exit code ${exitCode}`,
  );
  return report.faults.length === 0 && !isGrown && exitCode === 0;
}
