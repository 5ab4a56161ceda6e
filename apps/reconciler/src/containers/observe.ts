import { EngineError, type ListedContainer } from "@berth/docker/engine.ts";
import { engineNameOf, LABEL } from "@berth/spec/engine-names.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import type { EngineContainer, ObservedContainer } from "../plan/types.ts";
import { type KnownContainer, mayExist } from "./known-container.ts";
import { hasHold, isCurrentName, isHeld, isNamedBeside, isOurs, isUnknownTwin } from "./ownership.ts";

/**
 * What the engine says of one container now. Its absence is believed after two complete lists, and, where it is about to
 * cost something, only on a machine whose marker says that its disk is the one we know, and of a container that the engine
 * does not find by its id either.
 */
export async function observe(session: MachineSession, known: KnownContainer): Promise<ObservedContainer> {
  const { row } = known;
  // Nobody has ever acted on it; the create itself will tell if that is wrong, for the name is taken then.
  if (!mayExist(known)) {
    return { current: null, held: [], foreignName: false, unknownTwin: false, image: known.image };
  }

  let observed = fromList(session, known, await list(session, known));
  if (!observed.current && (row.status.engine_id !== null || row.desired === "removed")) {
    const listed = await list(session, known);
    observed = fromList(session, known, listed);
    if (!observed.current) {
      await session.confirmIdentity();
      // What is set aside may be what is recorded.
      const { engine_id } = row.status;
      if (engine_id !== null && !listed.some(({ id }) => id === engine_id)) await confirmAbsence(session, engine_id);
    }
  }
  const foreignName = known.nameTaken ? await isNameForeign(session, known) : false;
  if (!foreignName) known.nameTaken = false;
  return { ...observed, foreignName, image: known.image };
}

/** The same from a list of the whole machine. */
export function fromList(
  session: Pick<MachineSession, "owner" | "stoppedByHand">,
  known: KnownContainer,
  listed: readonly ListedContainer[],
): ObservedContainer {
  const ours = listed.filter(
    (container) => container.id === known.createdId || isOurs(container, known.row, session.owner),
  );
  const isSetAside = (container: ListedContainer): boolean =>
    isHeld(container, known.row) ||
    // Renamed by hand once it was set aside, before what was made in its place is recorded: nothing else frees the name.
    (hasHold(container, known.row) &&
      !isCurrentName(container.name, known.row.uid) &&
      ours.some((other) => !hasHold(other, known.row) && isCurrentName(other.name, known.row.uid)));
  const rest = ours.filter((container) => !isSetAside(container));
  const current =
    rest.find((container) => container.id === known.row.status.engine_id) ??
    rest[0] ??
    // It was not renamed, or somebody renamed it back. Whatever is to come after it must first set it aside.
    ours.find(({ name }) => isCurrentName(name, known.row.uid)) ??
    null;
  const held = ours.filter((container) => container !== current && hasHold(container, known.row));
  return {
    current: current && toEngineContainer(session, known, current),
    held: held.map((container) => toEngineContainer(session, known, container)),
    foreignName: known.nameTaken,
    unknownTwin:
      listed.some((container) => isUnknownTwin(container, known.row, session.owner)) ||
      held.some((container) => isNamedBeside(container, known.row)),
    image: known.image,
  };
}

const list = (session: MachineSession, known: KnownContainer): Promise<ListedContainer[]> =>
  session.read(() => {
    known.lastListBeganAt = performance.now();
    return session.engine.listContainers({
      labels: { [LABEL.installation]: session.owner.installation, [LABEL.uid]: known.row.uid },
    });
  });

/** An engine whose lists leave out what it has is not to be believed: what it left out may hold GPUs. */
async function confirmAbsence(session: MachineSession, engineId: string): Promise<void> {
  try {
    await session.read(() => session.engine.inspectContainer(engineId));
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not_found") return;
    throw error;
  }
  throw new EngineError(
    "protocol",
    `the engine's lists leave out the container ${engineId.slice(0, 12)}, which it has`,
  );
}

async function isNameForeign(session: MachineSession, known: KnownContainer): Promise<boolean> {
  const name = engineNameOf(known.row.name, known.row.uid);
  const bearers = await session.read(() => session.engine.listContainers({ labels: {}, name }));
  return bearers.some((bearer) => !isOurs(bearer, known.row, session.owner));
}

const toEngineContainer = (
  session: Pick<MachineSession, "stoppedByHand">,
  known: KnownContainer,
  listed: ListedContainer,
): EngineContainer => ({
  engineId: listed.id,
  engineName: listed.name,
  state: listed.state,
  exitCode: listed.exit_code,
  isUnhealthy: listed.health === "unhealthy",
  generation: Number(listed.labels[LABEL.generation] ?? 0),
  specHash: listed.labels[LABEL.spec] ?? "",
  stoppedByHand: session.stoppedByHand.has(listed.id),
  holdsGpus: gpusOf(listed).every((uuid) => known.row.claimed_gpus.includes(uuid)),
});

const gpusOf = ({ labels }: ListedContainer): string[] => labels[LABEL.gpus]?.split(",") ?? [];
