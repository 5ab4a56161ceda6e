import type { OnEngine } from "@berth/api/containers/on-engine.ts";
import { refusalOfEngine } from "@berth/api/containers/refusal-of-engine.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";

/** What a failure of the engine says to whoever wanted something of a container. Anything else is passed on as it is. */
export function engineRefusal(error: unknown, place: Pick<OnEngine, "container" | "machine_id">): unknown {
  if (!(error instanceof EngineError)) return error;
  const { container, machine_id } = place;
  const { name, phase } = container;
  switch (error.kind) {
    case "conflict":
      return new DomainError("CONFLICT", `${name} does not run: start it first.`, { phase });
    case "rejected":
      return new DomainError("UNPROCESSABLE", `No shell can be started in ${name}: ${error.message}`);
    default:
      return refusalOfEngine(error, { ...container, machine_id });
  }
}
