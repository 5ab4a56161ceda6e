import { fileURLToPath } from "node:url";
import type { z } from "zod";
import type { DefaultPhoto } from "@berth/spec/user.ts";

/** Where `<name>.svg` lies for each of them; the server serves it as `/photos/default/<name>.svg`. */
export const DEFAULT_PHOTOS_DIR = fileURLToPath(new URL("../../assets/photos", import.meta.url));

const NAMES = [
  "anchor",
  "boat",
  "buoy",
  "container",
  "crab",
  "crane",
  "gull",
  "lighthouse",
  "tug",
  "wave",
  "whale",
  "wheel",
] as const;

/** Pictures for who has none of their own. */
export const DEFAULT_PHOTOS: readonly z.infer<typeof DefaultPhoto>[] = NAMES.map((name) => ({
  name,
  photo: `/photos/default/${name}.svg`,
}));
