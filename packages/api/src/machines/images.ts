import { EngineError, type ListedImage } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { MachineImage } from "@berth/spec/machine.ts";
import type { AuthedContext } from "../context.ts";

/** An engine with more has been used by others for years; the largest are told. */
const IMAGES_AT_MOST = 2_000;

/** What is on a machine, largest first, as its engine says now. UNAVAILABLE where that does not answer. */
export async function listMachineImages(
  ctx: AuthedContext,
  { machine_id }: { machine_id: string },
): Promise<MachineImage[]> {
  const listed = await list(ctx, machine_id);
  const rows = await ctx.sql<{ reference: string; image_id: number; name: string }>(
    `SELECT p.reference, i.image_id, i.name FROM machine_images p JOIN images i USING (image_id)
     WHERE p.machine_id = $1 AND p.state = 'present'`,
    [machine_id],
  );
  const known = new Map(rows.map((row) => [row.reference, row]));
  return listed
    .toSorted((a, b) => b.size_bytes - a.size_bytes)
    .slice(0, IMAGES_AT_MOST)
    .map(({ id, tags, digests, size_bytes, created_at_s, labels }) => {
      const row = [...tags, ...digests].map((reference) => known.get(reference)).find((found) => found !== undefined);
      return {
        engine_image_id: id,
        tags,
        digests,
        size: size_bytes,
        created_at: new Date(created_at_s * 1_000).toISOString(),
        image_id: row?.image_id ?? null,
        name: row?.name ?? null,
        foreign: row === undefined && labels[LABEL.system] === undefined,
      };
    });
}

async function list({ engines }: AuthedContext, machineId: string): Promise<ListedImage[]> {
  const engine = await engines.engineOf(machineId);
  try {
    return await engine.listImages();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new DomainError("UNAVAILABLE", `The machine does not answer: ${error.message}`);
  }
}
