import { isIPv6 } from "node:net";
import type { Tx } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { AddMachineInput } from "@berth/spec/machine.ts";
import { recordAudit } from "../../audit.ts";
import type { ApiServices, Person } from "../../context.ts";
import { transact } from "../../transact.ts";
import { insertMachine, lockMachines } from "../add.ts";
import { type MachineFacts, readFacts } from "../facts.ts";
import { type MetEngine, meetEngine } from "../meet-engine.ts";
import { sealTls } from "../seal-tls.ts";
import { authorityOf, issueEngineTls } from "./authority.ts";
import { findToken } from "./find-token.ts";
import { type JoinReport, readReport } from "./read-report.ts";

type Services = Pick<ApiServices, "db" | "sql" | "box" | "connectEngine">;

export interface Joined {
  machine_id: string;
  name: string;
}

/**
 * Goes to the engine that has just been made to listen, over mutual TLS, and records it as a machine: then the token is
 * used up, and only the same engine is answered by it again. An engine that is a machine already stays that machine, at
 * the address where it was met now. UNPROCESSABLE where it can't be reached, CONFLICT where another engine answers there;
 * the token stays good then. Else throws as `findOpenToken` does.
 */
export async function joinMachine(
  services: Services,
  token: string,
  { text, address }: { /** As {@link readReport} takes it. */ text: string; address: string | null },
): Promise<Joined> {
  await findToken(services.sql, token);
  const report = readReport(text);
  const url = `tcp://${isIPv6(report.address) ? `[${report.address}]` : report.address}:${report.port}`;
  const input = AddMachineInput.parse({ url, tls: await issueEngineTls(await authorityOf(services)) });
  const met = await meetEngine(services, { url, tls: input.tls ?? null, allow_insecure: false, ssh_host_key: null });
  if (met.info.engine_id !== report.engine_id) {
    const message = `Another Docker engine answers at ${url}: give the address by which Berth reaches this server, with --address.`;
    throw new DomainError("CONFLICT", message);
  }
  return transact(services.db, async (tx) => {
    // Two reports of one token, or of one engine, come one after the other.
    await lockMachines(tx);
    const known = await findToken(prismaSql(tx), token, "FOR UPDATE OF t");
    const machine = await tx.machines.findUnique({ where: { marker_uuid: met.marker_uuid } });
    if (known.state === "used") {
      if (machine?.machine_id === known.machine_id && machine) return pick(machine);
      throw new DomainError("GONE", "This join token has been used by another server: make another one in Berth.");
    }
    const actor: Pick<Person, "user_id" | "account"> = known;
    const joined = machine
      ? await moveMachine(tx, { ...services, actor, address }, machine, input)
      : await insertMachine(tx, { ...services, actor, address }, input, met, factsOf(met, report));
    const { machine_id } = joined;
    await tx.join_tokens.update({
      where: { join_token_id: known.join_token_id },
      data: { used_at: new Date(), machine_id },
    });
    return pick(joined);
  });
}

const pick = ({ machine_id, name }: Joined): Joined => ({ machine_id, name });

/** What it has now to be reached by; whatever else an admin said of it stays. */
async function moveMachine(
  tx: Tx,
  ctx: Pick<ApiServices, "box"> & { actor: Pick<Person, "user_id" | "account">; address: string | null },
  { machine_id, name }: Joined,
  { url, tls }: AddMachineInput,
): Promise<Joined> {
  const other = await tx.machines.findFirst({ where: { url, NOT: { machine_id } } });
  if (other) {
    throw new DomainError(
      "CONFLICT",
      `Machine ${other.name} has the address ${url} already: change it in Berth first.`,
    );
  }
  await tx.machines.update({
    where: { machine_id },
    data: { url, tls: sealTls(ctx.box, tls), allow_insecure: false, ssh_host_key: null },
  });
  await recordAudit(tx, ctx, { action: "join again", noun: "machine", object_id: machine_id, details: { name, url } });
  return { machine_id, name };
}

/** What the engine says itself is believed before what the script found; nobody else knows of GPUs yet. */
function factsOf({ info }: MetEngine, { gpus, cpus, disk, memory }: JoinReport): MachineFacts {
  const facts = readFacts(info);
  if (facts.simulated) return facts;
  const free = memory && memory.free !== null ? Math.min(memory.free, facts.memory.total) : null;
  return { ...facts, gpus, cpus, disk, memory: { ...facts.memory, free } };
}
