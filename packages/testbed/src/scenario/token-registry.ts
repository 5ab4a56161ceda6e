import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createPool } from "@berth/db/pool.ts";
import { loadRegistryKeys } from "@berth/db/registry/keys.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { pgSql } from "@berth/db/sql.ts";
import { makeTokenKeys } from "@berth/docker/certificates/authority.ts";
import { connectRegistry } from "@berth/docker/registry/connect-registry.ts";
import type { Registry } from "@berth/docker/registry/registry.ts";
import { issueRegistryToken } from "@berth/docker/registry/token.ts";
import type { ProvidedFleet } from "../fleet/global-setup.ts";
import { FleetRegistry } from "../fleet/registry.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import type { Berth } from "./berth.ts";

/** A registry of one Berth's own, as `npm start` has it: it takes this Berth's tokens, and nobody without. */
export interface TokenRegistry {
  /** `HOST:PORT` */
  address: string;
  /** What it says itself, asked with tokens. */
  registry: Registry;
  /** How each blob came into a repository, once a manifest was put there; in the registry's order. */
  arrivals(repository: string): Promise<BlobArrival[]>;
  close(): Promise<void>;
}

export interface BlobArrival {
  digest: string;
  /** `pushed`: its bytes were sent. `mounted`: the registry took them from another repository. */
  how: "pushed" | "mounted";
}

interface RegistryEvent {
  id: string;
  action: string;
  target: { mediaType: string; digest: string; repository: string };
}

/** Starts it where every engine of the fleet reaches it, and says so to `berth`. `name` is unique in the fleet. */
export async function startTokenRegistry(berth: Berth, fleet: ProvidedFleet, name: string): Promise<TokenRegistry> {
  const pool = createPool(berth.database_url, { max: 1, applicationName: "berth-test", onError: () => undefined });
  const sql = pgSql(pool);
  const keys = await loadRegistryKeys(sql, createSecretBox(berth.server.secret_key), makeTokenKeys);
  const heard = await hearEvents();
  const { certificate } = keys;
  const realm = `${berth.server.url}/registry/token`;
  const running = await FleetRegistry.start(fleet.directory, {
    name,
    auth: { realm, service: "berth", issuer: "berth", certificate },
    notify: { url: heard.url, secret: "of a test" },
  });
  const { address, url } = running;
  await writeRegistry(sql, { kind: "process", state: "running", address, url, ca: null, message: "" });
  await pool.end();
  const registry = connectRegistry({
    url,
    ca: null,
    authorize: async (access) =>
      (await issueRegistryToken(keys, { subject: "berth", service: "berth", access, ttlS: 300 })).token,
  });
  return {
    address,
    registry,
    async arrivals(repository) {
      const found = () => [...heard.events.values()].filter(({ target }) => target.repository === repository);
      const isManifest = ({ target }: RegistryEvent): boolean => target.mediaType.includes("manifest");
      await waitUntil(`the registry to tell of ${repository}`, 20_000, () => found().some(isManifest));
      return found()
        .filter((event) => (event.action === "push" || event.action === "mount") && !isManifest(event))
        .map(({ action, target: { digest } }) => ({ digest, how: action === "push" ? "pushed" : "mounted" }));
    },
    async close() {
      registry.close();
      await running.kill();
      await heard.close();
    },
  };
}

/** The registry sends them in order, one request after the other, and again where one was not answered. */
async function hearEvents() {
  const events = new Map<string, RegistryEvent>();
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      const told = JSON.parse(Buffer.concat(chunks).toString()) as { events: RegistryEvent[] };
      for (const event of told.events) events.set(event.id, event); // one that is sent again keeps its place
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    events,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
