import { existsSync } from "node:fs";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";

const USUAL_SOCKET = "/var/run/docker.sock";
const DEADLINE_MS = 3_000;

/**
 * The URL of the Docker engine on this machine, if one answers. `setting` is BERTH_LOCAL_ENGINE: an engine that it
 * names, or that is there and refuses us, and does not answer is worth a line.
 */
export async function findLocalEngine(
  setting: string | undefined,
  say: (line: string) => void,
  usualSocket = USUAL_SOCKET,
): Promise<string | null> {
  if (setting === "off" || (setting === undefined && !existsSync(usualSocket))) return null;
  const url = setting ?? `unix://${usualSocket}`;
  const engine = connectEngine(parseEngineUrl(url, { allow_insecure: true }));
  try {
    await engine.ping({ deadlineMs: DEADLINE_MS });
    return url;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    say(`the Docker engine at ${url} can't be used, so Berth starts without it: ${error.message}`);
    return null;
  } finally {
    engine.close();
  }
}
