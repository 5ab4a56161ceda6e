import type { ApiServices } from "@berth/api/context.ts";
import { createApiServices, type ServiceParts } from "@berth/api/services.ts";
import { createDb, type Db } from "@berth/db/client.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { FastifyInstance } from "fastify";
import { type AppOptions, buildApp } from "../build-app.ts";
import { openLive } from "../live/open-live.ts";
import { createLog } from "../log.ts";

export interface OpenApp {
  app: FastifyInstance;
  db: Db;
  services: ApiServices;
  /** What was logged, a line of JSON each. */
  lines: string[];
  close(): Promise<void>;
}

/** The app on a migrated database, for `inject`: nothing listens. */
export async function openApp(
  databaseUrl: string,
  change: Partial<Omit<AppOptions, "services">> & {
    services?: Partial<ApiServices>;
    connectRegistry?: ServiceParts["connectRegistry"];
  } = {},
): Promise<OpenApp> {
  const db = createDb(databaseUrl);
  const lines: string[] = [];
  const { services: changed, connectRegistry, ...options } = change;
  const log = createLog("debug", { write: (line) => lines.push(line) });
  const live = await openLive(databaseUrl, log);
  const services = {
    ...createApiServices({
      db,
      box: createSecretBox("a secret of tests"),
      installation: "00000000-0000-4000-8000-000000000000",
      connectEngine,
      changes: live.changes,
      log,
      ...(connectRegistry && { connectRegistry }),
    }),
    ...changed,
  };
  const app = await buildApp({ log, live, ...options, services });
  return {
    app,
    db,
    services,
    lines,
    async close() {
      await app.close();
      await live.close();
      await db.$disconnect();
    },
  };
}
