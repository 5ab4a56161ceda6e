/** The names and labels by which Berth knows its own on an engine. */

export const LABEL = {
  installation: "berth.installation",
  uid: "berth.uid",
  machine: "berth.machine",
  generation: "berth.generation",
  spec: "berth.spec",
  /** On an image: the operation that committed or built it. */
  operation: "berth.op",
} as const;

/** A volume whose `berth.marker` label tells one engine's disk from another's. */
export const MARKER_VOLUME = "berth-marker";
export const MARKER_LABEL = "berth.marker";

/** `name` made fit for an engine: Docker allows `[a-zA-Z0-9][a-zA-Z0-9_.-]+`. */
const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 40);

/** `berth-<slug>-<first 8 of the uid>`: the create mutex, unique by the uid. */
export const engineNameOf = (name: string, uid: string): string =>
  `berth-${slugOf(name)}-${uid.slice(0, 8)}`;

/** What a container that was set aside by a recreate is called. */
export const heldNameOf = (engineName: string, generation: number): string =>
  `${engineName}-old-${generation}`;

const HELD = /-old-(\d+)$/;

/** The generation in a held container's name, or null for any other name. */
export function heldGenerationOf(engineName: string): number | null {
  const match = HELD.exec(engineName);
  return match ? Number(match[1]) : null;
}

/** True for every name that Berth gives to a container with this uid, whatever its slug was when it was made. */
export function isNameForUid(engineName: string, uid: string): boolean {
  return (
    engineName.startsWith("berth-") && engineName.replace(HELD, "").endsWith(`-${uid.slice(0, 8)}`)
  );
}
