import { createSecretBox } from "@berth/db/secret-box.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import pino from "pino";
import { startCalendar } from "./calendar.ts";
import { createCrash } from "./crash.ts";
import { readEnv } from "./env.ts";
import { startReconciler } from "./reconciler.ts";

const env = readEnv();
const log = pino({ name: "reconciler", level: env.BERTH_LOG_LEVEL });

const reconciler = await startReconciler({
  databaseUrl: env.DATABASE_URL,
  box: createSecretBox(env.BERTH_SECRET_KEY),
  log,
  connect: (row) => connectEngine(parseEngineUrl(row.url, { tls: row.tls, allow_insecure: row.allow_insecure })),
  crash: createCrash(env.BERTH_CRASH_AT ?? null),
}).catch((error: Error) => {
  log.fatal({ err: error }, "the reconciler can't start");
  process.exit(1);
});
const calendar = startCalendar(env.DATABASE_URL, log);
log.info("the reconciler runs");

let isStopping = false;
async function stop(reason: string): Promise<void> {
  if (isStopping) process.exit(1);
  isStopping = true;
  log.info({ reason }, "stopping");
  await Promise.all([calendar.stop(), reconciler.stop()]);
  process.exit(0);
}
process.on("SIGINT", () => void stop("SIGINT"));
process.on("SIGTERM", () => void stop("SIGTERM"));
if (env.BERTH_SUPERVISED === "1") {
  process.stdin.on("end", () => void stop("the parent is gone"));
  process.stdin.resume();
}
