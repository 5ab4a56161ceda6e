import { Settings, Setup, UpdateSettingsInput } from "@berth/spec/settings.ts";
import { adminProcedure, router } from "../trpc.ts";
import { readSettings } from "./read.ts";
import { readSetup } from "./setup.ts";
import { updateSettings } from "./update.ts";

export const settingsRouter = router({
  get: adminProcedure
    .meta({ route: { method: "GET", path: "/api/settings", summary: "What admins have set" } })
    .output(Settings)
    .query(({ ctx }) => readSettings(ctx.sql)),
  setup: adminProcedure
    .meta({ route: { method: "GET", path: "/api/settings/setup", summary: "What of a fresh Berth is set up" } })
    .output(Setup)
    .query(({ ctx }) => readSetup(ctx.sql)),
  update: adminProcedure
    .meta({ route: { method: "PATCH", path: "/api/settings", summary: "Change settings" } })
    .input(UpdateSettingsInput)
    .output(Settings)
    .mutation(({ ctx, input }) => updateSettings(ctx, input)),
});
