import { randomUUID } from "node:crypto";
import { parseEngineUrl, EngineUrlError } from "@berth/docker/engine-url.ts";
import {
  type Engine,
  type EngineAddress,
  EngineError,
  type EngineInfo,
  type EngineVersion,
} from "@berth/docker/engine.ts";
import { MARKER_LABEL, MARKER_VOLUME } from "@berth/spec/engine-names.ts";
import { DomainError, invalidField } from "@berth/spec/error-code.ts";
import { z } from "zod";
import type { EngineTls } from "@berth/spec/machine.ts";
import type { SshKey } from "@berth/db/machines/ssh-key.ts";
import type { ApiServices } from "../context.ts";
import { sshKeyOf } from "./ssh-key.ts";

/** Someone waits for the answer. */
const DEADLINE_MS = 5_000;

/** How a machine's engine is reached, as it is recorded. */
export interface EngineEndpoint {
  url: string;
  tls: EngineTls | null;
  allow_insecure: boolean;
  /** `SHA256:…` of a server that is reached over ssh; null where it is not, or was never met. */
  ssh_host_key: string | null;
}

export interface MetEngine {
  version: EngineVersion;
  info: EngineInfo;
  /** Tells this engine's disk from another's, where the engine's id does not. */
  marker_uuid: string;
  /** Of a server that was reached over ssh. */
  ssh_host_key: string | null;
}

/**
 * Asks an engine who it is, and leaves the marker there if it has none yet. UNPROCESSABLE, with what to do, where it
 * does not answer well within five seconds; BAD_REQUEST for an address that is none, or not allowed.
 */
export async function meetEngine(
  services: Pick<ApiServices, "connectEngine" | "sql" | "box">,
  endpoint: EngineEndpoint,
): Promise<MetEngine> {
  let { ssh_host_key } = endpoint;
  const key = isSsh(endpoint.url) ? await sshKeyOf(services) : null;
  const engine = services.connectEngine(addressOf(endpoint, key, (shown) => (ssh_host_key = shown)));
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const options = { deadlineMs: DEADLINE_MS, signal };
  try {
    const version = await engine.ping(options);
    const info = await engine.info(options);
    return { version, info, marker_uuid: await readMarker(engine, options), ssh_host_key };
  } catch (error) {
    if (error instanceof EngineError) throw unmet(endpoint, error, error.timedOut || signal.aborted, key);
    throw error;
  } finally {
    engine.close();
  }
}

export const isSsh = (url: string): boolean => /^\s*ssh:/i.test(url);

export function addressOf(
  { url, tls, allow_insecure, ssh_host_key: host_key }: EngineEndpoint,
  key: Pick<SshKey, "private_key"> | null,
  onHostKey?: (fingerprint: string) => void,
): EngineAddress {
  const ssh = key && { private_key: key.private_key, host_key, ...(onHostKey && { onHostKey }) };
  try {
    return parseEngineUrl(url, { tls, allow_insecure, ssh });
  } catch (error) {
    if (error instanceof EngineUrlError) throw invalidField("url", error.message);
    throw error;
  }
}

/** The volume's name is the mutex: of two who create it at once, both read the same uuid. */
async function readMarker(engine: Engine, options: { deadlineMs: number; signal: AbortSignal }): Promise<string> {
  const volume = await engine.createVolume(MARKER_VOLUME, { [MARKER_LABEL]: randomUUID() }, options);
  const marker = z.uuid().safeParse(volume.labels[MARKER_LABEL]);
  if (marker.success) return marker.data;
  throw new DomainError(
    "UNPROCESSABLE",
    `The engine has a volume ${MARKER_VOLUME} that Berth did not make. Remove it there: docker volume rm ${MARKER_VOLUME}`,
  );
}

function unmet({ url }: EngineEndpoint, error: EngineError, timedOut: boolean, key: SshKey | null): DomainError {
  const problem = timedOut ? "no answer within 5 seconds" : error.message.replace(/\.$/, "");
  const advice = key
    ? sshAdvice(key)
    : error.kind === "unreachable" || timedOut
      ? "Check that Docker runs there, that it listens on this address, and that no firewall is between."
      : "Check the address, the certificates and Docker's version (20.10 or newer).";
  return new DomainError("UNPROCESSABLE", `The engine at ${url} can't be used: ${problem}. ${advice}`, {
    kind: timedOut ? "unreachable" : error.kind,
    ...(key && { public_key: key.public_key }),
  });
}

const sshAdvice = ({ public_key }: SshKey): string =>
  `Berth signs in with this key, which must be a line of ~/.ssh/authorized_keys there, of a user who may use Docker: ${public_key}`;
