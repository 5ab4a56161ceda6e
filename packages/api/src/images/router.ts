import {
  AddImageInput,
  BuildImageInput,
  DOCKERFILE_MAX_BYTES,
  Image,
  ImageDetails,
  ImageRef,
  ListImagesInput,
  MirrorImageInput,
  PrewarmImageInput,
  PublishImageInput,
  ImageLog,
  ReadImageLogInput,
  ShareImageInput,
  UpdateImageInput,
} from "@berth/spec/image.ts";
import { pageOf } from "@berth/spec/page.ts";
import { adminProcedure, authedProcedure, router } from "../trpc.ts";
import { addImage } from "./add.ts";
import { getImageDetails } from "./get-details.ts";
import { listImages } from "./list.ts";
import { mirrorImage } from "./mirror.ts";
import { prewarmImage } from "./prewarm.ts";
import { publishImage } from "./publish.ts";
import { buildImage } from "./build.ts";
import { CONTEXT_LIMITS } from "./build-context/entry.ts";
import { cancelImage } from "./cancel.ts";
import { readLog } from "./log.ts";
import { removeImage } from "./remove.ts";
import { retryImage } from "./retry.ts";
import { shareImage } from "./share.ts";
import { updateImage } from "./update.ts";

export const imageRouter = router({
  list: authedProcedure
    .meta({
      route: {
        method: "GET",
        path: "/api/images",
        summary: "A page of images to start containers from, newest first",
      },
    })
    .input(ListImagesInput)
    .output(pageOf(Image))
    .query(({ ctx, input }) => listImages(ctx, input)),
  get: authedProcedure
    .meta({ route: { method: "GET", path: "/api/images/{image_id}", summary: "One image" } })
    .input(ImageRef)
    .output(ImageDetails)
    .query(({ ctx, input }) => getImageDetails(ctx, input)),
  add: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/images",
        summary: "Records an image that engines hold or pull by its reference",
        status: 201,
      },
    })
    .input(AddImageInput)
    .output(Image)
    .mutation(({ ctx, input }) => addImage(ctx, input)),
  mirror: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/images/mirror",
        summary: "Brings an image of another registry onto Berth's own, as a public one",
        status: 201,
      },
    })
    .input(MirrorImageInput)
    .output(Image)
    .mutation(({ ctx, input }) => mirrorImage(ctx, input)),
  publish: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/images/{image_id}/publish",
        summary: "Gives the content of an image a public name",
        status: 201,
      },
    })
    .input(PublishImageInput)
    .output(Image)
    .mutation(({ ctx, input }) => publishImage(ctx, input)),
  prewarm: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/images/{image_id}/prewarm",
        summary: "Keeps an image on exactly these machines, before any container asks for it",
      },
    })
    .input(PrewarmImageInput)
    .output(Image)
    .mutation(({ ctx, input }) => prewarmImage(ctx, input)),
  update: authedProcedure
    .meta({
      route: {
        method: "PATCH",
        path: "/api/images/{image_id}",
        summary: "Changes what is said of an image, or its dictionary",
      },
    })
    .input(UpdateImageInput)
    .output(Image)
    .mutation(({ ctx, input }) => updateImage(ctx, input)),
  share: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/images/{image_id}/share",
        summary: "Shares an image with exactly these users",
      },
    })
    .input(ShareImageInput)
    .output(Image)
    .mutation(({ ctx, input }) => shareImage(ctx, input)),
  remove: authedProcedure
    .meta({
      route: { method: "DELETE", path: "/api/images/{image_id}", summary: "Removes an image that nothing depends on" },
    })
    .input(ImageRef)
    .output(Image)
    .mutation(({ ctx, input }) => removeImage(ctx, input)),
  build: adminProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/images/build",
        summary: "Builds an image from a Dockerfile, from files or from a repository",
        status: 201,
        upload: {
          field: "context",
          maxBytes: CONTEXT_LIMITS.unpackedBytes,
          isOnDisk: true,
          isOptional: true,
          maxTextBytes: DOCKERFILE_MAX_BYTES,
        },
      },
    })
    .input(BuildImageInput)
    .output(Image)
    .mutation(({ ctx, input }) => buildImage(ctx, input)),
  log: authedProcedure
    .meta({
      route: { method: "GET", path: "/api/images/{image_id}/log", summary: "A page of what making an image printed" },
    })
    .input(ReadImageLogInput)
    .output(ImageLog)
    .query(({ ctx, input }) => readLog(ctx, input)),
  cancel: authedProcedure
    .meta({
      route: { method: "POST", path: "/api/images/{image_id}/cancel", summary: "Gives up making an image" },
    })
    .input(ImageRef)
    .output(Image)
    .mutation(({ ctx, input }) => cancelImage(ctx, input)),
  retry: authedProcedure
    .meta({
      route: { method: "POST", path: "/api/images/{image_id}/retry", summary: "Makes an image that failed again" },
    })
    .input(ImageRef)
    .output(Image)
    .mutation(({ ctx, input }) => retryImage(ctx, input)),
});
