// `npm run reconciler`: makes the machines as the database says, until it is stopped.
import { setFlagsFromString } from "node:v8";
import { completeEnvironment } from "@berth/db/embedded/complete-environment.ts";
import { loadSshKey, type SshKey } from "@berth/db/machines/ssh-key.ts";
import { createPool } from "@berth/db/pool.ts";
import { createSecretBox, type SecretBox } from "@berth/db/secret-box.ts";
import { pgSql } from "@berth/db/sql.ts";
import { stopOnSignals } from "@berth/db/stop-on-signals.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { makeSshKey } from "@berth/docker/transport/ssh-tunnel.ts";
import pino from "pino";
import { startCalendar } from "./calendar.ts";
import { createCrash } from "./crash.ts";
import { EnvError } from "@berth/spec/environment.ts";
import { type Env, readEnv } from "./env.ts";
import { startReconciler } from "./reconciler.ts";
import { logFields } from "./run-scope.ts";

// What a thousand idle machines leave behind is small, and to divide it among threads costs more than to collect it.
setFlagsFromString("--no-parallel-scavenge");

async function start(env: Env): Promise<void> {
  const log = pino({ name: "reconciler", level: env.BERTH_LOG_LEVEL, mixin: logFields });
  const box = createSecretBox(env.BERTH_SECRET_KEY);
  const sshKey = await readSshKey(env.DATABASE_URL, box);
  const reconciler = await startReconciler({
    databaseUrl: env.DATABASE_URL,
    box,
    log,
    connect: (row, beforeChange) => {
      const { tls, allow_insecure, ssh_host_key: host_key, status } = row;
      const ssh = host_key === null ? null : { private_key: sshKey.private_key, host_key };
      const address = parseEngineUrl(row.url, { tls: ssh ? null : tls, allow_insecure, ssh });
      return connectEngine(address, { apiVersion: status.api_version, beforeChange });
    },
    hasProbes: env.BERTH_PROBE,
    crash: createCrash(env.BERTH_CRASH_AT ?? null),
  });
  const calendar = startCalendar(env.DATABASE_URL, log, () => reconciler.verifyImages());
  log.info("the reconciler runs");
  stopOnSignals({
    log,
    isSupervised: env.BERTH_SUPERVISED,
    stop: () => Promise.all([calendar.stop(), reconciler.stop()]),
  });
}

async function readSshKey(databaseUrl: string, box: SecretBox): Promise<SshKey> {
  const pool = createPool(databaseUrl, { max: 1, applicationName: "berth-reconciler-start", onError: () => undefined });
  try {
    return await loadSshKey(pgSql(pool), box, () => makeSshKey("berth"));
  } finally {
    await pool.end();
  }
}

try {
  await start(readEnv(await completeEnvironment(process.env)));
} catch (error) {
  // What a person can mend is told in lines that they can read; anything else is ours, with its stack.
  const isAway =
    error instanceof Error && "code" in error && /^(ECONN|ENOTFOUND|ETIMEDOUT|28|3D|42P01)/.test(String(error.code));
  const message = isAway ? `the database of DATABASE_URL can't be used: ${error.message}` : null;
  const expected = error instanceof EnvError ? error.message : message;
  console.error(expected === null ? error : expected.replace(/^/gm, "berth reconciler: "));
  process.exit(1);
}
