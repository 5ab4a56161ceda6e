import { isIP } from "node:net";
import { readRegistry } from "@berth/db/registry/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import { CertificateRequestError, signServerRequest } from "@berth/docker/certificates/authority.ts";
import { DomainError, invalidField } from "@berth/spec/error-code.ts";
import { z } from "zod";
import type { ApiServices } from "../../context.ts";
import { hostOf } from "../host.ts";
import { refuseUnreachableRegistry } from "../refuse-unreachable-registry.ts";
import { authorityOf, CERTIFICATE_DAYS } from "./authority.ts";
import { findOpenToken } from "./find-token.ts";

/** By what Berth reaches a server: an IP address, or a name of DNS. */
export const ServerAddress = z
  .string()
  .max(253)
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9-]{0,62}\.)*[a-z0-9-]*[a-z0-9]$/i.test(text),
    "Not an address.",
  )
  .refine((text) => !["0.0.0.0", "::"].includes(text), "Give the address by which Berth reaches this server.");

export interface SignedForMachine {
  /** PEM, of the engine. */
  certificate: string;
  /** PEM: whom the engine lets in is signed by it. */
  ca: string;
  /** Null where Berth has none, or one that is none (of simulated machines). */
  registry: {
    address: string;
    /** PEM; null where a public authority vouches for it, or nobody. */
    ca: string | null;
    /** Engines must list it under `insecure-registries`, unless it is on a loopback address. */
    is_plain: boolean;
  } | null;
}

/**
 * Signs what an engine will listen with at `address`, and nothing else that the request (PEM) asks for. BAD_REQUEST for a
 * request or an address that is none; CONFLICT for a server that could not join, before anything was changed on it; else
 * throws as `findOpenToken` does.
 */
export async function signForMachine(
  services: Pick<ApiServices, "sql" | "box">,
  token: string,
  {
    address,
    engine_id,
    request,
  }: { address: string; /** As the script tells it. */ engine_id?: string; request: string },
): Promise<SignedForMachine> {
  await findOpenToken(services.sql, token);
  const host = ServerAddress.safeParse(address);
  if (!host.success) throw invalidField("address", host.error.issues[0]?.message ?? "Not an address.");
  if (!(await isRecorded(services.sql, host.data, engine_id))) {
    await refuseUnreachableRegistry(services.sql, host.data);
  }
  const authority = await authorityOf(services);
  const registry = await readRegistry(services.sql);
  return {
    certificate: await sign(authority, request, host.data),
    ca: authority.certificate,
    registry:
      registry && registry.kind !== "simulated"
        ? { address: registry.address, ca: registry.ca, is_plain: registry.url.startsWith("http:") }
        : null,
  };
}

/** Then it stays the machine that it is. */
async function isRecorded(sql: Sql, host: string, engineId: string | undefined): Promise<boolean> {
  const machines = await sql<{ machine_id: string; url: string }>("SELECT machine_id, url FROM machines");
  return machines.some(({ machine_id, url }) => machine_id === engineId || hostOf(url, null) === host);
}

async function sign(authority: Parameters<typeof signServerRequest>[0], request: string, host: string) {
  try {
    return await signServerRequest(authority, request, { hosts: [host], days: CERTIFICATE_DAYS });
  } catch (error) {
    if (error instanceof CertificateRequestError) throw new DomainError("BAD_REQUEST", error.message);
    throw error;
  }
}
