import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Failure } from "../../components/failure.tsx";
import { hashPassword } from "../../lib/hash-password.ts";
import { session } from "../../lib/session.ts";
import { useTRPC } from "../../lib/trpc.ts";

export function LoginPage({ onSignedIn }: { onSignedIn: () => void }) {
  const trpc = useTRPC();
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation(
    trpc.auth.login.mutationOptions({
      onSuccess: ({ access_token }) => {
        session.begin(access_token);
        onSignedIn();
      },
    }),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    login.mutate({ account, password: hashPassword(password) });
  };
  return (
    <main className="login">
      <form onSubmit={submit}>
        <img src="/logo.svg" width="48" height="48" alt="" />
        <h1>Berth</h1>
        <label>
          Account
          <input
            autoComplete="username"
            required
            value={account}
            onChange={(event) => setAccount(event.target.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        <button className="primary" type="submit" disabled={login.isPending}>
          {login.isPending ? "Signing in…" : "Sign in"}
        </button>
        {login.error && <Failure error={login.error} />}
      </form>
    </main>
  );
}
