// `npm run reconciler`: makes the machines as the database says, until it is stopped.
import { setFlagsFromString } from "node:v8";
import { completeEnvironment } from "@berth/db/embedded/complete-environment.ts";
import { loadSshKey, type SshKey } from "@berth/db/machines/ssh-key.ts";
import { createPool } from "@berth/db/pool.ts";
import { createSecretBox, type SecretBox } from "@berth/db/secret-box.ts";
import { pgSql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { makeSshKey } from "@berth/docker/transport/ssh-tunnel.ts";
import pino, { type Logger } from "pino";
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
    connect: (row) => {
      const { tls, allow_insecure, ssh_host_key: host_key, status } = row;
      const ssh = host_key === null ? null : { private_key: sshKey.private_key, host_key };
      const address = parseEngineUrl(row.url, { tls: ssh ? null : tls, allow_insecure, ssh });
      return connectEngine(address, { apiVersion: status.api_version });
    },
    hasProbes: env.BERTH_PROBE,
    crash: createCrash(env.BERTH_CRASH_AT ?? null),
  });
  const calendar = startCalendar(env.DATABASE_URL, log, () => reconciler.verifyImages());
  log.info("the reconciler runs");
  stopOnSignals(log, env.BERTH_SUPERVISED, () => Promise.all([calendar.stop(), reconciler.stop()]));
}

async function readSshKey(databaseUrl: string, box: SecretBox): Promise<SshKey> {
  const pool = createPool(databaseUrl, { max: 1, applicationName: "berth-reconciler-start", onError: () => undefined });
  try {
    return await loadSshKey(pgSql(pool), box, () => makeSshKey("berth"));
  } finally {
    await pool.end();
  }
}

const ORPHANED = "the parent has gone";

/** Ends cleanly on SIGTERM and Ctrl-C, and where a parent supervises us, with that parent. A second signal ends at once. */
function stopOnSignals(log: Logger, isSupervised: boolean, stop: () => Promise<unknown>): void {
  let isStopping = false;
  const end = async (cause: string): Promise<void> => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ cause }, "stopping");
    await stop();
    // Who reads the log has gone as well: an exit would first write what is left of it, and wait for that for ever.
    if (cause === ORPHANED) process.kill(process.pid, "SIGKILL");
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(signal));
  if (!isSupervised) return;
  process.stdin.resume();
  process.stdin.on("end", () => void end(ORPHANED));
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
