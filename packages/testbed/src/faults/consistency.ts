import type { Pool } from "@berth/db/pool.ts";
import { engineNameOf } from "@berth/spec/engine-names.ts";
import { expect, vi } from "vitest";
import { actionsSince, type AtEngine, listOurs } from "./on-engine.ts";

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
  /** Set aside here, or left behind where it was before a move. */
  held: { engine_id: string; machine: string }[];
  /** Of conditions that are told. */
  told: string[];
}

/** Generous: a test's machine may be busy with others. */
const PATIENCE_MS = 30_000;

/**
 * What must come true once a stage is left alone: on the engines exactly what the database says, each container once and
 * in the state asked for; and of ports and GPUs exactly what is placed. Waited for, as rows alone can't tell that all is at
 * rest: what an engine's restart or a hand did is in no row until a reconciler has looked.
 */
export async function expectConsistent(stage: Compared, timeoutMs = PATIENCE_MS): Promise<void> {
  const look = async (): Promise<void> => expect(await findInconsistencies(stage)).toEqual([]);
  await vi.waitFor(look, { timeout: timeoutMs, interval: 50 });
}

/** Each container was created by one call, since `since` (by the engine's clock), whatever befell whoever made it. */
export async function expectMadeOnce(
  engine: AtEngine,
  since: number,
  containers: readonly { uid: string; name: string }[],
): Promise<void> {
  const made = await Promise.all(
    containers.map(async ({ uid, name }) => {
      const actions = await actionsSince(engine, since, { uid });
      return [name, actions.filter((action) => action === "create").length];
    }),
  );
  expect(made).toEqual(containers.map(({ name }) => [name, 1]));
}

/** In words: what is on the engines, or claimed, that should not be, or is not and should. */
export async function findInconsistencies(stage: Compared): Promise<string[]> {
  const { rows } = await stage.pool.query<Row>(
    `SELECT c.uid, c.name, c.desired, m.name AS machine, s.engine_id,
       ARRAY(SELECT jsonb_build_object('engine_id', h.engine_id, 'machine', at.name)
             FROM held_containers h JOIN machines at USING (machine_id) WHERE h.container_id = c.container_id) AS held,
       ARRAY(SELECT told->>'type' FROM jsonb_array_elements(s.conditions) told) AS told
     FROM containers c JOIN container_status s USING (container_id) JOIN placements p USING (container_id)
       JOIN machines m ON m.machine_id = p.machine_id`,
  );
  const found: string[] = [];
  for (const { engine } of stage.machines) {
    const seen = new Map((await listOurs(engine)).map((container) => [container.id, container]));
    for (const row of rows) {
      for (const { engine_id } of row.held.filter(({ machine }) => machine === engine.name)) {
        const held = seen.get(engine_id);
        if (!held || held.uid !== row.uid || !/-old-\d+$/.test(held.name) || !DOWN.has(held.state)) {
          found.push(`${engine.name}: ${engine_id}, set aside for ${row.name}, is ${JSON.stringify(held)}`);
        }
        seen.delete(engine_id);
      }
      if (row.machine !== engine.name) continue;
      const current = seen.get(row.engine_id ?? "");
      seen.delete(row.engine_id ?? "");
      // A loss stays told for a while after the container was made anew.
      if (!current && mayBeAbsent(row)) continue;
      const isInState = row.desired === "running" ? current?.state === "running" : DOWN.has(current?.state ?? "");
      if (!isInState || current?.uid !== row.uid || current.name !== engineNameOf(row.name, row.uid)) {
        found.push(`${engine.name}: ${row.name}, to be ${row.desired}, is ${JSON.stringify(current)}`);
      }
    }
    for (const other of seen.values()) found.push(`${engine.name}: nothing wants ${JSON.stringify(other)}`);
  }
  return [...found, ...(await findWrongClaims(stage))];
}

/** Also one that was never started, as where a reconciler was killed in between and its owner changed it again. */
const DOWN = new Set(["exited", "created"]);

/** Not made, as it should not run; or taken away by hand, and told to be lost. */
const mayBeAbsent = ({ desired, engine_id, told }: Row): boolean =>
  told.includes("ImageLost") || (desired === "stopped" && (engine_id === null || told.includes("DataLost")));

/** No port and no GPU is held that no placement has, nor the other way round; and GPUs are held by what runs, not by what is down. */
async function findWrongClaims({ pool }: Compared): Promise<string[]> {
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
  const { rows: unheld } = await pool.query(
    `SELECT p.machine_id, gpu_uuid, p.container_id
     FROM placements p JOIN container_status s USING (container_id), unnest(p.gpu_uuids) gpu_uuid WHERE s.phase = 'Running'
     EXCEPT SELECT machine_id, gpu_uuid, container_id FROM gpu_allocations`,
  );
  const { rows: idle } = await pool.query(
    `SELECT g.machine_id, g.gpu_uuid, g.container_id
     FROM gpu_allocations g JOIN containers c USING (container_id) JOIN container_status s USING (container_id)
     WHERE s.phase IN ('Stopped', 'Completed') AND s.observed_generation = c.generation`,
  );
  const tell = (what: string, claims: object[]): string[] => claims.map((claim) => `${what}: ${JSON.stringify(claim)}`);
  return [
    ...tell("a port is held that is not placed", ports),
    ...tell("a placed port is not held", unclaimed),
    ...tell("a GPU is held that is not placed", gpus),
    ...tell("a GPU that a container runs with is not held", unheld),
    ...tell("a GPU is held by a container that is down", idle),
  ];
}
