import { connectFake, createFakeEngine, type FakeEngine } from "@berth/api/testing/fake-engine.ts";
import { hashPassword } from "@berth/api/auth/password.ts";
import type { Engine, EngineError } from "@berth/docker/engine.ts";
import { createTestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { type OpenApp, openApp } from "../../testing/open-app.ts";

export const PASSWORD = "a hash of a password";
const HASH = await hashPassword(PASSWORD);

export interface Client {
  user_id: number;
  account: string;
  token: string;
}

export interface OpenRest extends OpenApp {
  /** Of the listening server. */
  url: string;
  /** Engines by the host of their address. */
  engines: Map<string, FakeEngine>;
  /** What the logs of every container are, or what reading them throws. */
  logs: { lines: string; failure: EngineError | null };
  addUser(account: string, role?: "user" | "admin"): Promise<Client>;
  /** A simulated machine that takes containers. */
  addMachine(name: string): Promise<{ machine_id: string }>;
  fetch(method: string, path: string, request?: RestRequest): Promise<RestAnswer>;
}

export interface RestRequest {
  as?: Client | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface RestAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Of the text, where it is JSON. */
  json: unknown;
}

/** The app on a database of its own, listening on loopback: these tests are about what is on the wire. */
export async function openRest(options: Parameters<typeof openApp>[1] = {}): Promise<OpenRest> {
  const database = await createTestDatabase();
  const engines = new Map<string, FakeEngine>();
  const logs: OpenRest["logs"] = { lines: "", failure: null };
  const services = {
    connectEngine: (address: Parameters<typeof hostOf>[0]) => connectFake(engines.get(hostOf(address))),
    engines: { engineOf: async () => engineWith(logs) },
    ...options.services,
  };
  const open = await openApp(database.url, { ...options, services });
  const url = await open.app.listen({ host: "127.0.0.1", port: 0 });

  const fetchRest: OpenRest["fetch"] = async (method, path, { as, body, headers } = {}) => {
    const isRaw = typeof body === "string" || body instanceof FormData || body instanceof Uint8Array;
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...(as && { authorization: `Bearer ${as.token}` }),
        ...(body !== undefined && !isRaw && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? (body as NonNullable<RequestInit["body"]>) : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get("content-type") ?? "").startsWith("application/json");
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: isJson && text !== "" ? JSON.parse(text) : null,
    };
  };
  const addUser: OpenRest["addUser"] = async (account, role = "user") => {
    const { user_id } = await open.db.users.create({ data: { account, password: HASH, role } });
    const { json } = await fetchRest("POST", "/api/auth/login", { body: { account, password: PASSWORD } });
    return { user_id, account, token: (json as { access_token: string }).access_token };
  };
  const root = await addUser("root-of-tests", "admin");
  return {
    ...open,
    url,
    engines,
    logs,
    fetch: fetchRest,
    addUser,
    async addMachine(name) {
      const labels = { "berth.simulated": "true" };
      engines.set(name, createFakeEngine({ engine_id: `ENGINE-${name}`, name, labels }));
      const body = { url: `tcp://${name}:2375`, allow_insecure: true };
      return (await fetchRest("POST", "/api/machines", { as: root, body })).json as { machine_id: string };
    },
    async close() {
      await open.close();
      await database.drop();
    },
  };
}

const hostOf = (address: { kind: "unix"; path: string } | { kind: "tls" | "plain" | "ssh"; host: string }): string =>
  address.kind === "unix" ? address.path : address.host;

/** An engine of which logs are read, and what a save takes along; each of its folders is empty. */
function engineWith(logs: OpenRest["logs"]): Engine {
  const calls: Pick<Engine, "logs" | "listContainers" | "exec"> & {
    inspectContainer: unknown;
    inspectImage: unknown;
    listImages: unknown;
  } = {
    listContainers: async () => [],
    exec: async () => ({ exit_code: 0, stdout: Buffer.from("/etc\n"), stderr: Buffer.of(), truncated: false }),
    inspectContainer: async () => ({
      image_id: "base",
      mounts: [{ destination: "/data" }],
      env: ["PATH=/bin", "TOKEN=x"],
    }),
    listImages: async () => [
      { id: "sha256:1", tags: ["a:1"], digests: [], size_bytes: 1, created_at_s: 0, labels: {}, parent_id: null },
    ],
    inspectImage: async () => ({ env: ["PATH=/bin"] }),
    async *logs() {
      if (logs.failure) throw logs.failure;
      yield { stream: "stdout", data: Buffer.from(logs.lines) };
    },
  };
  return calls as unknown as Engine;
}
