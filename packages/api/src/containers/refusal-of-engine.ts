import type { EngineError } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";

/**
 * What a failure of the engine says to whoever wanted something of a container that it has: CONFLICT where it has it no
 * more, else UNAVAILABLE.
 */
export function refusalOfEngine(
  { kind }: EngineError,
  { name, phase, machine_id }: { name: string; phase?: string; machine_id: string | null },
): DomainError {
  if (kind === "not_found" || kind === "conflict") {
    return new DomainError(
      "CONFLICT",
      `${name} is not on its machine any more.`,
      phase === undefined ? null : { phase },
    );
  }
  return new DomainError("UNAVAILABLE", `Machine ${machine_id} does not answer: try again in a moment.`, {
    machine_id,
  });
}
