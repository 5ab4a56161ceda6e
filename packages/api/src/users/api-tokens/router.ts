import { ApiToken, ApiTokenRef, CreateApiTokenInput, CreatedApiToken } from "@berth/spec/api-token.ts";
import { pageOf } from "@berth/spec/page.ts";
import { z } from "zod";
import { authedProcedure, router, signedInProcedure } from "../../trpc.ts";
import { createApiToken } from "./create.ts";
import { listApiTokens } from "./list.ts";
import { revokeApiToken } from "./revoke.ts";

export const apiTokenRouter = router({
  list: authedProcedure
    .meta({ route: { method: "GET", path: "/api/user/api_tokens", summary: "One's own API tokens" } })
    .output(pageOf(ApiToken))
    .query(({ ctx }) => listApiTokens(ctx)),
  create: signedInProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/user/api_tokens",
        summary: "Make an API token: it is shown this once",
        status: 201,
        isSecret: true,
      },
    })
    .input(CreateApiTokenInput)
    .output(CreatedApiToken)
    .mutation(({ ctx, input }) => createApiToken(ctx, input)),
  revoke: signedInProcedure
    .meta({ route: { method: "DELETE", path: "/api/user/api_tokens/{token_id}", summary: "End an API token" } })
    .input(ApiTokenRef)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await revokeApiToken(ctx, input);
      return {};
    }),
});
