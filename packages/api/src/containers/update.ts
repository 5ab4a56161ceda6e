import type { Tx } from "@berth/db/client.ts";
import { giveUpPlace } from "@berth/db/placement/give-up-place.ts";
import { isInLine } from "@berth/db/placement/line.ts";
import { reclaimPorts } from "@berth/db/placement/reclaim-ports.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Container, ContainerSpec, RecreateConsent, UpdateContainerInput } from "@berth/spec/container.ts";
import { DomainError, invalidField } from "@berth/spec/error-code.ts";
import { fixedAtCreate } from "@berth/spec/fixed-at-create.ts";
import { mergeSpec } from "@berth/spec/merge-spec.ts";
import type { Actor, AuthedContext } from "../context.ts";
import { noSuchImage } from "../images/get.ts";
import { noSuchMachine } from "../machines/get.ts";
import { KEPT_ON, refuseElsewhere } from "../images/kept-on.ts";
import { VISIBLE, visibilityOf } from "../images/visibility.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { checkQuota, gpusAsked } from "../users/quota.ts";
import { changeContainer } from "./change.ts";
import { claimAll, claimForStart, claimPorts } from "./claim.ts";
import { consentTo } from "./consent.ts";
import { findMounted } from "./find-mounted.ts";
import { holdStoragesOf } from "./hold-storages.ts";
import { dropUncommitted } from "./drop-uncommitted.ts";
import type { LockedContainer } from "./lock.ts";

const GPU_FIELDS = ["gpu_count", "gpu_type", "gpu_uuids"] satisfies (keyof ContainerSpec)[];

/**
 * Changes what is wanted. What an engine fixes at create needs the owner's word in `recreate`: without it the answer is
 * CONFLICT with `details.fields`, and nothing is changed.
 */
