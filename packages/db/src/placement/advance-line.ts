import type { ContainerPort } from "@berth/spec/create-params.ts";
import { recordEvent } from "../object-events/record.ts";
import type { Sql } from "../sql.ts";
import { describeAsk, firstWithPorts, type Placement, writePlacement } from "./claim.ts";
import { choose, freeGpus, isCapable, isUsable, mayServe, type Promised, promise } from "./fit.ts";
import { type GpuAsk, type LedgerMachine, loadLedger } from "./ledger.ts";
import { leaveLine, type LineHead, loadLineHeads } from "./line.ts";
import { lockPlacement } from "./lock.ts";

/**
 * Gives those who wait what is free, first come first served, in the caller's transaction: whoever gets nothing keeps back
 * everything that it could use from all behind it, so that a big request is never starved by small ones. One whose machines
 * are all cordoned or away keeps its number and nothing else. To be called whenever something may have become free, and
 * from time to time. Returns how many had their turn.
 */
export async function advanceLine(sql: Sql): Promise<number> {
  const [line] = await sql<{ waits: boolean }>("SELECT EXISTS (SELECT 1 FROM waiting_line) AS waits");
  if (!line?.waits) return 0;
  await lockPlacement(sql);
  let served = 0;
  // Whoever stands behind one that was served in its group is its head in the next pass.
  for (let turns = await serveHeads(sql); turns > 0; turns = await serveHeads(sql)) served += turns;
  return served;
}

/** Returns how many had their turn. In the last pass nobody has, and those who wait are told why. */
async function serveHeads(sql: Sql): Promise<number> {
  const machines = await loadLedger(sql, null);
  const promised = new Map<string, Set<string>>();
  const waiting: { head: LineHead; reason: string }[] = [];
  let served = 0;
  for (const head of await loadLineHeads(sql)) {
    const reason = await serve(sql, machines, head, promised);
    if (reason === null) served += 1;
    else waiting.push({ head, reason });
    // Of one that was served too: the next of its group may come before the head that is next here.
    promise(promised, machines, head);
  }
  if (served === 0) for (const { head, reason } of waiting) await noteReason(sql, head, reason);
  return served;
}

interface Waiter {
  uid: string;
  account: string;
  ports: ContainerPort[];
  before: Placement | null;
}

/** Null where it has its GPUs; otherwise why it goes on waiting. */
async function serve(
  sql: Sql,
  machines: readonly LedgerMachine[],
  head: LineHead,
  promised: Promised,
): Promise<string | null> {
  const choices = choose(machines, head, promised, head.remembered);
  if (choices.length === 0) return whyNot(machines, head, promised);
  const [waiter] = await sql<Waiter>(
    `SELECT c.uid, u.account, c.spec->'ports' AS ports, to_jsonb(p) AS before
     FROM containers c JOIN users u USING (user_id) LEFT JOIN placements p USING (container_id) WHERE c.container_id = $1
     FOR UPDATE OF c SKIP LOCKED`,
    [head.container_id],
  );
  // A verb that changes it holds its row, and comes for the placement lock next: to wait for it here would be a deadlock.
  if (!waiter) {
    await sql("SELECT pg_notify('berth_line', '')::text");
    return head.reason;
  }
  const { container_id } = head;
  const found = await firstWithPorts(sql, choices, { container_id, ports: waiter.ports }, waiter.before?.ports ?? []);
  if (!found) return "Every port of the machines that it could run on is taken: ask an admin to widen the port range.";
  const { machine, gpu_uuids, ports } = found;
  await writePlacement(sql, container_id, { machine_id: machine.machine_id, gpu_uuids, ports }, gpu_uuids);
  takeFrom(machine, head, gpu_uuids);
  await leaveLine(sql, container_id);
  // The start that its owner asked for. A new generation also tells whoever looks at what it was before.
  await sql("UPDATE containers SET run = run + 1 WHERE container_id = $1", [container_id]);
  await recordEvent(sql, {
    noun: "container",
    id: waiter.uid,
    kind: "normal",
    reason: "TurnCame",
    message: `Its turn in the line came: ${describeAsk(head)} on ${machine.name}.`,
  });
  return null;
}

/** As the ledger would be if it were loaded again. */
function takeFrom(machine: LedgerMachine, { container_id, isPlaced }: LineHead, gpu_uuids: readonly string[]): void {
  for (const uuid of gpu_uuids) machine.holders.set(uuid, [...(machine.holders.get(uuid) ?? []), container_id]);
  if (!isPlaced) machine.containers += 1;
}

/** A sentence stays readable. */
const NAMED = 3;

/** One sentence for whoever waits. */
function whyNot(machines: readonly LedgerMachine[], ask: GpuAsk, promised: Promised): string {
  const usable = machines.filter((machine) => isUsable(machine, ask));
  if (usable.length > 0) {
    const most = Math.max(...usable.map((machine) => freeGpus(machine, ask, promised).length));
    const where = usable.length === 1 ? `on ${usable[0]!.name}` : "on one machine";
    return `It needs ${describeAsk(ask)} ${where}; ${most === 0 ? "none is free now" : `${most} of them can be had now`}.`;
  }
  const capable = machines.filter(
    (machine) =>
      machine.state !== "decommissioned" &&
      machine.runs_containers &&
      isCapable(machine, ask) &&
      mayServe(machine, ask),
  );
  if (capable.length === 0) return `No machine has ${describeAsk(ask)} any more: ask for something else.`;
  const names = capable.slice(0, NAMED).map(({ name, state, online }) => `${name} (${online ? state : "offline"})`);
  const more = capable.length > NAMED ? ` and ${capable.length - NAMED} more` : "";
  return `It waits for ${names.join(", ")}${more}, and keeps nobody back meanwhile.`;
}

async function noteReason(sql: Sql, { container_id, reason: before }: LineHead, reason: string): Promise<void> {
  if (reason === before) return;
  await sql("UPDATE waiting_line SET reason = $2 WHERE container_id = $1", [container_id, reason.slice(0, 500)]);
}
