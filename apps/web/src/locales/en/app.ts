import type { Texts } from "../zh.ts";

export const app: Texts["app"] = {
  name: "Berth",
  tagline: "A lab's GPU servers, shared",
};
