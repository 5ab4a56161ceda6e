import type { ApiServices } from "../../context.ts";
import { findOpenToken } from "./find-token.ts";
import { renderScript } from "./render-script.ts";

/** The script for a token that is open. Throws as `findOpenToken` does. */
export async function readJoinScript(services: Pick<ApiServices, "sql" | "box">, token: string): Promise<string> {
  const { public_url } = await findOpenToken(services.sql, token);
  return renderScript(services, { token, public_url });
}
