import pg from "pg";

export interface Listener {
  /** `channel payload` of every notification, in order. */
  readonly heard: readonly string[];
  /** Resolves when all that was committed before this call was heard. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** Hears what the database notifies on `channels`, with nothing in between that could lose or merge it. */
export async function startListener(databaseUrl: string, channels: readonly string[]): Promise<Listener> {
  const client = new pg.Client({ connectionString: databaseUrl });
  const heard: string[] = [];
  client.on("notification", ({ channel, payload }) => heard.push(`${channel} ${payload}`));
  await client.connect();
  for (const channel of channels) await client.query(`LISTEN ${channel}`);
  return {
    heard,
    // Notifications arrive before the answer to a later query on the same connection.
    caughtUp: async () => void (await client.query("SELECT 1")),
    close: () => client.end(),
  };
}
