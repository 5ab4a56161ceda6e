import type { Sql } from "@berth/db/sql.ts";
import { BusyDetails, type GpuHolder } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { z } from "zod";
import type { Actor } from "../context.ts";
import { ACCESSIBLE, accessOf } from "./access.ts";
import type { Claimant } from "./claim.ts";

const Busy = BusyDetails.pick({ gpu_uuids: true }).extend({ machine_ids: z.array(z.string()).optional() });
const MOST = 64;

/** The refusal of a claim whose GPUs are not free, with who has them; any other failure as it is. */
export async function tellHolders(
  sql: Sql,
  actor: Actor,
  { container_id, spec }: Claimant,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof DomainError && error.code === "CONFLICT")) return error;
  const { gpu_uuids, machine_ids } = Busy.safeParse(error.details ?? {}).data ?? {};
  if (gpu_uuids === undefined && machine_ids === undefined) return error;
  const holders = await sql<GpuHolder>(
    `SELECT a.gpu_uuid, (gpu->>'index')::int AS index, gpu->>'type' AS type, u.account,
            CASE WHEN ${ACCESSIBLE} THEN c.name END AS name
     FROM gpu_allocations a
     JOIN containers c USING (container_id)
     JOIN users u USING (user_id)
     JOIN machine_status s ON s.machine_id = a.machine_id
     JOIN LATERAL jsonb_array_elements(s.gpus) gpu ON gpu->>'uuid' = a.gpu_uuid
     WHERE a.container_id <> $3 AND ($4::text[] IS NULL OR a.gpu_uuid = ANY ($4::text[]))
       AND ($5::text[] IS NULL OR a.machine_id = ANY ($5::text[])) AND ($6::text IS NULL OR gpu->>'type' = $6)
     ORDER BY a.machine_id, index, u.account LIMIT ${MOST}`,
    [...accessOf(actor), container_id, gpu_uuids ?? null, machine_ids ?? null, gpu_uuids ? null : spec.gpu_type],
  );
  return new DomainError(error.code, error.message, { ...error.details, holders });
}
