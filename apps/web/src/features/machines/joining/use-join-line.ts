import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTRPC } from "../../../lib/trpc.ts";

/** The line that was made last. It outlives its dialog: what was pasted goes on while nobody looks. */
export function useJoinLine() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const create = useMutation(
    trpc.machine.join_tokens.create.mutationOptions({
      onSettled: () => void queryClient.invalidateQueries(trpc.machine.join_tokens.pathFilter()),
    }),
  );
  const { data: created, isIdle, isPending, error, mutate } = create;
  return { created, isIdle, isPending, error, make: () => mutate({}) };
}

export type LastJoinLine = ReturnType<typeof useJoinLine>;
