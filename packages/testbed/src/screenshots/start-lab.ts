import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pickPort } from "@berth/db/embedded/pick-port.ts";
import { makeThrowawayFolder } from "@berth/db/embedded/throwaway.ts";
import { waitUntil } from "../fleet/wait-until.ts";

const LAUNCHER = fileURLToPath(new URL("../../../../apps/launcher/src/main.ts", import.meta.url));
export const ADMIN = { account: "berth-admin", password: "of the admin of a lab that is only shown" };

/** All of Berth as `npm start` has it on a host without Docker, with four simulated machines. */
export interface Lab {
  url: string;
  database_url: string;
  close(): Promise<void>;
}

export async function startLab(): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), "berth-screenshots-"));
  const database = await makeThrowawayFolder();
  const { url: databaseUrl } = await database.start();
  const [port, proxyPort, sshPort] = [await pickPort(), await pickPort(), await pickPort()];
  const launcher = spawn(process.execPath, [LAUNCHER], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: databaseUrl,
      BERTH_DATA_DIR: join(folder, "data"),
      BERTH_PORT: String(port),
      BERTH_PROXY_PORT: String(proxyPort),
      BERTH_SSH_PORT: String(sshPort),
      BERTH_LOCAL_ENGINE: "off",
      BERTH_SIMULATE: "4",
      BERTH_ADMIN_PASSWORD: ADMIN.password,
    },
  });
  let output = "";
  for (const stream of [launcher.stdout, launcher.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const exited = once(launcher, "exit");
  await waitUntil("Berth to be ready", 90_000, () => {
    if (launcher.exitCode !== null) throw new Error(`Berth ended:\n${output}`);
    return output.includes("Berth is ready");
  });
  return {
    url: `http://127.0.0.1:${port}`,
    database_url: databaseUrl,
    async close() {
      launcher.kill("SIGTERM");
      await exited;
      await database.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
