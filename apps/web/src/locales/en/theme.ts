import type { Texts } from "../zh.ts";

export const theme: Texts["theme"] = {
  label: "Appearance",
  system: "As the system",
  light: "Light",
  dark: "Dark",
};
