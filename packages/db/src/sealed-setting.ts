import type { SecretBox } from "./secret-box.ts";
import type { Sql } from "./sql.ts";

/**
 * A secret of this installation that is made once: the first process to ask makes it, all others get the same. Throws
 * where it was sealed with another BERTH_SECRET_KEY.
 */
export async function loadSealedSetting(
  sql: Sql,
  box: SecretBox,
  key: string,
  make: () => Promise<string>,
): Promise<string> {
  const purpose = `settings.${key}`;
  const find = async (): Promise<string | undefined> => {
    const [row] = await sql<{ value: string }>("SELECT value #>> '{}' AS value FROM settings WHERE key = $1", [key]);
    return row?.value;
  };
  let sealed = await find();
  if (sealed === undefined) {
    const made = Buffer.from(box.seal(await make(), purpose)).toString("base64");
    await sql("INSERT INTO settings (key, value) VALUES ($1, to_jsonb($2::text)) ON CONFLICT (key) DO NOTHING", [
      key,
      made,
    ]);
    sealed = await find();
  }
  if (sealed === undefined) throw new Error(`the settings table lost ${key}`);
  return box.open(Buffer.from(sealed, "base64"), purpose);
}
