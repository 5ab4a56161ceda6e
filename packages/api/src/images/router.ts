import { AddImageInput, Image, ListImagesInput } from "@berth/spec/image.ts";
import { pageOf } from "@berth/spec/page.ts";
import { z } from "zod";
import { adminProcedure, authedProcedure, router } from "../trpc.ts";
import { addImage } from "./add.ts";
import { getImage } from "./get.ts";
import { listImages } from "./list.ts";
import { removeImage } from "./remove.ts";

const ImageRef = z.object({ image_id: z.int().positive() });

export const imageRouter = router({
  add: adminProcedure
    .input(AddImageInput)
    .output(Image)
    .mutation(({ ctx, input }) => addImage(ctx, input)),
  list: authedProcedure
    .input(ListImagesInput)
    .output(pageOf(Image))
    .query(({ ctx, input }) => listImages(ctx, input)),
  get: authedProcedure
    .input(ImageRef)
    .output(Image)
    .query(({ ctx, input }) => getImage(ctx, input)),
  remove: authedProcedure
    .input(ImageRef)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await removeImage(ctx, input);
      return {};
    }),
});
