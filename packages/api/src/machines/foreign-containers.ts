import { type Engine, EngineError, type InspectedContainer, type ListedContainer } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { ForeignContainer, ForeignContainers, Gpu } from "@berth/spec/machine.ts";
import pLimit from "p-limit";
import type { AuthedContext } from "../context.ts";
import { getMachine } from "./get.ts";

const CONTAINERS_AT_MOST = 500;
/** A look into one takes its lock in the engine. */
const LOOKED_INTO_AT_MOST = 64;
const AT_ONCE = 4;
const LOOK_MS = 3_000;

const RUNS: ReadonlySet<string> = new Set(["running", "paused", "restarting"]);

/**
 * What is on a machine's Docker that is not Berth's, as its engine says now. It is only looked at. UNAVAILABLE where the
 * engine does not answer.
 */
export async function listForeignContainers(
  ctx: AuthedContext,
  { machine_id }: { machine_id: string },
): Promise<ForeignContainers> {
  const { gpus } = await getMachine(ctx, { machine_id });
  const engine = await ctx.engines.engineOf(machine_id);
  const listed = await list(engine);
  const isOurs = await readOurs(ctx, machine_id, listed);
  const foreign = listed
    .filter((container) => !isOurs(container))
    .toSorted((a, b) => Number(RUNS.has(b.state)) - Number(RUNS.has(a.state)) || b.created_at_s - a.created_at_s);
  const atOnce = pLimit(AT_ONCE);
  const containers = await Promise.all(
    foreign.slice(0, CONTAINERS_AT_MOST).map(async (container, place): Promise<ForeignContainer> => {
      const isToLook = RUNS.has(container.state) && place < LOOKED_INTO_AT_MOST;
      const inspected = isToLook ? await atOnce(() => look(engine, container.id)) : null;
      return {
        engine_id: container.id,
        name: container.name,
        image: container.image,
        state: container.state,
        status: container.status,
        created_at: new Date(container.created_at_s * 1_000).toISOString(),
        started_at: inspected?.started_at ? new Date(inspected.started_at).toISOString() : null,
        gpus: inspected && gpusOf(inspected, gpus),
        unknown: bearsLabels(ctx, machine_id, container),
      };
    }),
  );
  return { containers, left_out: foreign.length - containers.length };
}

async function list(engine: Engine): Promise<ListedContainer[]> {
  try {
    return await engine.listContainers({ labels: {} });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new DomainError("UNAVAILABLE", `The machine does not answer: ${error.message}`);
  }
}

/** Null where the engine does not say, or it has gone meanwhile. */
async function look(engine: Engine, id: string): Promise<InspectedContainer | null> {
  try {
    return await engine.inspectContainer(id, { deadlineMs: LOOK_MS });
  } catch (error) {
    if (error instanceof EngineError) return null;
    throw error;
  }
}

const bearsLabels = ({ installation }: AuthedContext, machineId: string, { labels }: ListedContainer): boolean =>
  labels[LABEL.installation] === installation && labels[LABEL.machine] === machineId;

/** Labels alone say nothing: whatever is run by hand from a saved image may bear them. */
async function readOurs(
  ctx: AuthedContext,
  machineId: string,
  listed: readonly ListedContainer[],
): Promise<(container: ListedContainer) => boolean> {
  const rows = await ctx.sql<{ known: string }>(
    `SELECT s.engine_id AS known FROM container_status s JOIN placements p USING (container_id)
     WHERE p.machine_id = $1 AND s.engine_id IS NOT NULL
     UNION ALL SELECT engine_id FROM held_containers WHERE machine_id = $1
     UNION ALL SELECT c.uid::text FROM containers c JOIN container_status s USING (container_id)
     WHERE s.create_open AND c.uid::text = ANY ($2::text[])`,
    [machineId, listed.flatMap(({ labels }) => labels[LABEL.uid] ?? [])],
  );
  const known = new Set(rows.map((row) => row.known));
  return (container) => {
    const { id, labels } = container;
    if (labels[LABEL.system] !== undefined)
      return labels[LABEL.installation] === ctx.installation || isRegistry(labels);
    const uid = labels[LABEL.uid];
    return known.has(id) || (uid !== undefined && bearsLabels(ctx, machineId, container) && known.has(uid));
  };
}

/** The one that Berth starts for itself where this machine is its own host. */
const isRegistry = (labels: ListedContainer["labels"]): boolean => labels[LABEL.system] === "registry";

/** By their indexes. Docker gives the first ones to who asks for a number of them. */
function gpusOf({ gpu_requests, runtime, env }: InspectedContainer, gpus: readonly Gpu[]): number[] {
  const inOrder = gpus.map(({ index }) => index).toSorted((a, b) => a - b);
  const named = (ids: readonly string[]): number[] =>
    ids.flatMap((id) => gpus.find(({ uuid, index }) => uuid === id || String(index) === id)?.index ?? []);
  const asked = gpu_requests.flatMap(({ ids, count }) =>
    ids.length > 0 ? named(ids) : count < 0 ? inOrder : inOrder.slice(0, count),
  );
  const visible = env.find((each) => each.startsWith("NVIDIA_VISIBLE_DEVICES="))?.split("=")[1] ?? "";
  // Without NVIDIA's runtime the variable, which NVIDIA's images have, gives nothing.
  const byRuntime = runtime !== "nvidia" ? [] : visible === "all" ? inOrder : named(visible.split(","));
  return [...new Set([...asked, ...byRuntime])].toSorted((a, b) => a - b);
}
