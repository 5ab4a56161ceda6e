import type { ContainerStatusRow } from "@berth/db/containers/load.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import type { DesiredContainer } from "../plan/types.ts";
import type { KnownContainer } from "./known-container.ts";

/** One look at one container, from its row to its status. */
export interface ContainerRun {
  session: MachineSession;
  known: KnownContainer;
  desired: DesiredContainer;
  /** The status that will be written: what the actions changed is put here at once. */
  draft: ContainerStatusRow;
  /** What this run's create made; a start in the same plan names it. */
  createdId: string | null;
  /** What was set aside and is the container again. */
  restoredId: string | null;
  /** The row is gone: there is nothing to write a status to. */
  isFinished: boolean;
}
