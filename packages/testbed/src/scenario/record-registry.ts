import type { Berth } from "./berth.ts";

/** Says which registry this Berth uses, as `npm start` does; one that is open, over plain HTTP. */
export async function recordRegistry(berth: Berth, address: string): Promise<void> {
  const record = { kind: "external", state: "running", address, url: `http://${address}`, ca: null, message: "" };
  await berth.query(
    `INSERT INTO settings (key, value) VALUES ('registry', $1::jsonb)
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`,
    [JSON.stringify(record)],
  );
  await berth.query("SELECT pg_notify('berth_registry', '')");
}
