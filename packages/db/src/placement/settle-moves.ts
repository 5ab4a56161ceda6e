import type { ContainerSpec } from "@berth/spec/container.ts";
import { recordEvent } from "../object-events/record.ts";
import type { Sql } from "../sql.ts";
import { advanceLine } from "./advance-line.ts";
import { describeAsk, type Placement } from "./claim.ts";
import { joinLine } from "./line.ts";
import { lockPlacement } from "./lock.ts";

/** How long the container that it was stays on the machine that it has left. */
const HOLD = "24 hours";

interface Move {
  container_id: number;
  uid: string;
  desired: "running" | "stopped" | "removed";
  machine_name: string;
  from_machine_id: string;
  phase: string;
  /** Its image is Ready, and it was seen to be down since the move was asked for. */
  hasArrived: boolean;
  /** What it takes along can't be had any more. */
  hasFailed: boolean;
}

/**
 * Brings moves to their end, each in one step: where what a container takes along has arrived and it was seen to be down,
 * it is on its new machine from now on, and what it was is set aside on the old one; where that can't be had, it stays
 * where it is, and gives back what it held there. In the caller's transaction; returns the uids of those that it ended.
 */
export async function settleMoves(sql: Sql): Promise<string[]> {
  const moves = await sql<Move>(
    `SELECT c.container_id, c.uid, c.desired, t.name AS machine_name, p.machine_id AS from_machine_id, i.phase,
            i.phase = 'Ready' AND NOT s.running AND s.observed_generation >= c.generation AS "hasArrived",
            (i.phase IN ('Failed', 'Deleted', 'Deleting') OR o.desired = 'absent' OR c.desired = 'removed') AS "hasFailed"
     FROM moves m JOIN containers c USING (container_id) JOIN container_status s USING (container_id)
       JOIN placements p USING (container_id) JOIN machines t ON t.machine_id = m.to_machine_id
       JOIN images o ON o.image_id = m.image_id JOIN image_status i ON i.image_id = m.image_id
     -- An image that is being deleted at this moment is looked at when that is decided.
     ORDER BY m.asked_at FOR UPDATE OF c SKIP LOCKED FOR SHARE OF o SKIP LOCKED`,
  );
  const ended = moves.filter(({ hasArrived, hasFailed }) => hasArrived || hasFailed);
  if (ended.length === 0) return [];
  await lockPlacement(sql);
  for (const move of ended) await (move.hasFailed ? giveUp(sql, move) : arrive(sql, move));
  await advanceLine(sql);
  return ended.map(({ uid }) => uid);
}

async function arrive(sql: Sql, { container_id, uid, desired, from_machine_id, machine_name }: Move): Promise<void> {
  await sql(
    `INSERT INTO held_containers (engine_id, container_id, machine_id, generation, image_id, held_until, spec,
                                  incarnation, gpu_uuids, ports)
     SELECT s.engine_id, c.container_id, p.machine_id, c.generation, COALESCE(s.image_id, c.image_id),
            clock_timestamp() + $2::interval, made->'spec', COALESCE((made->>'incarnation')::int, 0), p.gpu_uuids, p.ports
     FROM containers c JOIN container_status s USING (container_id) JOIN placements p USING (container_id)
       CROSS JOIN LATERAL (SELECT NULLIF(s.applied->'made_from', 'null'::jsonb) AS made) applied
     WHERE c.container_id = $1 AND s.engine_id IS NOT NULL
     ON CONFLICT (engine_id) DO NOTHING`,
    [container_id, HOLD],
  );
  await giveBack(sql, container_id, from_machine_id);
  // One that is not to run keeps its ports there, and claims GPUs at its start.
  if (desired !== "running") await sql("DELETE FROM gpu_allocations WHERE container_id = $1", [container_id]);
  await sql(
    `UPDATE container_status SET engine_id = NULL, image_id = NULL, create_open = true, applied = NULL, phase = 'Pending',
            message = '', exit_code = NULL, next_retry_at = NULL, conditions = '[]', version = version + 1,
            updated_at = clock_timestamp()
     WHERE container_id = $1`,
    [container_id],
  );
  await sql(
    `UPDATE containers c SET image_id = m.image_id, spec = m.spec, recreate = NULL, restore_engine_id = NULL,
            machine_id = CASE WHEN c.machine_id IS NULL THEN NULL ELSE m.to_machine_id END,
            run = CASE WHEN c.desired = 'running' THEN c.run + 1 ELSE c.run END, move_number = c.move_number + 1
     FROM moves m WHERE c.container_id = $1 AND m.container_id = c.container_id`,
    [container_id],
  );
  await sql(
    `UPDATE placements p SET machine_id = m.to_machine_id, gpu_uuids = m.gpu_uuids, ports = m.ports
     FROM moves m WHERE p.container_id = $1 AND m.container_id = p.container_id`,
    [container_id],
  );
  await sql("DELETE FROM moves WHERE container_id = $1", [container_id]);
  await tell(
    sql,
    uid,
    "normal",
    "Moved",
    `It is on ${machine_name} now. What it was is kept where it was for ${HOLD}.`,
  );
}

