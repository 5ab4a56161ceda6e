import { AccessToken, Credentials, Me, RegisterInput, Registered } from "@berth/spec/user.ts";
import { authedProcedure, publicProcedure, router } from "../trpc.ts";
import { login } from "./login.ts";
import { me } from "./me.ts";
import { register } from "./register.ts";

export const authRouter = router({
  login: publicProcedure
    .input(Credentials)
    .output(AccessToken)
    .mutation(({ ctx, input }) => login(ctx, input)),
  register: publicProcedure
    .input(RegisterInput)
    .output(Registered)
    .mutation(({ ctx, input }) => register(ctx, input)),
  me: authedProcedure.output(Me).query(({ ctx }) => me(ctx)),
});
