import { loadEventsSecret, loadRegistryKeys } from "@berth/db/registry/keys.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import { makeTokenKeys } from "@berth/docker/certificates/authority.ts";
import type { TokenKeys } from "@berth/docker/registry/token.ts";
import type { FleetDirectory } from "../fleet/fleet-directory.ts";
import { FleetRegistry } from "../fleet/registry.ts";
import type { ApiServer } from "./api-server.ts";

/**
 * A registry that takes the tokens of this server's Berth alone, sends clients there for them, and tells it what happens.
 * Engines must reach the server. Nothing is recorded of it.
 */
export async function startServerRegistry(
  directory: FleetDirectory,
  { name, server, sql }: { name: string; server: ApiServer; sql: Sql },
): Promise<{ registry: FleetRegistry; keys: TokenKeys }> {
  const box = createSecretBox(server.secret_key);
  const keys = await loadRegistryKeys(sql, box, makeTokenKeys);
  const registry = await FleetRegistry.start(directory, {
    name,
    auth: { realm: `${server.url}/registry/token`, service: "berth", issuer: "berth", certificate: keys.certificate },
    notify: { url: `${server.url}/registry/events`, secret: await loadEventsSecret(sql, box) },
  });
  return { registry, keys };
}
