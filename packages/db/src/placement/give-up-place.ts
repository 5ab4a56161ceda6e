import type { Sql } from "../sql.ts";
import { advanceLine } from "./advance-line.ts";
import { leaveLine } from "./line.ts";
import { lockPlacement } from "./lock.ts";

/** Takes a container out of the line, where it is in it, and lets those behind it move on. */
export async function giveUpPlace(sql: Sql, containerId: number): Promise<void> {
  await lockPlacement(sql);
  if (await leaveLine(sql, containerId)) await advanceLine(sql);
}
