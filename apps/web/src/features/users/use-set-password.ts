import { useMutation, useQueryClient } from "@tanstack/react-query";
import { session } from "../../lib/session.ts";
import { useTRPC } from "../../lib/trpc.ts";

/** Who sets their own goes on with the token of the answer: every older one has ended, API tokens too. */
export function useSetPassword(onSuccess: () => void) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return useMutation(
    trpc.user.set_password.mutationOptions({
      async onSuccess(answer) {
        if ("access_token" in answer) await session.begin(answer.access_token);
        onSuccess();
      },
      onSettled: () => void queryClient.invalidateQueries(trpc.user.api_tokens.pathFilter()),
    }),
  );
}