export async function updateContainer(ctx: AuthedContext, input: UpdateContainerInput): Promise<Container> {
  const { container_id, name, display_name, on_loss, on_drain, recreate } = input;
  const mounted = recreate === "preserve" ? await findMounted(ctx, container_id) : null;
  try {
    return await changeContainer(ctx, container_id, { action: "update" }, async (container, { tx, sql }) => {
      const machine_id = await machineFor(sql, container, input);
      const desired = input.desired ?? container.desired;
      const starts = desired === "running" && container.desired !== "running";
      const spec = mergeSpec(container.spec, input);
      const image_id = (await holdOtherImage(sql, ctx.actor, container, input)) ?? undefined;
      const changed = fixedAtCreate(container.spec, spec);
      const createOnly = image_id === undefined ? changed : ["image_id", ...changed];
      const consent =
        createOnly.length > 0 &&
        (await columnsOfRecreate(tx, container, { image_id, recreate, mounted, fields: createOnly }));
      if (image_id !== undefined) await dropUncommitted(sql, container);
      if (createOnly.includes("mounts")) await holdStoragesOf(sql, { ...container, spec });
      const limitsCpus = spec.cpus !== null && spec.cpus !== container.spec.cpus;
      const wantsOther = machine_id !== container.machine_id || GPU_FIELDS.some((field) => createOnly.includes(field));
      const wishes = { fields: createOnly, starts, limitsCpus, wantsOther };
      await claimAnew(sql, { ...container, machine_id, spec, desired }, wishes);
      await tx.containers.update({
        where: { container_id },
        data: {
          ...(name !== undefined && { name }),
          ...(display_name !== undefined && { display_name }),
          ...(on_loss !== undefined && { on_loss }),
          ...(on_drain !== undefined && { on_drain }),
          machine_id,
          desired,
          ...(starts && { run: { increment: 1 } }),
          spec,
          ...consent,
        },
      });
      const fields = Object.keys(input).filter((field) => field !== "container_id" && field !== "recreate");
      return { fields, ...(recreate && { recreate }) };
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError("CONFLICT", `You have a container ${name} already.`);
    throw error;
  }
}

async function columnsOfRecreate(
  tx: Tx,
  container: LockedContainer,
  {
    image_id,
    recreate,
    mounted,
    fields,
  }: {
    image_id: number | undefined;
    recreate: RecreateConsent | undefined;
    mounted: string[] | null;
    fields: string[];
  },
) {
  if (recreate === undefined) {
    throw new DomainError(
      "CONFLICT",
      `To change ${fields.join(", ")} the container must be made anew. Say recreate: preserve to keep what is inside, or recreate: discard.`,
      { fields },
    );
  }
  if (image_id === undefined) return consentTo(tx, container, recreate, mounted);
  if (recreate === "preserve") {
    throw invalidField("recreate", "What is inside can't be preserved on another image: say discard.");
  }
  return { ...(await consentTo(tx, container, recreate, mounted)), image_id };
}

/** The image that is asked for, where it is another one: locked, so that it is not removed before the container needs it. */
async function holdOtherImage(
  sql: Sql,
  actor: Actor,
  container: LockedContainer,
  { image, image_id }: UpdateContainerInput,
): Promise<number | null> {
  if (image === undefined && (image_id === undefined || image_id === container.image_id)) return null;
  const [found] = await sql<{ image_id: number; name: string; phase: string; kept_on: string | null }>(
    `SELECT i.image_id, i.name, s.phase, ${KEPT_ON} AS kept_on FROM images i JOIN image_status s USING (image_id)
     WHERE ${VISIBLE} AND i.desired = 'present' AND (i.image_id = $3 OR i.name = $4) FOR SHARE OF i`,
    [...visibilityOf(actor), image_id ?? null, image ?? null],
  );
  if (!found) throw noSuchImage(image ?? image_id ?? "");
  if (found.image_id === container.image_id) return null;
  if (found.phase !== "Ready")
    throw new DomainError(
      "CONFLICT",
      `The image ${found.name} is ${found.phase}: only one that is Ready can be taken.`,
    );
  refuseElsewhere(found, (await findPlacement(sql, container))?.machine_id ?? container.machine_id);
  return found.image_id;
}

async function claimAnew(
  sql: Sql,
  container: LockedContainer,
  {
    fields,
    starts,
    limitsCpus,
    wantsOther,
  }: { fields: string[]; starts: boolean; limitsCpus: boolean; wantsOther: boolean },
): Promise<void> {
  const { container_id } = container;
  const waits = await isInLine(sql, container_id);
  const wantsGpusNow = starts || (wantsOther && container.desired === "running");
  if (wantsGpusNow) await checkQuota(sql, { ...container, gpus: gpusAsked(container.spec) });
  if (waits && (container.desired !== "running" || wantsOther)) await giveUpPlace(sql, container_id);
  // Who waits for GPUs and asks for others goes to the end of the line, where they are not free.
  if (wantsGpusNow && wantsOther) await claimAll(sql, container, waits ? "wait" : "fail");
  else if (starts) await claimForStart(sql, container, "fail");
  else if (!(await findPlacement(sql, container))) return;
  // One that does not run gets its other GPUs at its next start, and keeps none of the old ones for it.
  else if (wantsOther) await claimPorts(sql, container);
  else if (fields.includes("ports") || limitsCpus) await reclaimPorts(sql, { ...container.spec, container_id });
}

/** Where it is to be placed from now on. CONFLICT for one that is on another machine: only a move gets it away from there. */
async function machineFor(
  sql: Sql,
  container: LockedContainer,
  { machine_id }: UpdateContainerInput,
): Promise<string | null> {
  const placement = await findPlacement(sql, container);
  if (machine_id === undefined || machine_id === (placement?.machine_id ?? container.machine_id)) {
    return container.machine_id;
  }
  if (placement) {
    const message = `${container.name} is on ${placement.machine_id}: move it to have it elsewhere.`;
    throw new DomainError("CONFLICT", message, { fields: ["machine_id"] });
  }
  if (machine_id === null) return null;
  const known = await sql("SELECT 1 FROM machines WHERE machine_id = $1 FOR KEY SHARE", [machine_id]);
  if (known.length === 0) throw noSuchMachine(machine_id);
  return machine_id;
}

/** One that has waited for GPUs from the start may be on no machine yet. */
async function findPlacement(sql: Sql, { container_id }: LockedContainer): Promise<{ machine_id: string } | undefined> {
  const [placement] = await sql<{ machine_id: string }>("SELECT machine_id FROM placements WHERE container_id = $1", [
    container_id,
  ]);
  return placement;
}
