import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pickPort } from "@berth/db/embedded/pick-port.ts";
import { findCommand } from "../fleet/command-path.ts";
import { waitUntil } from "../fleet/wait-until.ts";

/** The distribution registry's binary on this machine, as Debian calls it; null where there is none. */
export const REGISTRY_BINARY = findCommand("docker-registry");

export interface OwnRegistry {
  /** `127.0.0.1:PORT`, plain HTTP, open to all. */
  address: string;
  /** Again with the same content, taking writes or not. */
  restart(options: { isReadOnly: boolean }): Promise<void>;
  /** Ends it and removes what it held. */
  remove(): Promise<void>;
}

/** A distribution registry of one test's own, empty, with deletes enabled. It needs no root and no engine. */
export async function startOwnRegistry(): Promise<OwnRegistry> {
  if (REGISTRY_BINARY === null) throw new Error("docker-registry is not there: apt-get install docker-registry");
  const binary = REGISTRY_BINARY;
  const folder = await mkdtemp(join(tmpdir(), "berth-registry-"));
  const address = `127.0.0.1:${await pickPort()}`;
  let running: ChildProcess | null = null;
  const stop = async (): Promise<void> => {
    if (running?.exitCode !== null || running.signalCode !== null) return;
    running.kill("SIGKILL");
    await once(running, "exit");
  };
  const start = async (isReadOnly: boolean): Promise<void> => {
    const maintenance = { readonly: { enabled: isReadOnly } };
    const config = {
      version: 0.1,
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, "storage") }, delete: { enabled: true }, maintenance },
      http: { addr: address, secret: "of a test" },
    };
    const file = join(folder, "config.json");
    await writeFile(file, JSON.stringify(config)); // JSON is YAML
    const child = spawn(binary, ["serve", file], { stdio: "ignore" });
    running = child;
    await waitUntil("the registry to answer", 10_000, () => {
      if (child.exitCode !== null) throw new Error("the registry ended");
      return fetch(`http://${address}/v2/`).then(
        (response) => response.ok,
        () => false, // does not listen yet
      );
    });
  };
  const remove = async (): Promise<void> => {
    await stop();
    await rm(folder, { recursive: true });
  };
  try {
    await start(false);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    address,
    async restart({ isReadOnly }) {
      await stop();
      await start(isReadOnly);
    },
    remove,
  };
}
