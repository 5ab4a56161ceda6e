import { GpuHours, GpuHoursInput } from "@berth/spec/usage.ts";
import { adminProcedure, authedProcedure, router } from "../trpc.ts";
import { gpuHours } from "./gpu-hours.ts";

export const usageRouter = router({
  gpu_hours: adminProcedure
    .meta({
      route: { method: "GET", path: "/api/usage/gpu_hours", summary: "How long each user held GPUs" },
    })
    .input(GpuHoursInput)
    .output(GpuHours)
    .query(({ ctx, input }) => gpuHours(ctx.sql, input, null)),
  my_gpu_hours: authedProcedure
    .meta({
      route: { method: "GET", path: "/api/usage/my_gpu_hours", summary: "How long one has held GPUs" },
    })
    .input(GpuHoursInput)
    .output(GpuHours)
    .query(({ ctx, input }) => gpuHours(ctx.sql, input, ctx.actor.user_id)),
});
