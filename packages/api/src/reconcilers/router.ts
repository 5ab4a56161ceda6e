import { ReconcilersReport } from "@berth/spec/reconciler.ts";
import { adminProcedure, router } from "../trpc.ts";
import { reportReconcilers } from "./report.ts";

export const reconcilerRouter = router({
  report: adminProcedure
    .meta({ route: { method: "GET", path: "/api/reconcilers", summary: "How the reconcilers do" } })
    .output(ReconcilersReport)
    .query(({ ctx }) => reportReconcilers(ctx.sql)),
});
