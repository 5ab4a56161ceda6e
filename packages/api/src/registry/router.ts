import { PageInput, pageOf } from "@berth/spec/page.ts";
import { RegistryImage, RegistryStatus } from "@berth/spec/registry.ts";
import { adminProcedure, authedProcedure, router } from "../trpc.ts";
import { collectGarbage } from "./collect.ts";
import { listRegistryImages } from "./list-images.ts";
import { readRegistryStatus } from "./status.ts";

export const registryRouter = router({
  status: authedProcedure
    .meta({ route: { method: "GET", path: "/api/registry", summary: "Where the registry is, and how it does" } })
    .output(RegistryStatus)
    .query(({ ctx }) => readRegistryStatus(ctx.sql)),
  images: adminProcedure
    .meta({
      route: { method: "GET", path: "/api/registry/images", summary: "What the registry itself says it holds" },
    })
    .input(PageInput)
    .output(pageOf(RegistryImage))
    .query(({ ctx, input }) => listRegistryImages(ctx, input)),
  collect: adminProcedure
    .meta({
      route: { method: "POST", path: "/api/registry/collect", summary: "Collect the registry's garbage now" },
    })
    .output(RegistryStatus)
    .mutation(({ ctx }) => collectGarbage(ctx)),
});
