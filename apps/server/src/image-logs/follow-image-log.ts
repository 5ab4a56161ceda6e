import { setTimeout as delay } from "node:timers/promises";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { isDatabaseAway } from "@berth/api/database-away.ts";
import { readLog } from "@berth/api/images/log.ts";
import type { ImageLog } from "@berth/spec/image.ts";
import type { SocketNotice } from "@berth/spec/terminal.ts";

const LOOK_MS = 500;

interface Parts {
  services: Pick<ApiServices, "sql">;
  actor: Actor;
  signal: AbortSignal;
  lookMs?: number;
}

/**
 * What making an image prints, from `from_seq` on, and after each piece where to go on from. Ends when nothing more will
 * come, and quietly at `signal`; by throwing FORBIDDEN or NOT_FOUND where the image may not be seen, or not any more.
 */
export async function* followImageLog(
  parts: Parts,
  image_id: number,
  { from_seq }: { from_seq: number },
): AsyncGenerator<Uint8Array | SocketNotice, void> {
  const { services, actor, signal, lookMs = LOOK_MS } = parts;
  let next_seq = from_seq;
  let hasBegun = false;
  for (;;) {
    const page = await readPage();
    if (signal.aborted) return;
    if (page && page.text !== "") {
      yield Buffer.from(page.text);
      ({ next_seq } = page);
      yield { type: "logged", next_seq };
    }
    if (page?.ended) return;
    // More may be there already.
    if (page && page.text !== "") continue;
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }

  /** Null while the database is away, which is told only to who has not begun yet. */
  async function readPage(): Promise<ImageLog | null> {
    try {
      const page = await readLog({ sql: services.sql, actor }, { image_id, from_seq: next_seq });
      hasBegun = true;
      return page;
    } catch (error) {
      if (hasBegun && isDatabaseAway(error)) return null;
      throw error;
    }
  }
}
