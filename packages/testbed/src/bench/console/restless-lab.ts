import { announceChanges } from "@berth/db/changes/announce.ts";
import type { Sql } from "@berth/db/sql.ts";

const TURN_MS = 100;
const PHASES = ["Running", "Stopped", "BackOff"];

/** Writes status and tells of it as a reconciler does: so many containers a second, each time others, until `signal` ends it. */
export async function changeContainers(sql: Sql, perSecond: number, signal: AbortSignal): Promise<number> {
  const rows = await sql<{ container_id: number }>("SELECT container_id FROM containers ORDER BY container_id DESC");
  const ids = rows.map(({ container_id }) => container_id);
  const perTurn = Math.round((perSecond * TURN_MS) / 1_000);
  const beganAt = performance.now();
  let turn = 0;
  for (; !signal.aborted; turn += 1) {
    // 7,919 is a prime: every container has its turn, and neighbours do not have theirs together.
    const changed = Array.from({ length: perTurn }, (_, at) => ids[((turn * perTurn + at) * 7_919) % ids.length]!);
    await sql("UPDATE container_status SET phase = $2 WHERE container_id = ANY ($1::int[])", [
      changed,
      PHASES[turn % PHASES.length],
    ]);
    await announceChanges(
      sql,
      changed.map((id) => ({ noun: "container", id: String(id) })),
    );
    const restMs = beganAt + (turn + 1) * TURN_MS - performance.now();
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  return (turn * perTurn * 1_000) / (performance.now() - beganAt);
}
