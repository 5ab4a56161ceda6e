import type { BusyDetails, Container } from "@berth/spec/container.ts";
import { Store } from "../../../lib/store.ts";

export type ContainerDialog =
  | { kind: "save" | "move" | "recreate" | "remove"; container: Container }
  | { kind: "restore"; container: Container; generation: number }
  /** It was not started, as its GPUs are not free. */
  | { kind: "busy"; container: Container; message: string; busy: BusyDetails };

/** The one dialog about a container that is open. It outlives the row, or the menu, that has opened it. */
export const containerDialog = new Store<ContainerDialog | null>(null);
