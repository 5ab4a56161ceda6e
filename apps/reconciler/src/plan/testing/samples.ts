import type { DesiredContainer, EngineContainer, Memory, ObservedContainer } from "../types.ts";

/** A container that runs as its owner wants it; each test says only what differs. */

export const NOW = 1_000_000;

export const ENGINE_NAME = "berth-job-0123abcd";

export const IMAGE = "lab/job@sha256:1";

export const desiredOf = (differs: Partial<DesiredContainer> = {}): DesiredContainer => ({
  uid: "0123abcd-0000-4000-8000-000000000000",
  engineName: ENGINE_NAME,
  generation: 1,
  desired: "running",
  onLoss: "recreate",
  restart: "unless-stopped",
  run: 1,
  restartRun: 0,
  specHash: "v1",
  limits: { memoryBytes: 1_024, nanoCpus: 1_000 },
  image: { reference: IMAGE, fromCommit: null },
  consent: null,
  restore: null,
  keysHash: null,
  ...differs,
});

export const containerOf = (differs: Partial<EngineContainer> = {}): EngineContainer => ({
  engineId: "c1",
  engineName: ENGINE_NAME,
  state: "running",
  exitCode: null,
  generation: 1,
  specHash: "v1",
  stoppedByHand: false,
  isUnhealthy: false,
  holdsGpus: true,
  ...differs,
});

/** What a recreate set aside. */
export const heldOf = (differs: Partial<EngineContainer> = {}): EngineContainer =>
  containerOf({ engineId: "old", engineName: `${ENGINE_NAME}-old-1`, state: "exited", exitCode: 0, ...differs });

export const observedOf = (differs: Partial<ObservedContainer> = {}): ObservedContainer => ({
  current: containerOf(),
  held: [],
  foreignName: false,
  unknownTwin: false,
  image: { state: "unknown" },
  ...differs,
});

export const memoryOf = (differs: Partial<Memory> = {}): Memory => ({
  engineId: "c1",
  applied: { memoryBytes: 1_024, nanoCpus: 1_000 },
  startedRun: 1,
  completedRun: 0,
  abandonedGeneration: 0,
  recreateFailures: 0,
  heldUntil: new Map(),
  startNotBefore: 0,
  keys: null,
  keysFailure: null,
  committing: false,
  dataLost: false,
  restoreFailed: false,
  ...differs,
});

/** What is remembered of a container that was never made. */
export const NEVER_CREATED = memoryOf({ engineId: null, applied: null, startedRun: 0 });
