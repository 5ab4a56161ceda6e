import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEFAULT_ADMIN_ACCOUNT, ensureFirstAdmin } from "@berth/api/auth/ensure-first-admin.ts";
import { createDb, type Db } from "@berth/db/client.ts";
import { ensureSecretKey } from "@berth/db/embedded/secret-key.ts";
import { migrate } from "@berth/db/migrate/migrate.ts";
import { localOrigin, publicUrl } from "./addresses.ts";
import { checkCertificate } from "./certificate.ts";
import { lockDataDir } from "./data-dir-lock.ts";
import { prepareDataDir } from "./data-dir.ts";
import { killDatabase, openDatabase } from "./database.ts";
import { childEnvironment, type Environment } from "./env.ts";
import { findLocalEngine } from "./local-engine.ts";
import { countMachines, recordLocalMachines, recordSimulatedImages, type LocalMachine } from "./local-machines.ts";
import { checkPortIsFree } from "./port.ts";
import { waitUntilReady } from "./ready.ts";
import { recordSimulatedRegistry, startRegistry } from "./registry.ts";
import { startSimulatedFleet } from "./simulated-fleet.ts";
import { SupervisedChild } from "./supervised-child.ts";
import { keepSystemImageMeanwhile } from "./system-image/keep.ts";

export interface Launch {
  environment: Environment;
  /** Inherited by the processes that are started. */
  variables: Record<string, string | undefined>;
  say: (line: string) => void;
  /** Ends everything in order when it aborts. */
  signal: AbortSignal;
  /** Filled with what ends each process at once, for someone who can't wait for the order. */
  killers: (() => unknown)[];
  scripts?: Scripts;
}

/** The files of the processes that are started. */
export interface Scripts {
  server: string;
  reconciler: string;
  registry: string;
}

const SCRIPTS: Scripts = {
  server: fileURLToPath(new URL("../../server/src/main.ts", import.meta.url)),
  reconciler: fileURLToPath(new URL("../../reconciler/src/main.ts", import.meta.url)),
  registry: fileURLToPath(import.meta.resolve("@berth/registry/main.ts")),
};
const SIMULATED_BY_DEFAULT = 3;

/**
 * Starts PostgreSQL, simulated machines, registry, reconciler and server, in this order, and runs them until the signal aborts.
 * Whatever way it ends, it has stopped all that it started, last first, when it returns.
 */
export async function runBerth(launch: Launch): Promise<void> {
  const { environment, variables, say, signal, killers, scripts = SCRIPTS } = launch;
  const dataDir = environment.BERTH_DATA_DIR;
  await using running = new AsyncDisposableStack();

  await prepareDataDir(dataDir);
  running.defer(await lockDataDir(dataDir));
  await checkPortIsFree(environment.BERTH_HOST, environment.BERTH_PORT);
  const sshPort = environment.BERTH_SSH_PORT;
  if (sshPort !== null) await checkPortIsFree(environment.BERTH_HOST, sshPort, "BERTH_SSH_PORT (off for none)");
  await checkCertificate(environment);
  const secretKey = environment.BERTH_SECRET_KEY ?? (await ensureSecretKey(dataDir));

  if (environment.DATABASE_URL === undefined) killers.push(() => killDatabase(dataDir));
  const database = await openDatabase(environment.DATABASE_URL, dataDir, say);
  running.defer(database.stop);
  signal.throwIfAborted();
  await migrate(database.url, { say });
  signal.throwIfAborted();

  const keeping = keepSystemImageMeanwhile(database.url, signal, say);
  running.defer(() => keeping);

  const db = createDb(database.url);
  running.defer(() => db.$disconnect());
  await announceFirstAdmin(db, environment, say);

  const env = childEnvironment(variables, environment, { databaseUrl: database.url, secretKey });
  const keep = (child: SupervisedChild): void => {
    running.defer(() => child.stop());
    killers.push(() => child.kill());
  };
  const { machines, simulatedRegistry } = await bringMachines(db, launch, env, keep);
  await recordLocalMachines(db, secretKey, machines, say);
  const recorded = await countMachines(db);
  if (recorded.simulated > 0) await recordSimulatedImages(db, secretKey);
  signal.throwIfAborted();
  // Real machines can't pull from the simulated registry, and simulated ones from no other.
  if (simulatedRegistry !== null && recorded.real === 0 && environment.BERTH_REGISTRY === undefined) {
    await recordSimulatedRegistry(db, simulatedRegistry);
  } else await startRegistry(launch, { script: scripts.registry, env, keep });
  signal.throwIfAborted();

  for (const name of ["reconciler", "server"] as const) {
    keep(new SupervisedChild({ name, script: scripts[name], env, logFile: join(dataDir, "logs", `${name}.log`), say }));
  }
  await waitUntilReady(localOrigin(environment), signal, () =>
    say(`the server is not ready yet (${join(dataDir, "logs", "server.log")})`),
  );
  say(`Berth is ready: ${publicUrl(environment)}`);
  await whenAborted(signal);
  say("stopping");
}

async function announceFirstAdmin(db: Db, environment: Environment, say: (line: string) => void): Promise<void> {
  const { BERTH_ADMIN_ACCOUNT: account, BERTH_ADMIN_PASSWORD: password } = environment;
  const generated = await ensureFirstAdmin(db, { account, password });
  if (generated === null) return;
  say(`The first admin is ${account ?? DEFAULT_ADMIN_ACCOUNT}, with the password ${generated} (shown only this once)`);
}

/** The machines that this host brings along: its own engine, and simulated ones where there is nothing else to try. */
async function bringMachines(
  db: Db,
  { environment, say, signal }: Launch,
  env: Record<string, string | undefined>,
  keep: (child: SupervisedChild) => void,
): Promise<{ machines: LocalMachine[]; simulatedRegistry: string | null }> {
  const machines: LocalMachine[] = [];
  const engine = await findLocalEngine(environment.BERTH_LOCAL_ENGINE, say);
  if (engine !== null) {
    machines.push({ url: engine, is_builder: true, isWanted: environment.BERTH_LOCAL_ENGINE !== undefined });
  }
  const recorded = await countMachines(db);
  const isNeeded = recorded.simulated > 0 || (engine === null && recorded.real === 0);
  const count = environment.BERTH_SIMULATE ?? (isNeeded ? SIMULATED_BY_DEFAULT : 0);
  if (count === 0) return { machines, simulatedRegistry: null };

  const fleet = startSimulatedFleet(count, environment.BERTH_DATA_DIR, env, say);
  keep(fleet.child);
  const line = await Promise.race([fleet.line, whenAborted(signal)]);
  // Simulated machines push to no registry but theirs, which is Berth's only where there are no others.
  const mayBuild = engine === null && recorded.real === 0;
  for (const [index, machine] of (line?.machines ?? []).entries()) {
    machines.push({ ...machine, is_builder: mayBuild && index === 0, isWanted: false });
  }
  return { machines, simulatedRegistry: line?.registry ?? null };
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
