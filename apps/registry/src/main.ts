// `npm run registry`: keeps Berth's own registry, until it is stopped.
import { hostname } from "node:os";
import { completeEnvironment } from "@berth/db/embedded/complete-environment.ts";
import { listen } from "@berth/db/listen.ts";
import { createPool, type Pool } from "@berth/db/pool.ts";
import { REGISTRY_CHANNEL } from "@berth/db/registry/record.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { pgSql } from "@berth/db/sql.ts";
import { stopOnSignals } from "@berth/db/stop-on-signals.ts";
import cron from "node-cron";
import pino, { type Logger } from "pino";
import { EnvError } from "@berth/spec/environment.ts";
import { type Env, readEnv } from "./env.ts";
import { watchExternal, type KeptRegistry } from "./external.ts";
import { createRunnerFinder } from "./find-runner.ts";
import { Keeper } from "./keeper.ts";
import { AnotherKeeperError, becomeOnlyKeeper } from "./only-keeper.ts";
import { loadSecrets } from "./secrets.ts";
import { resolveSettings } from "./settings.ts";

async function start(env: Env): Promise<void> {
  const log = pino({ name: "registry", level: env.BERTH_LOG_LEVEL });
  const pool = createPool(env.DATABASE_URL, {
    max: 2,
    applicationName: "berth-registry",
    onError: (error) => log.debug({ err: error }, "an idle database connection ended"),
  });
  const address = env.BERTH_REGISTRY;
  const registry =
    address === undefined ? await keep(env, pool, log) : watchExternal({ address, sql: pgSql(pool), log });
  const listening = await listen(env.DATABASE_URL, "berth-registry-listen", [REGISTRY_CHANNEL], {
    onNotice: (_channel, payload) => {
      if (payload === "collect") registry.collect();
    },
    onConnected: () => registry.recordAgain(),
    onError: (error) => log.debug({ err: error }, "the database does not tell anything; still trying"),
  });
  stopOnSignals({
    log,
    isSupervised: env.BERTH_SUPERVISED,
    async stop() {
      await listening.close();
      await registry.stop();
      await pool.end();
    },
  });
}

async function keep(env: Env, pool: Pool, log: Logger): Promise<KeptRegistry> {
  const only = await becomeOnlyKeeper(env.DATABASE_URL, (error) => {
    log.warn({ err: error }, "the right to keep the registry was lost with the database, and is not back");
  });
  const settings = resolveSettings(env, hostname());
  const sql = pgSql(pool);
  const finder = createRunnerFinder({
    settings,
    path: process.env["PATH"] ?? "",
    engineUrl: env.BERTH_LOCAL_ENGINE,
    log: (line) => process.stdout.write(`${line}\n`),
  });
  const keeper = new Keeper({
    settings,
    secrets: await loadSecrets(sql, createSecretBox(env.BERTH_SECRET_KEY)),
    sql,
    findRunner: finder.find,
    log,
  });
  // Wishes of which one waits already are one: nights never overlap.
  const nightly = cron.schedule(env.BERTH_REGISTRY_GC, () => keeper.collect(), { noOverlap: true });
  return {
    collect: () => keeper.collect(),
    recordAgain: () => keeper.recordAgain(),
    async stop() {
      await nightly.destroy();
      await keeper.stop();
      finder.close();
      await only.release();
    },
  };
}

try {
  await start(readEnv(await completeEnvironment(process.env)));
} catch (error) {
  // What a person can mend is told in lines that they can read; anything else is ours, with its stack.
  const isAway =
    error instanceof Error && "code" in error && /^(ECONN|ENOTFOUND|ETIMEDOUT|28|3D|42P01)/.test(String(error.code));
  const message = isAway ? `the database of DATABASE_URL can't be used: ${error.message}` : null;
  const expected = error instanceof EnvError || error instanceof AnotherKeeperError ? error.message : message;
  console.error(expected === null ? error : expected.replace(/^/gm, "berth registry: "));
  process.exit(1);
}
