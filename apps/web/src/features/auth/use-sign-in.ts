import { useMutation } from "@tanstack/react-query";
import { hashPassword } from "../../lib/hash-password.ts";
import { session } from "../../lib/session.ts";
import { signedIn } from "../../lib/signed-in.ts";
import { useTRPC } from "../../lib/trpc.ts";

/** Signs this page in, or says why not. */
export function useSignIn() {
  const login = useMutation(
    useTRPC().auth.login.mutationOptions({
      async onSuccess({ access_token }) {
        await session.begin(access_token);
        signedIn.set("yes");
      },
    }),
  );
  return {
    isPending: login.isPending,
    error: login.error,
    signIn: (account: string, password: string) =>
      login.mutateAsync({ account: account.trim(), password: hashPassword(password) }),
  };
}
