import { fileURLToPath } from "node:url";
import { createApiServices } from "@berth/api/services.ts";
import { createDb, type Db } from "@berth/db/client.ts";
import { completeEnvironment } from "@berth/db/embedded/complete-environment.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { FastifyInstance } from "fastify";
import { buildApp } from "./build-app.ts";
import { type Env, EnvError, readEnv } from "./env.ts";
import { missingMigrations } from "./health.ts";
import { createLog } from "./log.ts";

const CLOSE_TIMEOUT_MS = 5_000;

/** Something outside must be mended before the server can start; the message says what. */
class StartError extends Error {}

async function start(env: Env): Promise<void> {
  const log = createLog(env.BERTH_LOG_LEVEL);
  const db = createDb(env.DATABASE_URL);
  const installation = await openDatabase(db);
  const app = await buildApp({
    services: createApiServices({ db, box: createSecretBox(env.BERTH_SECRET_KEY), installation, connectEngine }),
    log,
    trustProxy: env.BERTH_TRUST_PROXY,
    consoleDir: fileURLToPath(new URL("../../web/dist", import.meta.url)),
  });
  closeOnSignals(app, db, env.BERTH_SUPERVISED);
  await listen(app, env);
}

async function openDatabase(db: Db): Promise<string> {
  const sql = prismaSql(db);
  try {
    const missing = await missingMigrations(sql);
    if (missing.length > 0) throw new StartError("the database is not migrated: run `npm run migrate` first");
    return await loadInstallation(sql);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`the database of DATABASE_URL can't be used: ${reasonOf(error as Error)}`, { cause: error });
  }
}

/** The end of Prisma's message, which has several lines, is what the database or the network said. */
const reasonOf = ({ message }: Error): string =>
  (message.trim().split("\n").at(-1) ?? message).replace(/^.*Message: `(.*)`$/, "$1");

async function listen(app: FastifyInstance, { BERTH_HOST: host, BERTH_PORT: port }: Env): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "another program listens there: set BERTH_PORT" : message;
    throw new StartError(`can't listen on ${host}:${port}: ${reason}`, { cause: error });
  }
}

/** Ends cleanly on SIGTERM and Ctrl-C, and where a parent supervises us, with that parent. */
function closeOnSignals(app: FastifyInstance, db: Db, isSupervised: boolean): void {
  let closing = false;
  const close = async (cause: string): Promise<void> => {
    if (closing) return;
    closing = true;
    app.log.info({ cause }, "closing");
    // Requests under way are answered; what is still open then is cut.
    const insist = setTimeout(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    await app.close();
    clearTimeout(insist);
    await db.$disconnect();
    process.stdin.destroy();
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void close(signal));
  if (!isSupervised) return;
  process.stdin.resume();
  process.stdin.on("end", () => void close("the parent has gone"));
}

try {
  await start(readEnv(await completeEnvironment(process.env)));
} catch (error) {
  // What a person can mend is told in lines that they can read; anything else is ours, with its stack.
  const isExpected = error instanceof StartError || error instanceof EnvError;
  console.error(isExpected ? error.message.replace(/^/gm, "berth server: ") : error);
  process.exit(1);
}
