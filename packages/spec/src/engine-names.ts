/** The names and labels by which Berth knows its own on an engine. */

export const LABEL = {
  installation: "berth.installation",
  uid: "berth.uid",
  machine: "berth.machine",
  generation: "berth.generation",
  spec: "berth.spec",
  /** The GPUs that the engine gave it at create, separated by commas. */
  gpus: "berth.gpu_uuids",
  /** On an image: the operation that committed or built it. */
  operation: "berth.op",
  /** On Berth's own containers, which serve it and belong to no user: what they are. */
  system: "berth.system",
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
export const engineNameOf = (name: string, uid: string): string => `berth-${slugOf(name)}-${uid.slice(0, 8)}`;

/** What a container that was set aside by a recreate is called. */
export const heldNameOf = (engineName: string, generation: number): string => `${engineName}-old-${generation}`;

/**
 * The generation in the name of what a recreate set aside of this uid, or null for any other name. A name alone can't
 * tell: `job-old` with a uid of eight digits looks like a held `job`.
 */
export function heldGenerationOf(engineName: string, uid: string): number | null {
  const match = /^berth-.+-([0-9a-f]{8})-old-(\d+)$/.exec(engineName);
  return match?.[1] === uid.slice(0, 8) ? Number(match[2]) : null;
}

/** True for every name that Berth gives to a container with this uid, whatever its slug was when it was made. */
export const isNameForUid = (engineName: string, uid: string): boolean =>
  (engineName.startsWith("berth-") && engineName.endsWith(`-${uid.slice(0, 8)}`)) ||
  heldGenerationOf(engineName, uid) !== null;
