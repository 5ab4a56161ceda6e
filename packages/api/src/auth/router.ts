import { AccessToken, Credentials, RegisterInput, Registered } from "@berth/spec/user.ts";
import { z } from "zod";
import { publicProcedure, router, signedInProcedure } from "../trpc.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { logoutEverywhere } from "./logout-everywhere.ts";
import { refresh } from "./refresh.ts";
import { register } from "./register.ts";

const Nothing = z.object({});

export const authRouter = router({
  login: publicProcedure
    .meta({ route: { method: "POST", path: "/api/auth/login", summary: "Sign in", isSecret: true } })
    .input(Credentials)
    .output(AccessToken)
    .mutation(({ ctx, input }) => login(ctx, input)),
  register: publicProcedure
    .meta({ route: { method: "POST", path: "/api/auth/register", summary: "Make an account for oneself" } })
    .input(RegisterInput)
    .output(Registered)
    .mutation(({ ctx, input }) => register(ctx, input)),
  refresh: publicProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/auth/refresh",
        summary: "Another access token for a browser, by its refresh cookie and page key",
        isSecret: true,
      },
    })
    .input(Nothing)
    .output(AccessToken)
    .mutation(({ ctx }) => refresh(ctx)),
  logout: publicProcedure
    .meta({ route: { method: "POST", path: "/api/auth/logout", summary: "End this browser's session" } })
    .input(Nothing)
    .output(Nothing)
    .mutation(async ({ ctx }) => {
      await logout(ctx);
      return {};
    }),
  logout_everywhere: signedInProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/auth/logout_everywhere",
        summary: "End all of one's own tokens and sessions, API tokens included",
      },
    })
    .input(Nothing)
    .output(Nothing)
    .mutation(async ({ ctx }) => {
      await logoutEverywhere(ctx);
      return {};
    }),
});
