import { pageOf } from "@berth/spec/page.ts";
import {
  CreateUserInput,
  DefaultPhoto,
  GetUserInput,
  ListUsersInput,
  ManagedUser,
  MAX_PHOTO_BYTES,
  Me,
  Photo,
  SetCustomPhotoInput,
  SetDefaultPhotoInput,
  SetPasswordAnswer,
  SetPasswordInput,
  SetProfileInput,
  UpdateUserInput,
  User,
  UserRef,
} from "@berth/spec/user.ts";
import { z } from "zod";
import { adminProcedure, authedProcedure, router, signedInProcedure } from "../trpc.ts";
import { apiTokenRouter } from "./api-tokens/router.ts";
import { createUser } from "./create.ts";
import { DEFAULT_PHOTOS } from "./default-photos.ts";
import { deleteUser } from "./delete.ts";
import { getManagedUser } from "./get.ts";
import { getUser } from "./get-user.ts";
import { listUsers } from "./list.ts";
import { me } from "./me.ts";
import { setCustomPhoto } from "./set-custom-photo.ts";
import { setDefaultPhoto } from "./set-default-photo.ts";
import { setPassword } from "./set-password.ts";
import { setProfile } from "./set-profile.ts";
import { sshKeyRouter } from "./ssh-keys/router.ts";
import { updateUser } from "./update.ts";

const Nothing = z.object({});

export const userRouter = router({
  me: authedProcedure
    .meta({ route: { method: "GET", path: "/api/user/me", summary: "Who one is" } })
    .output(Me)
    .query(({ ctx }) => me(ctx)),
  get_user: authedProcedure
    .meta({ route: { method: "GET", path: "/api/user/get_user/{account}", summary: "A user, by account" } })
    .input(GetUserInput)
    .output(User)
    .query(({ ctx, input }) => getUser(ctx, input)),
  set_profile: authedProcedure
    .meta({ route: { method: "POST", path: "/api/user/set_profile", summary: "Change one's own profile" } })
    .input(SetProfileInput)
    .output(Nothing)
    .mutation(async ({ ctx, input }) => {
      await setProfile(ctx, input);
      return {};
    }),
  set_password: signedInProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/user/set_password",
        summary: "Change one's own password, or another's as an admin",
        isSecret: true,
      },
    })
    .input(SetPasswordInput)
    .output(SetPasswordAnswer)
    .mutation(({ ctx, input }) => setPassword(ctx, input)),
  set_photo_custom: authedProcedure
    .meta({
      route: {
        method: "POST",
        path: "/api/user/set_photo/custom",
        summary: "Upload a photo",
        upload: { field: "photo", maxBytes: MAX_PHOTO_BYTES },
      },
    })
    .input(SetCustomPhotoInput)
    .output(Photo)
    .mutation(({ ctx, input }) => setCustomPhoto(ctx, input)),
  set_photo_default: authedProcedure
    .meta({ route: { method: "POST", path: "/api/user/set_photo/default", summary: "Choose one of Berth's pictures" } })
    .input(SetDefaultPhotoInput)
    .output(Nothing)
    .mutation(async ({ ctx, input }) => {
      await setDefaultPhoto(ctx, input);
      return {};
    }),
  default_photos: authedProcedure
    .meta({ route: { method: "GET", path: "/api/user/default_photos", summary: "Berth's pictures to choose from" } })
    .output(pageOf(DefaultPhoto))
    .query(() => ({ items: [...DEFAULT_PHOTOS], next_cursor: null })),
  list: adminProcedure
    .meta({ route: { method: "GET", path: "/api/users", summary: "All users" } })
    .input(ListUsersInput)
    .output(pageOf(ManagedUser))
    .query(({ ctx, input }) => listUsers(ctx, input)),
  get: adminProcedure
    .meta({ route: { method: "GET", path: "/api/users/{user_id}", summary: "A user, with role and quota" } })
    .input(UserRef)
    .output(ManagedUser)
    .query(({ ctx, input }) => getManagedUser(ctx, input)),
  create: adminProcedure
    .meta({ route: { method: "POST", path: "/api/users", summary: "Make an account for somebody", status: 201 } })
    .input(CreateUserInput)
    .output(ManagedUser)
    .mutation(({ ctx, input }) => createUser(ctx, input)),
  update: adminProcedure
    .meta({ route: { method: "PATCH", path: "/api/users/{user_id}", summary: "Change role or quota, or disable" } })
    .input(UpdateUserInput)
    .output(ManagedUser)
    .mutation(({ ctx, input }) => updateUser(ctx, input)),
  delete: adminProcedure
    .meta({ route: { method: "DELETE", path: "/api/users/{user_id}", summary: "Delete a user who owns nothing" } })
    .input(UserRef)
    .output(Nothing)
    .mutation(async ({ ctx, input }) => {
      await deleteUser(ctx, input);
      return {};
    }),
  ssh_keys: sshKeyRouter,
  api_tokens: apiTokenRouter,
});
