import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";

/**
 * Runs Docker's own command line against an engine's socket and answers its stdout: what a person does by hand. Throws
 * a `CommandError` with what it said.
 */
export async function runDockerCli(
  socketPath: string,
  args: readonly string[],
  { config: kept, ...options }: { input?: string | Uint8Array; /** Where a login is kept. */ config?: string } = {},
): Promise<string> {
  // Without a folder of its own it reads the caller's contexts and credentials.
  const config = kept ?? mkdtempSync(join(tmpdir(), "berth-docker-cli-"));
  const { PATH = "", HOME = "/root" } = process.env;
  const env = { PATH, HOME, DOCKER_HOST: `unix://${socketPath}`, DOCKER_CONFIG: config };
  try {
    return await runCommand("docker", args, { ...options, env });
  } finally {
    if (kept === undefined) rmSync(config, { recursive: true, force: true });
  }
}
