import type { Tx } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { type AddMachineInput, DEFAULT_PORT_RANGE, type Machine, MachineId, MachineName } from "@berth/spec/machine.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext, Person } from "../context.ts";
import { transact } from "../transact.ts";
import { type MachineFacts, readFacts } from "./facts.ts";
import { getMachine } from "./get.ts";
import { hostOf } from "./host.ts";
import { type MetEngine, meetEngine } from "./meet-engine.ts";
import { refuseUnreachableRegistry } from "./refuse-unreachable-registry.ts";
import { sealTls } from "./seal-tls.ts";

/**
 * Records a GPU server after asking its engine who it is. Its id is the engine's unless another one is given, with `-2`
 * where another machine has that; an engine that is recorded already is a CONFLICT that names it.
 */
export async function addMachine(ctx: AuthedContext, input: AddMachineInput): Promise<Machine> {
  const { url, tls, allow_insecure } = input;
  const met = await meetEngine(ctx, { url, tls: tls ?? null, allow_insecure, ssh_host_key: null });
  return transact(ctx.db, async (tx) => {
    await lockMachines(tx);
    return insertMachine(tx, ctx, input, met, readFacts(met.info));
  });
}

/** Until the transaction ends: two adds at once would choose the same free name. */
export async function lockMachines(tx: Tx): Promise<void> {
  await tx.$executeRaw`LOCK TABLE machines IN SHARE ROW EXCLUSIVE MODE`;
}

/** In whose name a machine is added, and from where. */
export interface AddedBy extends Pick<AuthedContext, "box" | "address"> {
  actor: Pick<Person, "user_id" | "account">;
}

/** Records an engine that was met, after {@link lockMachines}. */
export async function insertMachine(
  tx: Tx,
  ctx: AddedBy,
  input: AddMachineInput,
  met: MetEngine,
  { simulated, ...facts }: MachineFacts,
): Promise<Machine> {
  const { url, tls, allow_insecure } = input;
  await refuseKnown(tx, url, met);
  if (!simulated) await refuseUnreachableRegistry(prismaSql(tx), hostOf(url, null));
  const ports = input.port_range ?? DEFAULT_PORT_RANGE;
  const machine_id = await chooseId(tx, input, met);
  const name = await chooseName(tx, input, met);
  await tx.machines.create({
    data: {
      machine_id,
      name,
      url,
      tls: sealTls(ctx.box, tls),
      allow_insecure,
      ssh_host_key: met.ssh_host_key,
      simulated,
      is_builder: input.is_builder,
      runs_containers: input.runs_containers,
      port_first: ports.first,
      port_last: ports.last,
      marker_uuid: met.marker_uuid,
      status: {
        create: {
          online: true,
          engine_version: facts.engine_version,
          api_version: met.version.api_version,
          gpus: facts.gpus,
          cpus: facts.cpus,
          cores: facts.cores,
          memory: facts.memory,
          ...(facts.disk && { disk: facts.disk }),
        },
      },
    },
  });
  await recordAudit(tx, ctx, { action: "add", noun: "machine", object_id: machine_id, details: { name, url } });
  // Only admins add machines, and make tokens by which one joins.
  return getMachine({ sql: prismaSql(tx), actor: { role: "admin", user_id: null } }, { machine_id });
}

async function refuseKnown(tx: Tx, url: string, { marker_uuid }: MetEngine): Promise<void> {
  const known = await tx.machines.findFirst({ where: { OR: [{ marker_uuid }, { url }] } });
  if (!known) return;
  const { machine_id, name } = known;
  throw new DomainError("CONFLICT", `This engine is machine ${name} already.`, { machine_id, name });
}

async function chooseId(tx: Tx, input: AddMachineInput, { info }: MetEngine): Promise<string> {
  const isTaken = async (machine_id: string) => (await tx.machines.count({ where: { machine_id } })) > 0;
  if (input.machine_id === undefined) return firstFree(MachineId.parse(info.engine_id), isTaken);
  if (await isTaken(input.machine_id)) {
    throw new DomainError("CONFLICT", `Another machine has the id ${input.machine_id}.`);
  }
  return input.machine_id;
}

async function chooseName(tx: Tx, input: AddMachineInput, { info }: MetEngine): Promise<string> {
  const isTaken = async (name: string) => (await tx.machines.count({ where: { name } })) > 0;
  const hostName = MachineName.safeParse(info.name);
  if (input.name === undefined) return firstFree(hostName.success ? hostName.data : "machine", isTaken);
  if (await isTaken(input.name)) throw new DomainError("CONFLICT", `Another machine is called ${input.name}.`);
  return input.name;
}

/** `wanted`, or with `-2`, `-3`… where that is taken. */
async function firstFree(wanted: string, isTaken: (value: string) => Promise<boolean>): Promise<string> {
  for (let number = 1; ; number += 1) {
    const value = number === 1 ? wanted : `${wanted.slice(0, 58)}-${number}`;
    if (!(await isTaken(value))) return value;
  }
}
