import type { Readable } from "node:stream";
import { stalled } from "./within.ts";

/**
 * Destroys what is piped to a reader that has taken nothing for so long: what it holds up in its container is more than
 * its own command, as engines tell of no end there while they can't get rid of what one has printed.
 */
export function giveUpOnStillReader(body: Readable, ms: number): void {
  let timer: NodeJS.Timeout | undefined;
  body.on("pause", () => (timer ??= setTimeout(() => body.destroy(stalled(ms)), ms)));
  const goOn = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  body.on("resume", goOn).once("close", goOn);
}
