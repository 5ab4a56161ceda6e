/** Says which registry a Berth uses, as `npm start` does; one that is open, over plain HTTP. */
export async function recordRegistry(
  database: { query(statement: string, parameters?: unknown[]): Promise<unknown> },
  /** `HOST:PORT`: `address` as engines know it, `reached_at` as Berth's own processes reach it. */
  { address, reached_at = address }: { address: string; reached_at?: string },
): Promise<void> {
  const record = { kind: "external", state: "running", address, url: `http://${reached_at}`, ca: null, message: "" };
  await database.query(
    `INSERT INTO settings (key, value) VALUES ('registry', $1::jsonb)
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`,
    [JSON.stringify(record)],
  );
  await database.query("SELECT pg_notify('berth_registry', '')");
}
