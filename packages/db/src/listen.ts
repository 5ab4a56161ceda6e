import pgListen from "pg-listen";

const createSubscriber = pgListen.default;

/**
 * What people want has changed: the id is in the payload; of the registry there is one only. `berth_line`: somebody who
 * waits for GPUs may have a turn.
 */
export const SPEC_CHANNELS = [
  "berth_container",
  "berth_machine",
  "berth_image",
  "berth_registry",
  "berth_line",
] as const;
/** What people see has changed (see announce.ts), and whose credentials have: a user's id. */
export const LIVE_CHANNELS = ["berth_change", "berth_user"] as const;

export interface NotificationHandlers<Channel extends string> {
  /** What was notified. Only a hint: what was sent while away is lost. */
  onNotice: (channel: Channel, payload: string) => void;
  /** Connected, or connected again: look at everything, for notices were lost. */
  onConnected: () => void;
  /** Still trying; for the log. */
  onError: (error: Error) => void;
}

export interface ListenTimes {
  /** How often it is looked whether the connection is still there: nothing else would tell that a network lost it. */
  checkMs: number;
  /** How long the database may take to answer that, and to be connected to. Less than `checkMs`. */
  answerMs: number;
}

const TIMES: ListenTimes = { checkMs: 10_000, answerMs: 5_000 };
const KEEP_ALIVE_MS = 10_000;
const REBUILD_MS = 500;

/** Listens to these channels until closed, through restarts of the database and losses of the network. Rejects where the first connection fails. */
export async function listen<const Channel extends string>(
  databaseUrl: string,
  applicationName: string,
  channels: readonly Channel[],
  handlers: NotificationHandlers<Channel>,
  { checkMs, answerMs }: ListenTimes = TIMES,
): Promise<{ close(): Promise<void> }> {
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let subscriber = await subscribe();
  handlers.onConnected();

  async function subscribe(): Promise<ReturnType<typeof createSubscriber>> {
    let state: "starting" | "listening" | "given up" = "starting";
    const isOver = (): boolean => isClosed || state === "given up";
    const made = createSubscriber(
      {
        connectionString: databaseUrl,
        application_name: applicationName,
        connectionTimeoutMillis: answerMs,
        // Without it the look at a connection that a network lost would wait for its answer for ever.
        query_timeout: answerMs,
        keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      },
      {
        parse: (payload: string) => payload,
        paranoidChecking: checkMs,
        retryInterval(attempt: number) {
          // Its own `close` does not end its attempts to connect again.
          if (isOver()) throw new Error("nobody listens any more");
          return Math.min(2_000, 100 * 2 ** Math.min(attempt, 5));
        },
        retryLimit: Number.POSITIVE_INFINITY,
        retryTimeout: Number.POSITIVE_INFINITY,
      },
    );
    const discard = (): void => void made.close().catch(handlers.onError);
    for (const channel of channels) {
      made.notifications.on(channel, (payload: string) => handlers.onNotice(channel, payload));
    }
    made.events.on("connected", () => {
      if (isOver()) discard();
      else if (state === "listening") handlers.onConnected();
    });
    // Heard from the start: an error that nobody hears would end the process.
    made.events.on("error", (error: Error) => {
      if (isOver()) return;
      handlers.onError(error);
      if (state === "listening") rebuild();
    });
    try {
      await made.connect();
      for (const channel of channels) await made.listenTo(channel);
    } catch (error) {
      state = "given up";
      discard();
      throw error;
    }
    state = "listening";
    if (isClosed) discard();
    return made;
  }

  /** pg-listen gives up where the connection breaks a second time while it listens again. */
  function rebuild(): void {
    if (isClosed || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      const broken = subscriber;
      subscribe().then(
        (made) => {
          subscriber = made;
          broken.close().catch(handlers.onError);
          if (!isClosed) handlers.onConnected();
        },
        (error: Error) => {
          handlers.onError(error);
          rebuild();
        },
      );
    }, REBUILD_MS);
  }

  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await subscriber.close();
    },
  };
}
