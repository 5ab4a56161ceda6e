import type { Texts } from "./zh.ts";
import { app } from "./en/app.ts";
import { nav } from "./en/nav.ts";
import { theme } from "./en/theme.ts";
import { language } from "./en/language.ts";
import { auth } from "./en/auth.ts";
import { failure } from "./en/failure.ts";
import { connection } from "./en/connection.ts";
import { common } from "./en/common.ts";
import { board } from "./en/board.ts";
import { container } from "./en/container.ts";
import { container_dialog } from "./en/container-dialog.ts";
import { container_form } from "./en/container-form.ts";
import { containers } from "./en/containers.ts";
import { profile } from "./en/profile.ts";
import { machines } from "./en/machines.ts";
import { machine } from "./en/machine.ts";
import { joining } from "./en/joining.ts";
import { storages } from "./en/storages.ts";
import { users } from "./en/users.ts";
import { settings } from "./en/settings.ts";
import { audit } from "./en/audit.ts";
import { images } from "./en/images.ts";
import { palette } from "./en/palette.ts";
import { image } from "./en/image.ts";
import { builds } from "./en/builds.ts";
import { registry } from "./en/registry.ts";
import { setup } from "./en/setup.ts";
import { usage } from "./en/usage.ts";
import { health } from "./en/health.ts";
import { files } from "./en/files.ts";

export const en: Texts = {
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
