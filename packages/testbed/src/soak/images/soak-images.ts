import { loadavg } from "node:os";
import { createPool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";
import { gatewayAddress } from "../../fleet/network.ts";
import { prepareMachine } from "../../fleet/prepare.ts";
import { startFleet } from "../../fleet/start-fleet.ts";
import { startRestartablePostgres } from "../../postgres/restartable.ts";
import { startBerth } from "../../scenario/berth.ts";
import { realEngine } from "../../scenario/scenario-engine.ts";
import { Scene } from "../../scenario/scene.ts";
import { startServerRegistry } from "../../scenario/server-registry.ts";
import { playManyRounds } from "./many-rounds.ts";
import { moveSlowly } from "./slow-transfers.ts";

/**
 * Images on real engines, one of each generation, and a registry that wants tokens: many rounds that leave nothing behind,
 * and transfers that last for minutes. False where something was wrong.
 */
export async function soakImages(): Promise<boolean> {
  const { generations, gaps } = await prepareMachine((line) => console.log(line));
  for (const gap of gaps) console.log(`left out: ${gap}`);
  if (generations.length === 0) {
    console.log("FAULT this machine can run no Docker engine: nothing was tested");
    return false;
  }
  const engines = generations.map((generation) => ({ name: `docker-${generation.replace(".", "-")}`, generation }));
  const fleet = await startFleet({ engines });
  const postgres = await startRestartablePostgres();
  const pool = createPool(postgres.url, { max: 2, applicationName: "berth-soak", onError: () => undefined });
  const host = gatewayAddress(fleet.directory.number);
  // Where every engine reaches it for tokens.
  const berth = await startBerth({ url: postgres.url, drop: postgres.remove }, { host });
  try {
    const scenes: Scene[] = [];
    for (const engine of fleet.engines) scenes.push(await Scene.open(berth, realEngine(fleet, engine)));
    const sql = pgSql(pool);
    const { registry } = await startServerRegistry(fleet.directory, { name: "soak", server: berth.server, sql });
    const stage = { berth, scenes, registry, host, sql };
    let faults = 0;
    for (const [what, soak] of [
      ["many rounds", playManyRounds],
      ["slow transfers", moveSlowly],
    ] as const) {
      const found = await soak(stage);
      // At once: the next one may throw.
      for (const fault of found) console.log(`FAULT ${fault}`);
      console.log(`${what}: ${found.length} faults, load ${loadavg()[0]?.toFixed(1)}`);
      faults += found.length;
    }
    return faults === 0;
  } finally {
    await pool.end();
    await berth.close();
    await fleet.close();
  }
}
