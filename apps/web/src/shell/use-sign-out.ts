import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { session } from "../lib/session.ts";
import { signedIn } from "../lib/signed-in.ts";

/** Ends the session of this browser; nothing of it stays in the page. */
export function useSignOut(): () => Promise<void> {
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  return async () => {
    await session.end();
    signedIn.set("no");
    await navigate({ to: "/login" });
    queryClient.clear();
  };
}
