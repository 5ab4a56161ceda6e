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
  /** On Berth's own image: what it was made of. */
  digest: "berth.digest",
  /** On Berth's own containers, which serve it and belong to no user: what they are. */
  system: "berth.system",
  /** On a `reach` container: `<engine id>@<start time>` of the run of a container whose network it shares. */
  reach: "berth.reach",
} as const;

/**
 * Berth's own image on a machine, for what it runs there itself: Debian's glibc, which the `nvidia-smi` that the NVIDIA
 * toolkit injects needs, and busybox (`sh`, `awk`, `df`, `nc`). Its tag changes with its content.
 */
export const SYSTEM_IMAGE = "berth-system:1";

/** The one that reads the machine's facts and telemetry. */
export const PROBE_NAME = "berth-system-probe";

/** The one that shares the network of the container with this uid, so that its ports are reached that are open nowhere else. */
export const reachNameOf = (uid: string): string => `berth-system-reach-${uid.slice(0, 8)}`;

/** A volume whose `berth.marker` label tells one engine's disk from another's. */
export const MARKER_VOLUME = "berth-marker";
export const MARKER_LABEL = "berth.marker";

/** Of a container that is never started: by it an engine makes a directory of the machine. */
export const DIRECTORY_SYSTEM = "directory";

/** A volume's label: the storage whose data it holds. */
export const STORAGE_LABEL = "berth.storage";

/**
 * The volume of a storage, or of one account in it. No name of a storage has a dot, so that the first one ends it and no
 * two are alike.
 */
export const storageVolumeOf = (storage: string, account: string | null): string =>
  `berth-storage-${storage}${account === null ? "" : `.${account}`}`;

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
