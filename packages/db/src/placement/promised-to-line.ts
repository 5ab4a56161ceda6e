import type { Sql } from "../sql.ts";
import { type Promised, promise } from "./fit.ts";
import type { LedgerMachine } from "./ledger.ts";
import { loadLineHeads } from "./line.ts";

/** What those who wait could use. One whose machines are all cordoned or away could use nothing, and keeps nobody back. */
export async function promisedToLine(sql: Sql, machines: readonly LedgerMachine[]): Promise<Promised> {
  const promised = new Map<string, Set<string>>();
  for (const head of await loadLineHeads(sql)) promise(promised, machines, head);
  return promised;
}
