import { EngineError } from "@berth/docker/engine.ts";

/** The lease of this machine's shard is not ours any more: whatever was begun is another's to finish. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  constructor() {
    super("the lease is not held");
  }
}

/** The row changed under our hands: read it again and plan anew. */
export class StaleRowError extends Error {
  override readonly name = "StaleRowError";
  constructor() {
    super("the row changed since it was read");
  }
}

/** The engine is not the one that we know: nothing is done on it until a person has looked. */
export class IdentityError extends Error {
  override readonly name = "IdentityError";
}

/** Something is under way that a later look will find done: a removal, a pull. */
export class NotYetError extends Error {
  override readonly name = "NotYetError";
  readonly retryMs: number;
  constructor(message: string, retryMs: number) {
    super(message);
    this.retryMs = retryMs;
  }
}

/** Only a change of the spec helps: looked at again after ten minutes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

/** An engine that did not answer, as against one that said no. */
export const isMiss = (error: unknown): boolean => error instanceof EngineError && error.kind === "unreachable";

export const isAnswer = (error: unknown): boolean =>
  error instanceof EngineError && error.kind !== "unreachable" && error.kind !== "closed";

/** It answers, but not as an engine that we can work with: too old, or no engine at all. One that refuses is there. */
export const isNoEngine = (error: unknown): boolean =>
  error instanceof EngineError && (error.kind === "protocol" || error.kind === "unsupported");
