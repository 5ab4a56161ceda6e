import { loadRegistryKeys } from "@berth/db/registry/keys.ts";
import { readRegistry } from "@berth/db/registry/record.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { RegistryAccess as Access } from "@berth/docker/registry/access.ts";
import { connectRegistry } from "@berth/docker/registry/connect-registry.ts";
import type { Registry } from "@berth/docker/registry/registry.ts";
import { issueRegistryToken } from "@berth/docker/registry/token.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";
import type { Logger } from "pino";

/** How long a notice that was lost may keep us at an old address. */
const REREAD_MS = 15_000;
/** Of a call of ours. */
const CALL_TTL_S = 300;
/** An engine never asks for a new one: it must outlive the longest transfer. */
const TRANSFER_TTL_S = 12 * 3_600;

/** Berth's registry as this process reaches it, and lets engines in. */
export interface RegistryAccess {
  /** What is recorded of it; null where nothing is. */
  record(): Promise<RegistryRecord | null>;
  /** Null where there is none. */
  registry(): Promise<Registry | null>;
  /** For an engine: to pull from these repositories, and where said to push to one. */
  transferToken(repositories: { pull: readonly string[]; push?: string }): Promise<string>;
  /** Read what is recorded anew. */
  poke(): void;
  close(): void;
}

/** Once in an installation's life: what it takes is 23 MB that no process needs to hold. */
async function makeKeys(): Promise<{ key: string; certificate: string }> {
  const { makeTokenKeys } = await import("@berth/docker/certificates/authority.ts");
  return makeTokenKeys();
}

export function createRegistryAccess(sql: Sql, box: SecretBox, log: Logger): RegistryAccess {
  let known: { record: RegistryRecord | null; at: number } | null = null;
  let client: { key: string; registry: Registry } | null = null;
  let keys: Promise<{ key: string; certificate: string }> | null = null;

  async function record(): Promise<RegistryRecord | null> {
    if (known && performance.now() - known.at < REREAD_MS) return known.record;
    known = { record: await readRegistry(sql), at: performance.now() };
    return known.record;
  }

  async function issue(access: Access[], ttlS: number): Promise<string> {
    keys ??= loadRegistryKeys(sql, box, makeKeys).catch((error: unknown) => {
      keys = null;
      throw error;
    });
    const { token } = await issueRegistryToken(await keys, { subject: "berth", service: "berth", access, ttlS });
    return token;
  }

  return {
    record,
    async registry() {
      const found = await record();
      if (!found || found.state === "missing") return null;
      const key = JSON.stringify([found.url, found.ca]);
      if (client?.key === key) return client.registry;
      client?.registry.close();
      log.info({ url: found.url }, "using the registry");
      const registry = connectRegistry({
        url: found.url,
        ca: found.ca,
        authorize: (access) => issue(access, CALL_TTL_S),
      });
      client = { key, registry };
      return registry;
    },
    transferToken: ({ pull, push }) =>
      issue(
        [
          ...(push === undefined ? [] : [{ type: "repository", name: push, actions: ["pull", "push"] }]),
          ...pull.filter((name) => name !== push).map((name) => ({ type: "repository", name, actions: ["pull"] })),
        ],
        TRANSFER_TTL_S,
      ),
    poke: () => (known = null),
    close: () => client?.registry.close(),
  };
}

/** `10.0.0.1:5000/public/pytorch@sha256:…` → `public/pytorch` */
export const repositoryIn = (reference: string): string =>
  reference.slice(reference.indexOf("/") + 1).replace(/(@.*|:[^/]*)$/, "");

/** `public/pytorch:2.9` → `public/pytorch` */
export const repositoryOf = (name: string): string => name.slice(0, name.indexOf(":"));
export const tagOf = (name: string): string => name.slice(name.indexOf(":") + 1);
