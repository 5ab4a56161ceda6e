import { DockerError } from "../docker-error.ts";
import type { Call, Reply } from "../http/call.ts";
import { isRunning, type WaitCondition } from "./container-record.ts";

const CONDITIONS: Record<string, WaitCondition> = {
  "": "not-running",
  "not-running": "not-running",
  "next-exit": "next-exit",
  removed: "removed",
};

/** `POST /containers/:id/wait`: answers at once, and says the exit code when the condition holds. */
export async function waitForContainer(call: Call): Promise<Reply> {
  const { daemon, params, query } = call;
  const { isModern } = daemon.generation;
  const text = query.get("condition") ?? "";
  const condition = CONDITIONS[text] ?? (isModern ? null : "not-running");
  if (!condition) throw new DockerError(400, `invalid condition: "${text}"`);
  const container = daemon.container(params["id"] ?? "");

  const body = call.stream(200, { "Content-Type": "application/json" });
  const { promise, resolve } = Promise.withResolvers<number>();
  if (condition === "not-running" && !isRunning(container)) resolve(container.exit_code);
  else {
    const waiter = { condition, resolve };
    container.waiters.push(waiter);
    call.client.addEventListener("abort", () => {
      container.waiters = container.waiters.filter((other) => other !== waiter);
    });
  }
  const StatusCode = await promise;
  await body.write(`${JSON.stringify(isModern ? { StatusCode } : { Error: null, StatusCode })}\n`);
  body.end();
  return undefined;
}
