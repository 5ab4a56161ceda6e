import { ACCESSIBLE, accessOf } from "@berth/api/containers/access.ts";
import { noSuchContainer } from "@berth/api/containers/get.ts";
import type { Actor, ApiServices } from "@berth/api/context.ts";

/** Which engine container a container is now. */
export interface Place {
  name: string;
  /** Null before it is made. */
  engine_id: string | null;
  machine_id: string | null;
  running: boolean;
  /** Of its status: another one whenever anything of it has changed. */
  version: number;
}

/** NOT_FOUND where this actor may not see the container, or not any more. */
export async function findPlace(
  { services, actor }: { services: Pick<ApiServices, "sql">; actor: Actor },
  container_id: number,
): Promise<Place> {
  const [place] = await services.sql<Place>(
    `SELECT c.name, CASE WHEN p.machine_id IS NOT NULL THEN s.engine_id END AS engine_id, p.machine_id,
            COALESCE(s.running, false) AS running, COALESCE(s.version, 0) AS version
     FROM containers c LEFT JOIN container_status s USING (container_id) LEFT JOIN placements p USING (container_id)
     WHERE ${ACCESSIBLE} AND c.container_id = $3`,
    [...accessOf(actor), container_id],
  );
  if (!place) throw noSuchContainer(container_id);
  return place;
}
