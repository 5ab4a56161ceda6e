import { join, resolve } from "node:path";

/** The embedded PostgreSQL's folder in Berth's data dir. */
export function embeddedFolder(dataDir: string): string {
  return join(resolve(dataDir), "postgres");
}

/** Where everything of one embedded PostgreSQL lives, below the folder that its caller names. */
export function layoutOf(dataDir: string) {
  const root = resolve(dataDir);
  return {
    root,
    cluster: join(root, "cluster"),
    password: join(root, "password"),
    /** The port of the last start, so that clients find the next one where they left it. */
    port: join(root, "port"),
    log: join(root, "postgres.log"),
    previousLog: join(root, "postgres.log.1"),
  };
}
export type Layout = ReturnType<typeof layoutOf>;

export const SUPERUSER = "berth";
export const DATABASE = "berth";

export function urlOf(port: number, password: string, database = DATABASE): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}
