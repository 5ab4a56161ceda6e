import { AuditEntry, ListAuditInput } from "@berth/spec/audit.ts";
import { pageOf } from "@berth/spec/page.ts";
import { adminProcedure, router } from "../trpc.ts";
import { listAudit } from "./list.ts";

export const auditRouter = router({
  list: adminProcedure
    .meta({ route: { method: "GET", path: "/api/audit", summary: "Who did what to which object, newest first" } })
    .input(ListAuditInput)
    .output(pageOf(AuditEntry))
    .query(({ ctx, input }) => listAudit(ctx, input)),
});
