import pgListen from "pg-listen";

const createSubscriber = pgListen.default;

export const CHANNELS = ["berth_container", "berth_machine", "berth_image"] as const;
export type Channel = (typeof CHANNELS)[number];

export interface NotificationHandlers {
  /** What a trigger notified. Only a hint: what was sent while away is lost. */
  onNotice: (channel: Channel, id: string) => void;
  /** Connected, or connected again: look at everything, for notices were lost. */
  onConnected: () => void;
  /** Still trying; for the log. */
  onError: (error: Error) => void;
}

const REBUILD_MS = 500;

/** Listens until closed, through restarts of the database. Rejects where the first connection fails. */
export async function listen(
  databaseUrl: string,
  applicationName: string,
  handlers: NotificationHandlers,
): Promise<{ close(): Promise<void> }> {
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let subscriber = await subscribe();
  handlers.onConnected();

  async function subscribe(): Promise<ReturnType<typeof createSubscriber>> {
    let state: "starting" | "listening" | "given up" = "starting";
    const isOver = (): boolean => isClosed || state === "given up";
    const made = createSubscriber(
      { connectionString: databaseUrl, application_name: applicationName },
      {
        parse: (payload: string) => payload,
        paranoidChecking: 10_000,
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
    for (const channel of CHANNELS) made.notifications.on(channel, (id: string) => handlers.onNotice(channel, id));
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
      for (const channel of CHANNELS) await made.listenTo(channel);
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
