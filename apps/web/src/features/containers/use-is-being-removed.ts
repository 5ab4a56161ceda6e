import { useIsMutating } from "@tanstack/react-query";
import { useTRPC } from "../../lib/trpc.ts";

/** While this page deletes a container: what is asked of one then may only be answered by its being gone. */
export const useIsBeingRemoved = (): boolean =>
  useIsMutating({ mutationKey: useTRPC().container.delete.mutationKey() }) > 0;