async function giveUp(sql: Sql, { container_id, uid, desired, machine_name }: Move): Promise<void> {
  if (desired !== "removed") {
    await tell(
      sql,
      uid,
      "warning",
      "MoveGivenUp",
      `It stays where it is: what it should have taken to ${machine_name} can't be had. Its image says more.`,
    );
  }
  await abandonMove(sql, container_id);
}

/**
 * It stays where it is, and runs there again where it should: one that held no GPUs there stands in line for them. Under the
 * placement lock; `advanceLine` comes after.
 */
export async function abandonMove(sql: Sql, containerId: number): Promise<void> {
  const [move] = await sql<{ to_machine_id: string }>(
    "DELETE FROM moves WHERE container_id = $1 RETURNING to_machine_id",
    [containerId],
  );
  if (!move) return;
  await giveBack(sql, containerId, move.to_machine_id);
  await sql(
    `UPDATE containers SET move_number = move_number + 1, run = CASE WHEN desired = 'running' THEN run + 1 ELSE run END
     WHERE container_id = $1`,
    [containerId],
  );
  await waitForGpus(sql, containerId);
}

interface Stayed extends Pick<Placement, "machine_id" | "gpu_uuids"> {
  uid: string;
  spec: Pick<ContainerSpec, "gpu_count" | "gpu_type" | "gpu_uuids">;
  held: number;
}

/** As one that is started, and is to wait where its GPUs are not free. */
async function waitForGpus(sql: Sql, containerId: number): Promise<void> {
  const [stayed] = await sql<Stayed>(
    `SELECT c.uid, c.spec, p.machine_id, p.gpu_uuids,
            (SELECT count(*)::int FROM gpu_allocations a
             WHERE a.container_id = c.container_id AND a.machine_id = p.machine_id AND a.gpu_uuid = ANY (p.gpu_uuids)) AS held
     FROM containers c JOIN placements p USING (container_id) WHERE c.container_id = $1 AND c.desired = 'running'`,
    [containerId],
  );
  if (!stayed) return;
  const { uid, spec, machine_id, gpu_uuids: remembered, held } = stayed;
  const gpu_count = spec.gpu_uuids?.length ?? spec.gpu_count;
  if (held >= gpu_count) return;
  const gpus =
    remembered.length === gpu_count
      ? { gpu_count, gpu_type: null, gpu_uuids: remembered }
      : { gpu_count, gpu_type: spec.gpu_type, gpu_uuids: spec.gpu_uuids };
  await joinLine(sql, { container_id: containerId, machine_id, machine_ids: null, ...gpus });
  await tell(sql, uid, "normal", "InLine", `It waits in line for ${describeAsk(gpus)}.`);
}

async function giveBack(sql: Sql, containerId: number, machineId: string): Promise<void> {
  for (const table of ["gpu_allocations", "port_allocations"]) {
    await sql(`DELETE FROM ${table} WHERE container_id = $1 AND machine_id = $2`, [containerId, machineId]);
  }
}

const tell = (sql: Sql, uid: string, kind: "normal" | "warning", reason: string, message: string): Promise<void> =>
  recordEvent(sql, { noun: "container", id: uid, kind, reason, message });
