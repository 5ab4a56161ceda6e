import {
  AddMachineInput,
  Drained,
  ForeignContainers,
  Machine,
  MachineId,
  MachineImage,
  MachineInfo,
  RemoveMachineInput,
  UpdateMachineInput,
} from "@berth/spec/machine.ts";
import { PageInput, pageOf } from "@berth/spec/page.ts";
import { TelemetryHistory, TelemetryRange } from "@berth/spec/telemetry.ts";
import { z } from "zod";
import { adminProcedure, authedProcedure, router } from "../trpc.ts";
import { trusted } from "../trusted-output.ts";
import { addMachine } from "./add.ts";
import { listForeignContainers } from "./foreign-containers.ts";
import { getMachine } from "./get.ts";
import { readMachineInfo } from "./info.ts";
import { joinTokenRouter } from "./join/router.ts";
import { listMachineImages } from "./images.ts";
import { listMachines } from "./list.ts";
import { adoptEngine } from "./adopt.ts";
import { drainMachine } from "./drain.ts";
import { removeMachine } from "./remove.ts";
import { readTelemetry } from "./telemetry.ts";
import { sshKeyOf } from "./ssh-key.ts";
import { updateMachine } from "./update.ts";

const MachineRef = z.object({ machine_id: MachineId });

export const machineRouter = router({
  join_tokens: joinTokenRouter,
  info: authedProcedure
    .meta({ route: { method: "GET", path: "/api/machine/info", summary: "Every GPU server and what it has" } })
    .output(trusted(z.array(MachineInfo)))
    .query(({ ctx }) => readMachineInfo(ctx)),
  list: authedProcedure
    .meta({
      route: { method: "GET", path: "/api/machines", summary: "A page of machines, with all that is shown of them" },
    })
    .input(PageInput)
    .output(pageOf(Machine))
    .query(({ ctx, input }) => listMachines(ctx, input)),
  get: authedProcedure
    .meta({ route: { method: "GET", path: "/api/machines/{machine_id}", summary: "One machine" } })
    .input(MachineRef)
    .output(Machine)
    .query(({ ctx, input }) => getMachine(ctx, input)),
  telemetry: authedProcedure
    .meta({
      route: {
        method: "GET",
        path: "/api/machines/{machine_id}/telemetry",
        summary: "How busy a machine was in the last hour, day or month",
      },
    })
    .input(MachineRef.extend({ range: TelemetryRange.default("hour") }))
    .output(TelemetryHistory)
    .query(({ ctx, input }) => readTelemetry(ctx, input)),
  images: adminProcedure
    .meta({
      route: {
        method: "GET",
        path: "/api/machines/{machine_id}/images",
        summary: "What is on a machine, largest first, as its engine says now",
      },
    })
    .input(MachineRef)
    .output(z.array(MachineImage))
    .query(({ ctx, input }) => listMachineImages(ctx, input)),
  foreign_containers: adminProcedure
    .meta({
      route: {
        method: "GET",
        path: "/api/machines/{machine_id}/foreign_containers",
        summary: "What runs on a machine's Docker that is not Berth's, as its engine says now",
      },
    })
    .input(MachineRef)
    .output(ForeignContainers)
    .query(({ ctx, input }) => listForeignContainers(ctx, input)),
  ssh_key: adminProcedure
    .meta({
      route: {
        method: "GET",
        path: "/api/machines/ssh_key",
        summary: "The line for authorized_keys of GPU servers that Berth is to reach over ssh",
      },
    })
    .output(z.object({ public_key: z.string() }))
    .query(async ({ ctx }) => ({ public_key: (await sshKeyOf(ctx)).public_key })),
  add: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/machines",
        summary: "Adds a GPU server by the address of its engine",
        status: 201,
      },
    })
    .input(AddMachineInput)
    .output(Machine)
    .mutation(({ ctx, input }) => addMachine(ctx, input)),
  update: adminProcedure
    .meta({
      route: {
        method: "PATCH",
        path: "/api/machines/{machine_id}",
        summary: "Changes a machine, or takes no more work on it",
      },
    })
    .input(UpdateMachineInput)
    .output(Machine)
    .mutation(({ ctx, input }) => updateMachine(ctx, input)),
  drain: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/machines/{machine_id}/drain",
        summary: "Cordons a machine, and stops or moves what runs there, as its owners want",
      },
    })
    .input(MachineRef)
    .output(Drained)
    .mutation(({ ctx, input }) => drainMachine(ctx, input)),
  adopt: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/machines/{machine_id}/adopt",
        summary: "Accepts another engine as the machine's, as after it was installed anew",
      },
    })
    .input(MachineRef)
    .output(Machine)
    .mutation(({ ctx, input }) => adoptEngine(ctx, input)),
  remove: adminProcedure
    .meta({
      route: {
        method: "DELETE",
        path: "/api/machines/{machine_id}",
        summary: "Forgets a machine that no container is on, or with force one that never comes back",
      },
    })
    .input(RemoveMachineInput)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await removeMachine(ctx, input);
      return {};
    }),
});
