import { type DepartedHold, loadDepartedHolds } from "@berth/db/containers/hold.ts";
import type { ContainerRow } from "@berth/db/containers/load.ts";
import type { ImageRow } from "@berth/db/images/load.ts";
import { loadPlaces, type PlaceRow } from "@berth/db/images/places.ts";
import type { Sql } from "@berth/db/sql.ts";
import { together } from "../triggers/together.ts";
import type { SessionContext } from "./session-context.ts";

/** A statement's rows are read in one go: more of them would hold up everything else. */
const AT_ONCE = 25;

/** What the database knows of one machine. A process that begins asks for all of its machines, so they share statements. */
export interface MachineLoads {
  containers(machineId: string): Promise<ContainerRow[]>;
  departed(machineId: string): Promise<DepartedHold[]>;
  places(machineId: string): Promise<PlaceRow[]>;
  /** Those that are made there and are not finished. */
  images(machineId: string): Promise<ImageRow[]>;
}

export function createMachineLoads(
  sql: Sql,
  { loadContainers, loadImages }: Pick<SessionContext, "loadContainers" | "loadImages">,
): MachineLoads {
  return {
    containers: together(
      (machine_ids) => loadContainers({ machine_ids }),
      ({ placement }) => placement.machine_id,
      AT_ONCE,
    ),
    departed: together(
      (machineIds) => loadDepartedHolds(sql, machineIds),
      ({ machine_id }) => machine_id,
      AT_ONCE,
    ),
    places: together(
      (machineIds) => loadPlaces(sql, machineIds),
      ({ machine_id }) => machine_id,
      AT_ONCE,
    ),
    images: together(
      (making_on) => loadImages({ making_on }),
      ({ machine_id }) => machine_id,
      AT_ONCE,
    ),
  };
}
