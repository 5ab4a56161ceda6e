import { type Engine, type EngineContainerState, EngineError, type EngineErrorKind } from "@berth/docker/engine.ts";
import { expect, test } from "vitest";
import { hangUp } from "./hang-up.ts";

/** An engine that refuses to run anything in its container, which is found in this state. */
function refusing(kind: EngineErrorKind, found: EngineContainerState | EngineErrorKind = "running"): Engine {
  const engine = {
    exec: () => Promise.reject(new EngineError(kind, "refused")),
    inspectContainer: (): Promise<object> =>
      found === "not_found" || found === "unreachable"
        ? Promise.reject(new EngineError(found, "refused"))
        : Promise.resolve({ state: found }),
  };
  return engine as unknown as Engine;
}

const ask = (engine: Engine): Promise<boolean> => hangUp(engine, "0123456789ab", "a-terminal");

test.each(["exited", "dead", "created", "restarting", "removing", "not_found"] as const)(
  "nothing of a terminal is left in a container that is %s",
  async (found) => expect(await ask(refusing("conflict", found))).toBe(true),
);

test.each(["paused", "running", "unreachable"] as const)(
  "something of a terminal may be left where nothing can be run in its container, and that is %s",
  async (found) => expect(await ask(refusing("conflict", found))).toBe(false),
);

test.each([
  ["not_found", true],
  ["rejected", true],
  ["unreachable", false],
  ["failed", false],
] as const)("takes an engine's %s for what it tells", async (kind, isOver) => {
  expect(await ask(refusing(kind))).toBe(isOver);
});
