import { AsyncLocalStorage } from "node:async_hooks";

/** One run of one key: every line that it logs bears its number, and its engine calls are counted. */
export interface RunScope {
  reconcileId: number;
  startedAt: number;
  calls: number;
  /** Spent waiting for the engine. */
  engineMs: number;
  /** Lets others begin before this run has ended. */
  giveUpPlace: () => void;
}

/** Who waits longer for one call, or for its turn to make it, costs nothing meanwhile: others may have its place. */
const LATE_MS = 1_000;

const scopes = new AsyncLocalStorage<RunScope>();
let lastId = 0;

export const inRunScope = <Result>(
  work: () => Promise<Result>,
  giveUpPlace: () => void = () => undefined,
): Promise<Result> =>
  scopes.run({ reconcileId: (lastId += 1), startedAt: performance.now(), calls: 0, engineMs: 0, giveUpPlace }, work);

/** For the logger: what a line of this run has beside its own fields. */
export const logFields = (): object => {
  const scope = scopes.getStore();
  return scope ? { reconcileId: scope.reconcileId } : {};
};

/** For a call with its turn in the lanes. What waits for this process or for the database keeps its place. */
export async function waitForEngine<Result>(turnAndCall: () => Promise<Result>): Promise<Result> {
  const scope = scopes.getStore();
  if (!scope) return turnAndCall();
  const timer = setTimeout(scope.giveUpPlace, LATE_MS);
  try {
    return await turnAndCall();
  } finally {
    clearTimeout(timer);
  }
}

export async function countCall<Result>(call: () => Promise<Result>): Promise<Result> {
  const scope = scopes.getStore();
  if (!scope) return call();
  const startedAt = performance.now();
  try {
    return await call();
  } finally {
    scope.calls += 1;
    scope.engineMs += performance.now() - startedAt;
  }
}

/** What this run has cost so far, in milliseconds. */
export function costOfRun(): { calls: number; engineMs: number; ownMs: number } {
  const scope = scopes.getStore();
  if (!scope) return { calls: 0, engineMs: 0, ownMs: 0 };
  const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;
  return {
    calls: scope.calls,
    engineMs: round(scope.engineMs),
    ownMs: round(performance.now() - scope.startedAt - scope.engineMs),
  };
}
