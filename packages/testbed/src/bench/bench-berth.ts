import { setTimeout as delay } from "node:timers/promises";
import { createCaller } from "@berth/api/router.ts";
import { createApiServices } from "@berth/api/services.ts";
import { asActor } from "@berth/api/testing/in-process-api.ts";
import { createDb } from "@berth/db/client.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { type ReconcilerProcess, startReconcilerProcess } from "../scenario/reconciler-process.ts";
import { startRestartablePostgres } from "../postgres/restartable.ts";

const SECRET_KEY = "a secret of the benchmark, and of nothing else";

/** A Berth to measure: its verbs in this process, so that a promise ends with the commit, and the real reconciler. */
export interface BenchBerth {
  admin: ReturnType<typeof createCaller>;
  readonly reconciler: ReconcilerProcess;
  sql: Sql;
  /** The label by which engines tell its containers. */
  installation: string;
  /** Starts one beside the first. Whoever asks for it ends it. */
  startReconciler(): Promise<ReconcilerProcess>;
  /** Ends the reconciler, and starts another that gives machines a probe, or does not. */
  restartReconciler(hasProbes: boolean): Promise<void>;
  /** Waits for a container's status to be what `isReached` wants, and returns when that status was committed (ms, wall clock). */
  committedAt(uid: string, isReached: (status: CommittedStatus) => boolean): Promise<number>;
  /** Deletes a container and waits until it is gone, so that what is measured next does not share the engine with it. */
  remove(containerId: number): Promise<void>;
  close(): Promise<void>;
}

export interface CommittedStatus {
  phase: string;
  running: boolean;
}

const POLL_MS = 5;
const PATIENCE_MS = 60_000;

export async function startBenchBerth(): Promise<BenchBerth> {
  const postgres = await startRestartablePostgres();
  const db = createDb(postgres.url);
  const sql = prismaSql(db);
  const user = await db.users.create({ data: { account: "bench", password: "nobody signs in", role: "admin" } });
  const installation = await loadInstallation(sql);
  const services = createApiServices({ db, box: createSecretBox(SECRET_KEY), installation, connectEngine });
  const actor = asActor({ user_id: user.user_id, account: user.account, role: "admin" });
  const start = (hasProbes: boolean): Promise<ReconcilerProcess> =>
    startReconcilerProcess({ databaseUrl: postgres.url, secretKey: SECRET_KEY, hasProbes });
  let reconciler = await start(false);
  const admin = createCaller({ ...services, actor, address: "127.0.0.1", request_id: "bench", cookies: null });
  return {
    admin,
    sql,
    installation,
    startReconciler: () => start(false),
    get reconciler() {
      return reconciler;
    },
    async restartReconciler(hasProbes) {
      await reconciler.stop();
      reconciler = await start(hasProbes);
    },
    async remove(container_id) {
      await admin.container.delete({ container_id });
      while (await db.containers.findUnique({ where: { container_id } })) await delay(POLL_MS);
    },
    async committedAt(uid, isReached) {
      const deadline = performance.now() + PATIENCE_MS;
      while (performance.now() < deadline) {
        const [status] = await sql<CommittedStatus & { at_ms: number }>(
          `SELECT s.phase, s.running, (extract(epoch FROM s.updated_at) * 1000)::float8 AS at_ms
           FROM container_status s JOIN containers c USING (container_id) WHERE c.uid = $1::uuid`,
          [uid],
        );
        if (status && isReached(status)) return status.at_ms;
        await delay(POLL_MS);
      }
      throw new Error(`container ${uid} did not get there in ${PATIENCE_MS} ms`);
    },
    async close() {
      await reconciler.stop();
      await db.$disconnect();
      await postgres.remove();
    },
  };
}

/** The first line with this message that the reconciler logs about this container and that `isWanted`. */
export async function findLine(
  reconciler: ReconcilerProcess,
  uid: string,
  message: string,
  isWanted: (line: LogLine) => boolean = () => true,
): Promise<LogLine> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const lines = reconciler.log.filter((line) => line.includes(uid) && line.includes(message));
    const found = lines.map((line) => JSON.parse(line) as LogLine).find(isWanted);
    if (found) return found;
    await delay(POLL_MS);
  }
  throw new Error(`the reconciler did not log "${message}" about ${uid} in ${PATIENCE_MS} ms`);
}

export interface LogLine {
  /** Wall clock, ms. */
  time: number;
  action?: string;
  cause?: string;
  calls?: number;
  engineMs?: number;
}
