import {
  Container,
  ContainerLogs,
  ContainerLogsInput,
  ContainerRef,
  CreateContainerInput,
  ListContainersInput,
  ObjectEvent,
  OpenedPort,
  OpenPortInput,
  RecreateContainerInput,
  RestoreContainerInput,
  MoveContainerInput,
  StartContainerInput,
  UpdateContainerInput,
} from "@berth/spec/container.ts";
import { DownloadTicket, FileListing, ListFilesInput } from "@berth/spec/container-file.ts";
import { Image, SaveContainerInput } from "@berth/spec/image.ts";
import { pageOf } from "@berth/spec/page.ts";
import { NEVER, passOn } from "../live/pass-on.ts";
import { authedProcedure, router } from "../trpc.ts";
import { trusted } from "../trusted-output.ts";
import { createContainer } from "./create.ts";
import { deleteContainer } from "./delete.ts";
import { listContainerEvents, ListEventsInput } from "./events.ts";
import { listFiles } from "./files/list.ts";
import { giveDownloadTicket } from "./files/ticket.ts";
import { getContainer } from "./get.ts";
import { listContainers } from "./list.ts";
import { readContainerLogs } from "./logs.ts";
import { moveContainer } from "./move.ts";
import { openPort } from "../proxy/open-port.ts";
import { recreateContainer } from "./recreate.ts";
import { restartContainer } from "./restart.ts";
import { restoreContainer } from "./restore.ts";
import { saveContainer } from "./save.ts";
import { startContainer } from "./start.ts";
import { followStats } from "./stats.ts";
import { stopContainer } from "./stop.ts";
import { updateContainer } from "./update.ts";

export const containerRouter = router({
  create: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers",
        summary: "Asks for a container: it is made, and started, by and by",
        status: 201,
      },
    })
    .input(CreateContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => createContainer(ctx, input)),
  list: authedProcedure
    .meta({ route: { method: "GET", path: "/api/containers", summary: "A page of containers, newest first" } })
    .input(ListContainersInput)
    .output(trusted(pageOf(Container)))
    .query(({ ctx, input }) => listContainers(ctx, input)),
  get: authedProcedure
    .meta({ route: { method: "GET", path: "/api/containers/{container_id}", summary: "One container" } })
    .input(ContainerRef)
    .output(Container)
    .query(({ ctx, input }) => getContainer(ctx, input)),
  update: authedProcedure
    .meta({
      route: {
        method: "PATCH",
        path: "/api/containers/{container_id}",
        summary: "Changes a container; what an engine fixes at its making needs recreate",
      },
    })
    .input(UpdateContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => updateContainer(ctx, input)),
  start: authedProcedure
    .meta({ route: { method: "POST", path: "/api/containers/{container_id}/start", summary: "Starts a container" } })
    .input(StartContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => startContainer(ctx, input)),
  stop: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers/{container_id}/stop",
        summary: "Stops a container; its GPUs are given back",
      },
    })
    .input(ContainerRef)
    .output(Container)
    .mutation(({ ctx, input }) => stopContainer(ctx, input)),
  restart: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers/{container_id}/restart",
        summary: "Stops a container where it runs, and starts it",
      },
    })
    .input(ContainerRef)
    .output(Container)
    .mutation(({ ctx, input }) => restartContainer(ctx, input)),
  move: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers/{container_id}/move",
        summary: "Saves a container, and has it go on on another machine",
      },
    })
    .input(MoveContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => moveContainer(ctx, input)),
  recreate: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers/{container_id}/recreate",
        summary: "Has a container made anew, with its content or without",
      },
    })
    .input(RecreateContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => recreateContainer(ctx, input)),
  save: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers/{container_id}/save",
        summary: "Saves what is in a container as an image of its owner's",
        status: 201,
      },
    })
    .input(SaveContainerInput)
    .output(Image)
    .mutation(({ ctx, input }) => saveContainer(ctx, input)),
  restore: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers/{container_id}/restore",
        summary: "Brings back what a recreate has set aside.",
      },
    })
    .input(RestoreContainerInput)
    .output(Container)
    .mutation(({ ctx, input }) => restoreContainer(ctx, input)),
  open: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers/{container_id}/open",
        summary: "An address, good once, at which a browser sees the pages of a container's http port",
        isSecret: true,
      },
    })
    .input(OpenPortInput)
    .output(OpenedPort)
    .mutation(({ ctx, input }) => openPort(ctx, input)),
  delete: authedProcedure
    .meta({
      route: {
        method: "DELETE",
        path: "/api/containers/{container_id}",
        summary: "Removes a container and what is in it",
      },
    })
    .input(ContainerRef)
    .output(Container)
    .mutation(({ ctx, input }) => deleteContainer(ctx, input)),
  events: authedProcedure
    .meta({
      route: {
        method: "GET",
        path: "/api/containers/{container_id}/events",
        summary: "What happened to a container, newest first",
      },
    })
    .input(ListEventsInput)
    .output(pageOf(ObjectEvent))
    .query(({ ctx, input }) => listContainerEvents(ctx, input)),
  logs: authedProcedure
    .meta({
      route: {
        method: "GET",
        path: "/api/containers/{container_id}/logs",
        summary: "The newest lines that a container has printed",
      },
    })
    .input(ContainerLogsInput)
    .output(ContainerLogs)
    .query(({ ctx, input }) => readContainerLogs(ctx, input)),
  list_files: authedProcedure
    .meta({
      route: {
        method: "GET",
        path: "/api/containers/{container_id}/files",
        summary: "What lies in a folder of a container that runs",
      },
    })
    .input(ListFilesInput)
    .output(trusted(FileListing))
    .query(({ ctx, input }) => listFiles(ctx, input)),
  download_file: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/containers/{container_id}/files/download",
        summary: "A ticket with which a browser downloads a file or folder by itself",
        isSecret: true,
      },
    })
    .input(ListFilesInput)
    .output(DownloadTicket)
    .mutation(({ ctx, input }) => giveDownloadTicket(ctx, input)),
  stats: authedProcedure
    .input(ContainerRef)
    .subscription(async ({ ctx, input, signal }) => passOn(await followStats(ctx, input, signal ?? NEVER))),
});
