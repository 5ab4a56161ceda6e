import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Berth } from "./berth.ts";

const MAIN = fileURLToPath(new URL("../../../../apps/registry/src/main.ts", import.meta.url));

export interface KeeperProcess {
  /** All that it has written until now. */
  output(): string;
  /** The registry and all that it held go with it. */
  close(): Promise<void>;
}

/**
 * The real keeper with a registry of this Berth's own, as `npm start` has it, over plain HTTP. It listens at `listen` and
 * machines reach it at `reached`, both `HOST:PORT`.
 */
export async function startKeeperProcess(
  berth: Berth,
  { listen, reached }: { listen: string; reached: string },
): Promise<KeeperProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), "berth-keeper-"));
  const { hostname, port } = new URL(berth.server.url);
  const child = spawn(process.execPath, [MAIN], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: berth.database_url,
      BERTH_SECRET_KEY: berth.server.secret_key,
      BERTH_DATA_DIR: dataDir,
      BERTH_HOST: hostname,
      BERTH_PORT: port,
      BERTH_REGISTRY_LISTEN: listen,
      BERTH_REGISTRY_PUBLIC: reached,
      BERTH_REGISTRY_TLS: "off",
      BERTH_SUPERVISED: "1",
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const exited = once(child, "close");
  return {
    output: () => output,
    async close() {
      child.kill("SIGTERM");
      await exited;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
