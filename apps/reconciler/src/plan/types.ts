import type { Claim } from "@berth/spec/condition.ts";
import type { Desired, OnLoss, RecreateConsent } from "@berth/spec/container.ts";
import type { RestartPolicy } from "@berth/spec/create-params.ts";

/** What the owner wants of one container, as far as a plan needs it. */
export interface DesiredContainer {
  uid: string;
  /** The name that it should have on the engine. */
  engineName: string;
  generation: number;
  desired: Desired;
  onLoss: OnLoss;
  restart: RestartPolicy;
  /** Counts the starts that were asked for. */
  run: number;
  /** The newest of these that a restart asked for: what was started for an older one is stopped first. 0 for none. */
  restartRun: number;
  /** Of what an engine fixes at create; compared with the label that the container bears. */
  specHash: string;
  limits: Limits;
  image: {
    reference: string;
    /** Committed on the way of a recreate of this very container, or of another one: no registry has it. Else null. */
    fromCommit: "own" | "other" | null;
  };
  /** The owner's word that engine containers older than `generation` may be made anew. */
  consent: { mode: RecreateConsent; generation: number } | null;
  restore: Restore | null;
  /** Of the owner's ssh keys, which are to lie in it; null where it has no sshd to read them. */
  keysHash: string | null;
}

/** The owner's word, given with `generation`, that this engine container, which was set aside, is to be the container again. */
export interface Restore {
  engineId: string;
  generation: number;
}

export interface Limits {
  memoryBytes: number;
  nanoCpus: number;
}

/** What the last lists of the engine say. Foreign containers never get here. */
export interface ObservedContainer {
  /** The one that is the container; null where two complete lists had none. */
  current: EngineContainer | null;
  /** What recreates set aside. */
  held: EngineContainer[];
  /** A container that is not ours bears our name. */
  foreignName: boolean;
  /**
   * Another bears our labels and a name of ours that no record knows, or knows as set aside: made, or restored, after what
   * the database was restored from.
   */
  unknownTwin: boolean;
  image: ObservedImage;
}

export interface EngineContainer {
  engineId: string;
  engineName: string;
  state: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  exitCode: number | null;
  /** Its image's health check fails. */
  isUnhealthy: boolean;
  /** Of the labels that it was made with. */
  generation: number;
  specHash: string;
  /** A stop or kill that was not ours was seen since it last started. */
  stoppedByHand: boolean;
  /** All GPUs that the engine gave it at create are claimed for it: it may be started. */
  holdsGpus: boolean;
}

export type ObservedImage =
  | { state: "unknown" | "present" | "absent" | "pulling" }
  | { state: "failed"; reason: "RegistryAuth" | "ImageNotFound" | "PullFailed"; message: string; retryAt: number };

/** What Berth remembers of the container: its status row, and what this process counted. Times are ms since 1970. */
export interface Memory {
  /**
   * The engine container that was recorded last; null where none ever was. While a recreate is under way it is still the
   * old one's: the new one is recorded once it was up.
   */
  engineId: string | null;
  /** What was last applied in place. */
  applied: Limits | null;
  /** The newest run that was seen up; a later one is still to be started. */
  startedRun: number;
  /** The newest run that is over: it ended by itself and gave its GPUs back, or a restart has ended it. */
  completedRun: number;
  /** A recreate for this generation was given up, and the old container put back; or a restore came to its end. */
  abandonedGeneration: number;
  /** How often making the new container of a recreate has failed in a row. */
  recreateFailures: number;
  heldUntil: ReadonlyMap<string, number>;
  /** Crash-loop backoff: not started again before. 0 where it may start now. */
  startNotBefore: number;
  /** Which keys lie in which engine container, since it was started last; null where none were put there. */
  keys: { engineId: string; hash: string } | null;
  /** Why they could not be put there, and when that is tried again. */
  keysFailure: { message: string; retryAt: number } | null;
  /** Our own commit pauses it. */
  committing: boolean;
  /** An earlier container was lost with its content, and the owner has not asked for anything since. */
  dataLost: boolean;
  /** What was to be restored was gone, and the owner has not asked for anything since. */
  restoreFailed: boolean;
}

/** One engine call each (or one write to the database), in order; `cause` says why, for logs and events. */
export type Action = { cause: string } &
  /** Asks the engine whether it holds the image. */
  (
    | { type: "checkImage"; reference: string }
    | { type: "pullImage"; reference: string }
    | { type: "createContainer" }
    | { type: "startContainer"; engineId: string | null }
    | { type: "stopContainer"; engineId: string }
    | { type: "unpauseContainer"; engineId: string }
    | { type: "updateContainer"; engineId: string; limits: Limits }
    | { type: "renameContainer"; engineId: string; name: string }
    /** Writes the owner's ssh keys into it. That it failed is told, and is no failure of the container. */
    | { type: "putKeys"; engineId: string }
    | { type: "commitContainer"; engineId: string; reference: string }
    /** Writes the held row first, then renames. */
    | { type: "setAsideContainer"; engineId: string; name: string; generation: number; specHash: string }
    /**
     * Renames what was set aside, and takes it for the container from now on. Also takes `startedRun` back below the run,
     * as nobody has started this one for it; its hold ends with the status write.
     */
    | { type: "restoreContainer"; engineId: string; name: string }
    /** The same of one that bears the name already: whoever renamed it did not get to say so. */
    | { type: "acceptRestored"; engineId: string }
    /** Remembers that the restore was given up; nothing was set aside for it. */
    | { type: "abandonRestore" }
    /**
     * Remembers that the recreate was given up before anything was set aside, and takes `startedRun` back as
     * `putBackContainer` does.
     */
    | { type: "abandonRecreate" }
    /**
     * Renames it back, forgets the hold, and remembers that the recreate was given up. Also takes `startedRun` back
     * below the run: it was Berth that stopped it, so its exit is not the end of its work.
     */
    | { type: "putBackContainer"; engineId: string; name: string }
    | { type: "removeContainer"; engineId: string }
    /** Absence was seen: gives back what it held, and deletes the row. */
    | { type: "finishRemoval" }
  );

/** Where a container stands; with actions, what stays true of it beside them. */
export type Standing =
  | "running"
  | "stopped"
  | "completed"
  | "crashLooping"
  | "pulling"
  | "pullFailed"
  | "removing"
  | "gpusTaken"
  | "lost"
  | "nameConflict"
  | "converging";

export interface Plan {
  actions: Action[];
  standing: Standing;
  /** Look again no later than then; null where only a change can matter. */
  wakeAt: number | null;
  /** Conditions to show beside the phase. */
  claims: Claim[];
}
