import { pageOf } from "@berth/spec/page.ts";
import { CreateStorageInput, ListStoragesInput, Storage, StorageRef, UpdateStorageInput } from "@berth/spec/storage.ts";
import { z } from "zod";
import { adminProcedure, authedProcedure, router } from "../trpc.ts";
import { createStorage } from "./create.ts";
import { listStorages } from "./list.ts";
import { removeStorage } from "./remove.ts";
import { updateStorage } from "./update.ts";

export const storageRouter = router({
  list: authedProcedure
    .meta({ route: { method: "GET", path: "/api/storages", summary: "What containers can have mounted" } })
    .input(ListStoragesInput)
    .output(pageOf(Storage))
    .query(({ ctx, input }) => listStorages(ctx, input)),
  create: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/storages",
        summary: "Offers a directory of machines, or volumes of their Docker, to be mounted",
        status: 201,
      },
    })
    .input(CreateStorageInput)
    .output(Storage)
    .mutation(({ ctx, input }) => createStorage(ctx, input)),
  update: adminProcedure
    .meta({
      route: {
        method: "PATCH",
        path: "/api/storages/{storage_id}",
        summary: "Changes what is said of a storage, or, while nothing uses it, where it is",
      },
    })
    .input(UpdateStorageInput)
    .output(Storage)
    .mutation(({ ctx, input }) => updateStorage(ctx, input)),
  remove: adminProcedure
    .meta({
      route: {
        method: "DELETE",
        path: "/api/storages/{storage_id}",
        summary: "Offers a storage that nothing uses no longer; the data stays where it is",
      },
    })
    .input(StorageRef)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await removeStorage(ctx, input);
      return {};
    }),
});
