import { CreatedInvitation, CreateInvitationInput, Invitation, InvitationRef } from "@berth/spec/invitation.ts";
import { PageInput, pageOf } from "@berth/spec/page.ts";
import { z } from "zod";
import { adminProcedure, router } from "../trpc.ts";
import { createInvitation } from "./create.ts";
import { listInvitations } from "./list.ts";
import { revokeInvitation } from "./revoke.ts";

export const invitationRouter = router({
  create: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/invitations",
        summary: "Invite people: the code is shown this once",
        status: 201,
        isSecret: true,
      },
    })
    .input(CreateInvitationInput)
    .output(CreatedInvitation)
    .mutation(({ ctx, input }) => createInvitation(ctx, input)),
  list: adminProcedure
    .meta({ route: { method: "GET", path: "/api/invitations", summary: "Invitations, newest first" } })
    .input(PageInput)
    .output(pageOf(Invitation))
    .query(({ ctx, input }) => listInvitations(ctx, input)),
  revoke: adminProcedure
    .meta({ route: { method: "DELETE", path: "/api/invitations/{invitation_id}", summary: "Take an invitation back" } })
    .input(InvitationRef)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await revokeInvitation(ctx, input);
      return {};
    }),
});
