import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { createPool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";
import { startRestartablePostgres } from "../../postgres/restartable.ts";
import { startApiServer } from "../../scenario/api-server.ts";
import { type Distribution, distributionOf } from "../distribution.ts";
import { type Door, listDoors, login, type Stage } from "./doors.ts";
import { fillLargeLab, LAB } from "./large-lab.ts";
import { Caller, type Load } from "./load.ts";

const BARE = fileURLToPath(new URL("bare-server.ts", import.meta.url));

/** One door under one load. */
export interface DoorFigures {
  door: string;
  parallel: number;
  ours: Throughput;
  bare: Throughput;
}

export interface Throughput {
  perSecond: number;
  latency: Distribution;
}

/**
 * The real server and a bare one on one database, in processes of their own. They take turns in short rounds, so that both
 * meet the same machine.
 */
export async function measureDoors({ rounds }: { rounds: number }): Promise<DoorFigures[]> {
  const postgres = await startRestartablePostgres();
  const pool = createPool(postgres.url, { max: 1, applicationName: "berth-bench", onError: () => undefined });
  await fillLargeLab(pgSql(pool));
  await pool.end();
  const server = await startApiServer({ databaseUrl: postgres.url });
  const bare = await startBareServer(postgres.url);
  const caller = new Caller();
  try {
    const doors = listDoors(await openStage(caller, server.url, bare.url));
    for (const door of doors) await compareAnswers(caller, door);
    const figures: DoorFigures[] = [];
    for (const door of doors) {
      for (const parallel of door.parallel) figures.push(await measure(caller, door, { parallel, rounds }));
    }
    return figures;
  } finally {
    caller.close();
    await bare.stop();
    await server.stop();
    await postgres.remove();
  }
}

async function measure(
  caller: Caller,
  door: Door,
  { parallel, rounds }: { parallel: number; rounds: number },
): Promise<DoorFigures> {
  const loads = { ours: [] as Load[], bare: [] as Load[] };
  for (let round = -1; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? (["ours", "bare"] as const) : (["bare", "ours"] as const)) {
      const load = await caller.send(door[side], { count: door.calls, parallel });
      if (round >= 0) loads[side].push(load); // the first opens connections and warms the compiler
    }
  }
  return { door: door.name, parallel, ours: throughputOf(loads.ours), bare: throughputOf(loads.bare) };
}

function throughputOf(loads: readonly Load[]): Throughput {
  const latencies = loads.flatMap((load) => load.latencies);
  const tookMs = loads.reduce((sum, load) => sum + load.tookMs, 0);
  return { perSecond: (latencies.length / tookMs) * 1_000, latency: distributionOf(latencies) };
}

/** Signs in as each admin, and finds where the second page begins. */
async function openStage(caller: Caller, ours: string, bare: string): Promise<Stage> {
  const tokens: string[] = [];
  for (let at = 0; at < LAB.admins; at += 1) {
    const answer = JSON.parse(await caller.body(login(`${ours}/trpc/auth.login`, at))) as {
      result: { data: { access_token: string } };
    };
    tokens.push(answer.result.data.access_token);
  }
  const first = await caller.body({ method: "GET", url: `${bare}/containers?limit=500`, from: "127.0.0.1" });
  return { ours, bare, tokens, cursor: (JSON.parse(first) as { next_cursor: string }).next_cursor };
}

/** Both sides must do the same work: what they answer is the same, and as long; only the fields' order may differ. */
async function compareAnswers(caller: Caller, door: Door): Promise<void> {
  for (const at of [0, 1]) {
    if (door.ours(at).method === "POST") continue;
    const [ours, bare] = [await caller.body(door.ours(at)), await caller.body(door.bare(at))];
    const isSame = ours.length === bare.length && isDeepStrictEqual(JSON.parse(ours), JSON.parse(bare));
    if (!isSame) throw new Error(`${door.name}: the bare server answers something else`);
  }
}

interface BareServer {
  url: string;
  stop(): Promise<void>;
}

/** Ends with this process, whatever ends that. */
async function startBareServer(databaseUrl: string): Promise<BareServer> {
  const child = spawn(process.execPath, [BARE], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl },
  });
  const exited = once(child, "exit");
  const [url] = (await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    exited.then(() => Promise.reject(new Error("the bare server ended"))),
  ])) as [string];
  return {
    url,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
