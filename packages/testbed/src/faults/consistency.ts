import type { Pool } from "@berth/db/pool.ts";
import { engineNameOf } from "@berth/spec/engine-names.ts";
import { expect, vi } from "vitest";
import { type AtEngine, listOurs } from "./on-engine.ts";

/** A database and the machines that it is about. */
export interface Compared {
  pool: Pool;
  machines: readonly { engine: AtEngine }[];
}

interface Row {
  uid: string;
  name: string;
  desired: "running" | "stopped" | "removed";
  machine: string;
  engine_id: string | null;
  held: string[];
  /** Of conditions that are told. */
  told: string[];
}

/** Generous: a test's machine may be busy with others. */
const PATIENCE_MS = 30_000;

/** Also one that was never started, as where a reconciler was killed in between and its owner changed it again. */
const DOWN: unknown = expect.stringMatching(/^(exited|created)$/);

/**
 * What must come true once a stage is left alone: on the engines exactly what the database says, each container once and
 * in the state asked for; and of ports and GPUs exactly what is placed. Waited for, as rows alone can't tell that all is at
 * rest: what an engine's restart or a hand did is in no row until a reconciler has looked.
 */
export async function expectConsistent(stage: Compared, timeoutMs = PATIENCE_MS): Promise<void> {
  await vi.waitFor(() => expectConsistentNow(stage), { timeout: timeoutMs, interval: 50 });
}

async function expectConsistentNow(stage: Compared): Promise<void> {
  const { rows } = await stage.pool.query<Row>(
    `SELECT c.uid, c.name, c.desired, m.name AS machine, s.engine_id,
       ARRAY(SELECT h.engine_id FROM held_containers h WHERE h.container_id = c.container_id) AS held,
       ARRAY(SELECT told->>'type' FROM jsonb_array_elements(s.conditions) told) AS told
     FROM containers c JOIN container_status s USING (container_id) JOIN placements p USING (container_id)
       JOIN machines m ON m.machine_id = p.machine_id`,
  );
  for (const { engine } of stage.machines) {
    const seen = await listOurs(engine);
    const here = rows.filter(({ machine }) => machine === engine.name);
    const wanted = here.flatMap((row) => {
      const state = row.desired === "running" ? "running" : DOWN;
      const current = { uid: row.uid, id: row.engine_id, name: engineNameOf(row.name, row.uid), state };
      const held = row.held.map((id) => ({
        uid: row.uid,
        id,
        name: expect.stringMatching(/-old-\d+$/),
        state: DOWN,
      }));
      // A loss stays told for a while after the container was made anew.
      const isThere = seen.some(({ id }) => id === row.engine_id);
      return !isThere && mayBeAbsent(row) ? held : [current, ...held];
    });
    const byId = (a: { id: string | null }, b: { id: string | null }): number => (String(a.id) < String(b.id) ? -1 : 1);
    expect([...seen].sort(byId)).toEqual(wanted.sort(byId));
  }
  await expectClaimsMatch(stage);
}

/** Not made, as it should not run; or taken away by hand, and told to be lost. */
const mayBeAbsent = ({ desired, engine_id, told }: Row): boolean =>
  told.includes("ImageLost") || (desired === "stopped" && (engine_id === null || told.includes("DataLost")));

/** No port and no GPU is held that no placement has, nor the other way round. */
async function expectClaimsMatch({ pool }: Compared): Promise<void> {
  const { rows: ports } = await pool.query(
    `SELECT machine_id, protocol, host_port, container_id FROM port_allocations
     EXCEPT SELECT p.machine_id, port->>'protocol', (port->>'host_port')::int, p.container_id
            FROM placements p, jsonb_array_elements(p.ports) port`,
  );
  const { rows: unclaimed } = await pool.query(
    `SELECT p.machine_id, port->>'protocol', (port->>'host_port')::int, p.container_id
     FROM placements p, jsonb_array_elements(p.ports) port
     EXCEPT SELECT machine_id, protocol, host_port, container_id FROM port_allocations`,
  );
  const { rows: gpus } = await pool.query(
    `SELECT g.machine_id, g.gpu_uuid, g.container_id FROM gpu_allocations g
     EXCEPT SELECT p.machine_id, gpu_uuid, p.container_id FROM placements p, unnest(p.gpu_uuids) gpu_uuid`,
  );
  expect({ ports, unclaimed, gpus }).toEqual({ ports: [], unclaimed: [], gpus: [] });
}
