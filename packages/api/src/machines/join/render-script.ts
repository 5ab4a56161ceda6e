import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ApiServices } from "../../context.ts";
import { authorityOf, fingerprintOf } from "./authority.ts";

const SCRIPT = new URL("berth-join.sh", import.meta.url);

/** Goes into the script between quotes: no more than an address is let through. */
const PLAIN_URL = /^https?:\/\/[A-Za-z0-9.:[\]-]+(\/[A-Za-z0-9._~/-]*)?$/;

/** What a token is for: the script, the same bytes for the same token. */
export async function renderScript(
  services: Pick<ApiServices, "sql" | "box">,
  { token, public_url }: { token: string; public_url: string },
): Promise<string> {
  if (!isPlainUrl(public_url)) throw new Error("the address of Berth does not fit into a script");
  const { certificate } = await authorityOf(services);
  const values: Record<string, string> = { URL: public_url, TOKEN: token, CA_SHA256: fingerprintOf(certificate) };
  const text = await readFile(SCRIPT, "utf8");
  return text.replace(/@BERTH_(URL|TOKEN|CA_SHA256)@/g, (_, name: string) => values[name] ?? "");
}

export const isPlainUrl = (url: string): boolean => PLAIN_URL.test(url);

export const sha256Of = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
