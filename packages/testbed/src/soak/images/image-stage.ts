import type { Sql } from "@berth/db/sql.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import type { FleetRegistry } from "../../fleet/registry.ts";
import type { Berth } from "../../scenario/berth.ts";
import type { Scene } from "../../scenario/scene.ts";

export interface ImageStage {
  berth: Berth;
  scenes: readonly Scene[];
  /** It wants tokens of `berth`. */
  registry: FleetRegistry;
  /** Of the fleet's own end of its network. */
  host: string;
  sql: Sql;
}

/** Says which registry this Berth uses: machines reach it at `address`, Berth's own processes as it is. */
export const recordRegistryAt = ({ sql, registry: { url } }: ImageStage, address: string): Promise<void> =>
  writeRegistry(sql, { kind: "process", state: "running", address, url, ca: null, message: "" });
