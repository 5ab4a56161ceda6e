import { AddMachineInput, Machine, MachineId, UpdateMachineInput } from "@berth/spec/machine.ts";
import { PageInput, pageOf } from "@berth/spec/page.ts";
import { z } from "zod";
import { adminProcedure, authedProcedure, router } from "../trpc.ts";
import { addMachine } from "./add.ts";
import { getMachine } from "./get.ts";
import { listMachines } from "./list.ts";
import { removeMachine } from "./remove.ts";
import { updateMachine } from "./update.ts";

const MachineRef = z.object({ machine_id: MachineId });

export const machineRouter = router({
  add: adminProcedure
    .input(AddMachineInput)
    .output(Machine)
    .mutation(({ ctx, input }) => addMachine(ctx, input)),
  list: authedProcedure
    .input(PageInput)
    .output(pageOf(Machine))
    .query(({ ctx, input }) => listMachines(ctx, input)),
  get: authedProcedure
    .input(MachineRef)
    .output(Machine)
    .query(({ ctx, input }) => getMachine(ctx, input)),
  update: adminProcedure
    .input(UpdateMachineInput)
    .output(Machine)
    .mutation(({ ctx, input }) => updateMachine(ctx, input)),
  remove: adminProcedure
    .input(MachineRef)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await removeMachine(ctx, input);
      return {};
    }),
});
