import type { ChangeFeed } from "@berth/api/context.ts";
import { listen, LIVE_CHANNELS } from "@berth/db/listen.ts";
import type { FastifyBaseLogger } from "fastify";
import { ChangeHub } from "./change-hub.ts";
import { readChanges } from "./read-changes.ts";

/** A user whose credentials changed; null: any may have, as after a time in which notices were lost. */
export type CredentialListener = (userId: number | null) => void;

export interface Live {
  changes: ChangeFeed;
  onCredentials(listener: CredentialListener): void;
  close(): Promise<void>;
}

/** Hears what the database tells servers, over one connection of its own, until closed. */
export async function openLive(databaseUrl: string, log: FastifyBaseLogger): Promise<Live> {
  const hub = new ChangeHub();
  const listeners = new Set<CredentialListener>();
  const tellCredentials: CredentialListener = (userId) => listeners.forEach((listener) => listener(userId));
  const handlers: Record<(typeof LIVE_CHANNELS)[number], (payload: string) => void> = {
    berth_change: (payload) => hub.tell(readChanges(payload)),
    berth_user: (payload) => tellCredentials(Number(payload)),
  };
  const listening = await listen(databaseUrl, "berth-server-listen", LIVE_CHANNELS, {
    onNotice(channel, payload) {
      try {
        handlers[channel](payload);
      } catch (error) {
        log.error({ err: error, channel }, "a notice of the database can't be read");
      }
    },
    onConnected() {
      hub.tellAll();
      tellCredentials(null);
    },
    onError: (error) => log.warn({ err: error }, "not listening for changes; pages are told to look again afterwards"),
  });
  return {
    changes: hub,
    onCredentials: (listener) => void listeners.add(listener),
    close: () => listening.close(),
  };
}
