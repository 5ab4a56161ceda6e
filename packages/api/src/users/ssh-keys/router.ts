import { pageOf } from "@berth/spec/page.ts";
import { AddSshKeyInput, SshKey, SshKeyRef } from "@berth/spec/ssh-key.ts";
import { z } from "zod";
import { authedProcedure, router } from "../../trpc.ts";
import { addSshKey } from "./add.ts";
import { listSshKeys } from "./list.ts";
import { removeSshKey } from "./remove.ts";

export const sshKeyRouter = router({
  list: authedProcedure
    .meta({ route: { method: "GET", path: "/api/user/ssh_keys", summary: "One's own ssh public keys" } })
    .output(pageOf(SshKey))
    .query(({ ctx }) => listSshKeys(ctx)),
  add: authedProcedure
    .meta({ route: { method: "POST", path: "/api/user/ssh_keys", summary: "Add an ssh public key", status: 201 } })
    .input(AddSshKeyInput)
    .output(SshKey)
    .mutation(({ ctx, input }) => addSshKey(ctx, input)),
  remove: authedProcedure
    .meta({ route: { method: "DELETE", path: "/api/user/ssh_keys/{key_id}", summary: "Remove an ssh public key" } })
    .input(SshKeyRef)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await removeSshKey(ctx, input);
      return {};
    }),
});
