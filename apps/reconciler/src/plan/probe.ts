import type { EngineContainer } from "./types.ts";

/** A container of Berth's own, as it should be on a machine. */
export interface WantedProbe {
  /** Changes with all that an engine fixes at create: image, mounts, GPUs. */
  specHash: string;
}

export interface ObservedProbe {
  engineId: string;
  state: EngineContainer["state"];
  specHash: string;
}

export interface ProbeMemory {
  /** Of the engine container that has lost the driver's library: a new one may find it again. */
  lostNvmlId: string | null;
}

export type ProbeAction =
  | { kind: "bring-image"; cause: string }
  | { kind: "create"; cause: string }
  /** Null is what was created just before. */
  | { kind: "start"; engineId: string | null; cause: string }
  | { kind: "unpause"; engineId: string; cause: string }
  | { kind: "stop"; engineId: string; cause: string }
  | { kind: "remove"; engineId: string; cause: string };

/**
 * What makes the probe of a machine as it should be; null wants none. It holds nobody's data, so that whatever is wrong
 * with it is mended by another one. First rule that fits wins.
 */
export function planProbe(
  wanted: WantedProbe | null,
  observed: ObservedProbe | null,
  { lostNvmlId }: ProbeMemory,
): ProbeAction[] {
  if (observed === null) return wanted === null ? [] : make("not there");
  const { engineId, state, specHash } = observed;
  // An engine is at work on it, or can't get rid of it: its name is taken until it is gone.
  if (state === "removing") return [];
  if (wanted === null) return clear(observed, "not wanted");
  if (state === "dead") return [...clear(observed, "dead"), ...make("dead")];
  if (specHash !== wanted.specHash) return [...clear(observed, "made otherwise"), ...make("made otherwise")];
  if (engineId === lostNvmlId) return [...clear(observed, "lost the driver"), ...make("lost the driver")];
  switch (state) {
    case "created":
    case "exited":
      return [{ kind: "start", engineId, cause: "not running" }];
    case "paused":
      return [{ kind: "unpause", engineId, cause: "paused" }];
    case "running":
    case "restarting":
      return [];
  }
}

const make = (cause: string): ProbeAction[] => [
  { kind: "bring-image", cause },
  { kind: "create", cause },
  { kind: "start", engineId: null, cause },
];

function clear({ engineId, state }: ObservedProbe, cause: string): ProbeAction[] {
  const isUp = state === "running" || state === "paused" || state === "restarting";
  return [
    ...(state === "paused" ? [{ kind: "unpause", engineId, cause } as const] : []),
    ...(isUp ? [{ kind: "stop", engineId, cause } as const] : []),
    { kind: "remove", engineId, cause },
  ];
}

/** `stop (made otherwise) → remove (made otherwise) → create (made otherwise)` */
export const probePlanText = (actions: readonly ProbeAction[]): string =>
  actions.map(({ kind, cause }) => `${kind} (${cause})`).join(" → ");
