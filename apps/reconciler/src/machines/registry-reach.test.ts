import { setImmediate as turn } from "node:timers/promises";
import { EngineError } from "@berth/docker/engine.ts";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { MachineSession } from "./machine-session.ts";
import { RegistryReach } from "./registry-reach.ts";

/** A machine whose engine answers each question about the registry when the test says so. */
function reaching() {
  const asked: PromiseWithResolvers<void>[] = [];
  const session = {
    identity: { state: "confirmed" },
    closing: new AbortController().signal,
    log: pino({ level: "silent" }),
    enqueueMachine: () => undefined,
    engine: {
      checkRegistry() {
        const question = Promise.withResolvers<void>();
        asked.push(question);
        return question.promise;
      },
    },
    context: {
      registry: {
        record: async () => ({ state: "running", address: "10.0.0.1:5000" }),
        transferToken: async () => "a token",
      },
    },
  };
  return { reach: new RegistryReach(session as unknown as MachineSession), asked };
}

test("a registry that comes up while it is asked for is asked for again at once", async () => {
  const { reach, asked } = reaching();
  reach.check();
  await turn();
  reach.doubt();
  asked[0]!.reject(new EngineError("failed", "connection reset by peer"));
  await turn();
  expect(reach.claim()).toMatchObject([{ status: "false", reason: "NoWay" }]);
  expect(asked).toHaveLength(2);
  asked[1]!.resolve();
  await turn();
  expect(reach.claim()).toMatchObject([{ status: "true" }]);
  reach.check();
  await turn();
  expect(asked).toHaveLength(2);
});

test("nobody asks twice at once, nor again soon after it was in vain", async () => {
  const { reach, asked } = reaching();
  reach.check();
  reach.check();
  await turn();
  expect(asked).toHaveLength(1);
  asked[0]!.reject(new EngineError("failed", "connection refused"));
  await turn();
  reach.check();
  await turn();
  expect(asked).toHaveLength(1);
});
