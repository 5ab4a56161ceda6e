import { CreatedJoinToken, CreateJoinTokenInput, JoinToken, JoinTokenRef } from "@berth/spec/join-token.ts";
import { PageInput, pageOf } from "@berth/spec/page.ts";
import { z } from "zod";
import { adminProcedure, router } from "../../trpc.ts";
import { createJoinToken } from "./create-token.ts";
import { listJoinTokens } from "./list-tokens.ts";
import { revokeJoinToken } from "./revoke-token.ts";

export const joinTokenRouter = router({
  create: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/machines/join_tokens",
        summary: "Lets one GPU server join: answers the line to paste there, which is shown this once",
        status: 201,
        isSecret: true,
      },
    })
    .input(CreateJoinTokenInput)
    .output(CreatedJoinToken)
    .mutation(({ ctx, input }) => createJoinToken(ctx, input)),
  list: adminProcedure
    .meta({ route: { method: "GET", path: "/api/machines/join_tokens", summary: "Join tokens, newest first" } })
    .input(PageInput)
    .output(pageOf(JoinToken))
    .query(({ ctx, input }) => listJoinTokens(ctx, input)),
  revoke: adminProcedure
    .meta({
      route: { method: "DELETE", path: "/api/machines/join_tokens/{join_token_id}", summary: "Take a join token back" },
    })
    .input(JoinTokenRef)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await revokeJoinToken(ctx, input);
      return {};
    }),
});
