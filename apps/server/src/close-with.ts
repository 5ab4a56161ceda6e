import { setTimeout as delay } from "node:timers/promises";
import type { FastifyInstance } from "fastify";

/** Less than the app's own time to close. What is not hung up by then, another server hangs up. */
const CLOSE_MS = 4_000;

interface Closable {
  close(): Promise<unknown>;
}

/** Resolves when all of these are closed, or have had their time. */
export async function closeInTime(...parts: Closable[]): Promise<void> {
  const done = Promise.all(parts.map((part) => part.close()));
  await Promise.race([done, delay(CLOSE_MS, undefined, { ref: false })]);
}

/** They begin to close with the app, which waits for them. */
export function closeWith(app: FastifyInstance, ...parts: Closable[]): void {
  let closing: Promise<unknown> = Promise.resolve();
  app.addHook("preClose", async () => {
    closing = closeInTime(...parts);
  });
  app.addHook("onClose", async () => {
    await closing;
  });
}
