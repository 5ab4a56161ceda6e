import type { Texts } from "../zh.ts";

export const language: Texts["language"] = {
  label: "Language",
  zh: "中文",
  en: "English",
};
