import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Binaries } from "./binaries.ts";
import { EmbeddedPostgresError } from "./error.ts";
import { SUPERUSER, type Layout } from "./layout.ts";
import { POSTGRES_ENV, unprivileged } from "./unprivileged.ts";

/** Makes the cluster on first use, and returns the superuser's password. Safe to repeat after a crash at any point. */
export async function ensureCluster(layout: Layout, { initdb }: Binaries): Promise<string> {
  await mkdir(layout.root, { recursive: true, mode: 0o700 });
  await refuseForeignOwner(layout.root);
  await chmod(layout.root, 0o700);

  const exists = existsSync(layout.cluster);
  if (!existsSync(layout.password)) {
    if (exists) throw new EmbeddedPostgresError(`${layout.password} is missing, so ${layout.cluster} can't be opened`);
    await writeFile(layout.password, randomBytes(24).toString("base64url"), { mode: 0o600 });
  }
  if (!exists) {
    // Under another name until it is whole: a first start that was killed leaves no half cluster behind.
    const unfinished = `${layout.cluster}.new`;
    await rm(unfinished, { recursive: true, force: true });
    await runInitdb(initdb, unfinished, layout.password);
    await rename(unfinished, layout.cluster);
  }
  return (await readFile(layout.password, "utf8")).trim();
}

async function runInitdb(initdb: string, folder: string, passwordFile: string): Promise<void> {
  // PostgreSQL's builtin C.UTF-8 sorts alike on every system and changes with no system upgrade.
  const options = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const login = [`--username=${SUPERUSER}`, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
  const [command, args] = await unprivileged(initdb, ["-D", folder, ...options, ...login]);
  try {
    await promisify(execFile)(command, args, { env: POSTGRES_ENV });
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split("\n").at(-1);
    throw new EmbeddedPostgresError(`PostgreSQL could not make its data in ${folder}: ${said || String(cause)}`, {
      cause,
    });
  }
}

/** PostgreSQL opens a cluster only as its owner, and its own message names neither user nor remedy. */
async function refuseForeignOwner(root: string): Promise<void> {
  const { uid } = await stat(root);
  const own = process.getuid?.();
  if (own === undefined || uid === own) return;
  throw new EmbeddedPostgresError(`${root} belongs to the user with uid ${uid}, not ${own}: start Berth as its owner`);
}
