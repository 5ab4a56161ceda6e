import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTRPC } from "../../../lib/trpc.ts";

/** Adds a machine by its address, and goes to its page. */
export function useAddMachine() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  return useMutation(
    trpc.machine.add.mutationOptions({
      onSuccess: ({ machine_id }) => void navigate({ to: "/machines/$machineId", params: { machineId: machine_id } }),
      onSettled: () => void queryClient.invalidateQueries(trpc.machine.pathFilter()),
    }),
  );
}
