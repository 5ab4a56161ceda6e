import {
  Container,
  ContainerRef,
  CreateContainerInput,
  ListContainersInput,
  ObjectEvent,
  RecreateContainerInput,
  StartContainerInput,
  UpdateContainerInput,
} from "@berth/spec/container.ts";
import { pageOf } from "@berth/spec/page.ts";
import { authedProcedure, router } from "../trpc.ts";
import { createContainer } from "./create.ts";
import { deleteContainer } from "./delete.ts";
import { listContainerEvents, ListEventsInput } from "./events.ts";
import { getContainer } from "./get.ts";
import { listContainers } from "./list.ts";
import { recreateContainer } from "./recreate.ts";
import { startContainer } from "./start.ts";
import { stopContainer } from "./stop.ts";
import { updateContainer } from "./update.ts";

export const containerRouter = router({
  create: authedProcedure
    .input(CreateContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => createContainer(ctx, input)),
  list: authedProcedure
    .input(ListContainersInput)
    .output(pageOf(Container))
    .query(({ ctx, input }) => listContainers(ctx, input)),
  get: authedProcedure
    .input(ContainerRef)
    .output(Container)
    .query(({ ctx, input }) => getContainer(ctx, input)),
  update: authedProcedure
    .input(UpdateContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => updateContainer(ctx, input)),
  start: authedProcedure
    .input(StartContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => startContainer(ctx, input)),
  stop: authedProcedure
    .input(ContainerRef)
    .output(Container)
    .mutation(({ ctx, input }) => stopContainer(ctx, input)),
  recreate: authedProcedure
    .input(RecreateContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => recreateContainer(ctx, input)),
  delete: authedProcedure
    .input(ContainerRef)
    .output(Container)
    .mutation(({ ctx, input }) => deleteContainer(ctx, input)),
  events: authedProcedure
    .input(ListEventsInput)
    .output(pageOf(ObjectEvent))
    .query(({ ctx, input }) => listContainerEvents(ctx, input)),
});
