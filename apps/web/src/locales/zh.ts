import { app } from "./zh/app.ts";
import { nav } from "./zh/nav.ts";
import { theme } from "./zh/theme.ts";
import { language } from "./zh/language.ts";
import { auth } from "./zh/auth.ts";
import { failure } from "./zh/failure.ts";
import { connection } from "./zh/connection.ts";
import { common } from "./zh/common.ts";
import { board } from "./zh/board.ts";
import { container } from "./zh/container.ts";
import { container_dialog } from "./zh/container-dialog.ts";
import { container_form } from "./zh/container-form.ts";
import { containers } from "./zh/containers.ts";
import { profile } from "./zh/profile.ts";
import { machines } from "./zh/machines.ts";
import { machine } from "./zh/machine.ts";
import { joining } from "./zh/joining.ts";
import { storages } from "./zh/storages.ts";
import { users } from "./zh/users.ts";
import { settings } from "./zh/settings.ts";
import { audit } from "./zh/audit.ts";
import { images } from "./zh/images.ts";
import { palette } from "./zh/palette.ts";
import { image } from "./zh/image.ts";
import { builds } from "./zh/builds.ts";
import { registry } from "./zh/registry.ts";
import { setup } from "./zh/setup.ts";
import { usage } from "./zh/usage.ts";
import { health } from "./zh/health.ts";
import { files } from "./zh/files.ts";

/** Every text of the console, a file a feature. The type check fails where another language lacks one. */
export const zh = {
  app,
  nav,
  theme,
  language,
  auth,
  failure,
  connection,
  common,
  board,
  container,
  container_dialog,
  container_form,
  containers,
  profile,
  machines,
  machine,
  joining,
  storages,
  users,
  settings,
  audit,
  images,
  palette,
  image,
  builds,
  registry,
  setup,
  usage,
  health,
  files,
};

type Same<Shape> = { [Key in keyof Shape]: Shape[Key] extends string ? string : Same<Shape[Key]> };
export type Texts = Same<typeof zh>;
