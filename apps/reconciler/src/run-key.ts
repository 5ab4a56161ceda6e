import type { Logger } from "pino";
import { runImage, runPlaces } from "./images/run-image.ts";
import { containerKey, type MachineSession } from "./machines/machine-session.ts";
import { inRunScope } from "./run-scope.ts";

/** The queue's run of a key of one machine: of a container, an image, its probe, its facts, its places of images, or all of it. */
export async function runKey(
  sessions: Map<string, MachineSession>,
  log: Logger,
  key: string,
  machineId: string,
  giveUpPlace: () => void,
): Promise<void> {
  const session = sessions.get(machineId);
  if (!session) return log.debug({ key }, "a key of a machine that is not ours");
  const run = (): Promise<void> => {
    const id = key.slice(2);
    if (key.startsWith(containerKey(""))) return session.runContainer(id);
    if (key.startsWith("i/")) return runImage(session, Number(id));
    if (key.startsWith("s/")) return session.probe.run();
    if (key.startsWith("f/")) return session.runFacts();
    return key.startsWith("p/") ? runPlaces(session) : session.runMachine();
  };
  // Each handles its own errors: one that it did not expect must not end the process, and with it the care for all machines.
  await inRunScope(run, giveUpPlace).catch((error: unknown) =>
    log.error({ err: error, key }, "a look ended as it never should"),
  );
}
