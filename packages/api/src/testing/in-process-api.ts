import { createDb, type Db } from "@berth/db/client.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import type { Gpu, Machine } from "@berth/spec/machine.ts";
import type { Role } from "@berth/spec/user.ts";
import { createTestDatabase } from "@berth/testbed/postgres/test-database.ts";
import type { Actor, ApiServices, Person } from "../context.ts";
import { createCaller } from "../router.ts";
import { createApiServices, type ServiceParts } from "../services.ts";
import { connectFake, createFakeEngine, type FakeEngine } from "./fake-engine.ts";

export type Caller = ReturnType<typeof createCaller>;

export interface InProcessApi {
  db: Db;
  services: ApiServices;
  database_url: string;
  /** Engines by the host of their address: `tcp://gpu-1:2375` is `engines.get("gpu-1")`. */
  engines: Map<string, FakeEngine>;
  admin: Caller;
  nobody: Caller;
  callerFor(actor: Actor | null, address?: string): Caller;
  addUser(account: string, role?: Role): Promise<{ actor: Actor; api: Caller }>;
  /** A simulated machine with these GPUs, on an engine of its own, at `tcp://<name>:2375`. */
  addMachine(name: string, gpus?: Gpu[]): Promise<Machine>;
  close(): Promise<void>;
}

/** The whole router on a database of its own, without HTTP. */
export async function openInProcessApi(
  parts: Partial<Pick<ServiceParts, "connectRegistry" | "publicUrl" | "log">> = {},
): Promise<InProcessApi> {
  const database = await createTestDatabase();
  const db = createDb(database.url);
  const engines = new Map<string, FakeEngine>();
  const services = createApiServices({
    db,
    box: createSecretBox("a secret of tests"),
    installation: "00000000-0000-4000-8000-000000000000",
    connectEngine(address) {
      if (address.kind === "ssh") address.onHostKey?.(`SHA256:of ${address.host}`);
      return connectFake(engines.get(address.kind === "unix" ? address.path : address.host));
    },
    callsPerMinute: 1_000_000,
    ...parts,
  });
  const callerFor = (actor: Actor | null, address = "10.0.0.9"): Caller =>
    createCaller({ ...services, actor, address, request_id: "a-request", cookies: null });
  const addUser = async (account: string, role: Role = "user") => {
    const { user_id } = await db.users.create({ data: { account, password: "not a hash", role } });
    const actor = asActor({ user_id, account, role });
    return { actor, api: callerFor(actor) };
  };
  const admin = (await addUser("boss", "admin")).api;
  return {
    db,
    services,
    database_url: database.url,
    engines,
    admin,
    nobody: callerFor(null),
    callerFor,
    addUser,
    addMachine(name, gpus = []) {
      const labels = { "berth.simulated": "true", "berth.gpus": JSON.stringify(gpus) };
      engines.set(name, createFakeEngine({ engine_id: `ENGINE-${name}`, name, labels }));
      return admin.machine.add({ url: `tcp://${name}:2375`, allow_insecure: true });
    },
    async close() {
      services.engines.close();
      services.registries.close();
      await db.$disconnect();
      await database.drop();
    },
  };
}

/** Someone with an access token that tests never see expire. */
export const asActor = (person: Person): Actor => ({
  ...person,
  scope: "write",
  credential: { kind: "access_token", token_epoch: 0, expires_at: new Date(Date.now() + 3_600_000) },
});

/** `count` GPUs of one type, with uuids that name the machine. */
export const gpusOf = (machine: string, count: number, type = "RTX 4090"): Gpu[] =>
  Array.from({ length: count }, (_, index) => ({ uuid: `GPU-${machine}-${index}`, index, type, memory: 24_564 }));
