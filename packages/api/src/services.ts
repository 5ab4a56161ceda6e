import { type Db, sqlOf } from "@berth/db/client.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Engine, EngineAddress } from "@berth/docker/engine.ts";
import { connectRegistry } from "@berth/docker/registry/connect-registry.ts";
import type { RegistryConnection } from "@berth/docker/registry/registry-link.ts";
import type { Registry } from "@berth/docker/registry/registry.ts";
import { createCallLimiter } from "./call-limiter.ts";
import { createStatsFeed } from "./containers/stats-feed.ts";
import type { ApiServices, ChangeFeed, EnginePool, FaultLog, RegistryPool } from "./context.ts";
import { createEnginePool } from "./machines/engine-pool.ts";
import { createRegistryPool } from "./registry/registry-pool.ts";

export interface ServiceParts {
  db: Db;
  box: SecretBox;
  installation: string;
  publicUrl?: string | undefined;
  connectEngine(address: EngineAddress): Engine;
  /** The real one where it is left out. */
  connectRegistry?: (connection: RegistryConnection) => Registry;
  /** Where nobody listens for changes (a script, most tests) it is left out: then none is ever told. */
  changes?: ChangeFeed;
  /** The console where it is left out. */
  log?: FaultLog;
  /** Calls of one account in a minute. */
  callsPerMinute?: number;
}

/** What a process needs beside the database to answer calls. */
export function createApiServices(parts: ServiceParts): ApiServices & {
  engines: EnginePool & { close(): void };
  registries: RegistryPool & { close(): void };
} {
  const { db, box, installation, connectEngine, changes = SILENT } = parts;
  const sql = sqlOf(db);
  const engines = createEnginePool({ db, sql, box, connectEngine });
  return {
    db,
    sql,
    box,
    installation,
    publicUrl: parts.publicUrl ?? null,
    connectEngine,
    changes,
    engines,
    registries: createRegistryPool({ sql, box, connectRegistry: parts.connectRegistry ?? connectRegistry }),
    stats: createStatsFeed({ sql, engines }),
    calls: createCallLimiter(parts.callsPerMinute),
    log: parts.log ?? CONSOLE,
  };
}

const CONSOLE: FaultLog = { error: ({ err }, message) => console.error(message, err) };

const SILENT: ChangeFeed = {
  follow: (_actor, signal) =>
    new ReadableStream({
      start(controller) {
        if (signal.aborted) controller.close();
        else signal.addEventListener("abort", () => controller.close(), { once: true });
      },
    }),
};
