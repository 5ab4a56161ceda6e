import { findEmbeddedPostgres } from "./find.ts";
import { embeddedFolder } from "./layout.ts";
import { readSecretKey } from "./secret-key.ts";

type Variables = Record<string, string | undefined>;

/**
 * Adds what a process needs that is started by hand beside `npm start`: the URL of the PostgreSQL that runs on this data
 * dir, and the installation's key. What is set already stays.
 */
export async function completeEnvironment(variables: Variables): Promise<Variables> {
  const dataDir = variables["BERTH_DATA_DIR"] || ".berth";
  const url = variables["DATABASE_URL"] || (await findEmbeddedPostgres(embeddedFolder(dataDir)));
  const key = variables["BERTH_SECRET_KEY"] || (await readSecretKey(dataDir));
  return { ...variables, ...(url && { DATABASE_URL: url }), ...(key && { BERTH_SECRET_KEY: key }) };
}
