import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Failure } from "./components/failure.tsx";
import { LoginPage } from "./features/auth/login-page.tsx";
import { ContainersPanel } from "./features/containers/containers-panel.tsx";
import { MachinesPanel } from "./features/machines/machines-panel.tsx";
import { session } from "./lib/session.ts";
import { isSignedOut, useTRPC } from "./lib/trpc.ts";

/** `wasSignedIn`: this browser still has a session, from an earlier page. */
export function Console({ wasSignedIn }: { wasSignedIn: boolean }) {
  const queryClient = useQueryClient();
  const [isSignedIn, setSignedIn] = useState(wasSignedIn);
  const signOut = (): void => {
    void session.end();
    queryClient.clear();
    setSignedIn(false);
  };
  return isSignedIn ? <Home onSignedOut={signOut} /> : <LoginPage onSignedIn={() => setSignedIn(true)} />;
}

function Home({ onSignedOut }: { onSignedOut: () => void }) {
  const me = useQuery(useTRPC().user.me.queryOptions());
  if (isSignedOut(me.error)) {
    return (
      <main>
        <p>Your session has ended.</p>
        <button type="button" onClick={onSignedOut}>
          Sign in again
        </button>
      </main>
    );
  }
  return (
    <>
      <header className="top">
        <img src="/logo.svg" width="28" height="28" alt="" />
        <h1>Berth</h1>
        <span className="quiet">{me.data?.account}</span>
        <button type="button" onClick={onSignedOut}>
          Sign out
        </button>
      </header>
      <main>
        {me.error && <Failure error={me.error} onRetry={() => void me.refetch()} />}
        <MachinesPanel />
        <ContainersPanel />
      </main>
    </>
  );
}
