import {
  AddMachineInput,
  Machine,
  MachineId,
  MachineImage,
  MachineInfo,
  UpdateMachineInput,
} from "@berth/spec/machine.ts";
import { PageInput, pageOf } from "@berth/spec/page.ts";
import { z } from "zod";
import { adminProcedure, authedProcedure, router } from "../trpc.ts";
import { trusted } from "../trusted-output.ts";
import { addMachine } from "./add.ts";
import { getMachine } from "./get.ts";
import { readMachineInfo } from "./info.ts";
import { listMachineImages } from "./images.ts";
import { listMachines } from "./list.ts";
import { removeMachine } from "./remove.ts";
import { updateMachine } from "./update.ts";

const MachineRef = z.object({ machine_id: MachineId });

export const machineRouter = router({
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
  remove: adminProcedure
    .meta({
      route: {
        method: "DELETE",
        path: "/api/machines/{machine_id}",
        summary: "Forgets a machine that no container is on",
      },
    })
    .input(MachineRef)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await removeMachine(ctx, input);
      return {};
    }),
});
