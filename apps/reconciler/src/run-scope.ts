import { AsyncLocalStorage } from "node:async_hooks";

/** One run of one key: every line that it logs bears its number, and its engine calls are counted. */
export interface RunScope {
  reconcileId: number;
  startedAt: number;
  calls: number;
  /** Spent waiting for the engine. */
  engineMs: number;
}

const scopes = new AsyncLocalStorage<RunScope>();
let lastId = 0;

export const inRunScope = <Result>(work: () => Promise<Result>): Promise<Result> =>
  scopes.run({ reconcileId: (lastId += 1), startedAt: performance.now(), calls: 0, engineMs: 0 }, work);

/** For the logger: what a line of this run has beside its own fields. */
export const logFields = (): object => {
  const scope = scopes.getStore();
  return scope ? { reconcileId: scope.reconcileId } : {};
};

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
