import { loadEventsSecret, loadRegistryKeys } from "@berth/db/registry/keys.ts";
import { readRegistry } from "@berth/db/registry/record.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import { makeTokenKeys } from "@berth/docker/certificates/authority.ts";
import type { RegistryConnection } from "@berth/docker/registry/registry-link.ts";
import type { Registry } from "@berth/docker/registry/registry.ts";
import { issueRegistryToken, TOKEN_SERVICE, TOKEN_SUBJECT } from "@berth/docker/registry/token.ts";
import type { RegistryPool } from "../context.ts";

interface Parts {
  sql: Sql;
  box: SecretBox;
  connectRegistry(connection: RegistryConnection): Registry;
}

const TTL_S = 120;

/** One connection, made when it is first asked for, and anew where the registry has moved. */
export function createRegistryPool({ sql, box, connectRegistry }: Parts): RegistryPool & { close(): void } {
  const tokenKeys = once(() => loadRegistryKeys(sql, box, makeTokenKeys));
  const eventsSecret = once(() => loadEventsSecret(sql, box));
  const authorize: RegistryConnection["authorize"] = async (access) => {
    const request = { subject: TOKEN_SUBJECT, service: TOKEN_SERVICE, access, ttlS: TTL_S };
    return (await issueRegistryToken(await tokenKeys(), request)).token;
  };
  let known: { url: string; ca: string | null; registry: Registry } | null = null;
  return {
    tokenKeys,
    eventsSecret,
    async current() {
      const record = await readRegistry(sql);
      if (!record) return null;
      const { url, ca } = record;
      if (known?.url !== url || known.ca !== ca) {
        known?.registry.close();
        known = { url, ca, registry: connectRegistry({ url, ca, authorize }) };
      }
      return known.registry;
    },
    close() {
      known?.registry.close();
      known = null;
    },
  };
}

/** What is made once in an installation's life is read once in a process's. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () =>
    (loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    }));
}
