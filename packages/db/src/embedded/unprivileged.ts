import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { EmbeddedPostgresError } from "./error.ts";

/** No PG* variable and no secret of ours belongs in PostgreSQL's environment; messages come in English. */
export const POSTGRES_ENV = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" };

/** Enters a user namespace in which the caller has an ordinary uid. */
const NOT_ROOT = ["--user", "--map-user=1000", "--map-group=1000"];

/**
 * The command line that runs `program` as PostgreSQL demands it: not as root.
 *
 * For root that is a user namespace, in which root's own files belong to an ordinary user. So it works inside folders
 * of mode 0700, needs no user on the system, and, since `unshare` execs, the pid stays the program's own.
 */
export async function unprivileged(program: string, args: string[]): Promise<[string, string[]]> {
  if (process.getuid?.() !== 0) return [program, args];
  try {
    await promisify(execFile)("unshare", [...NOT_ROOT, "true"]);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "PostgreSQL does not run as root, and this system gives root no user namespace: " +
        "start Berth as an ordinary user, or set DATABASE_URL",
      { cause },
    );
  }
  return ["unshare", [...NOT_ROOT, program, ...args]];
}
