import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Texts } from "../locales/zh.ts";
import { type Language, preferences } from "./preferences.ts";

/** `containers.phase.Running`: every path to a text. i18next's own types for nested texts give up at some 700 of them. */
type PathOf<Shape> = {
  [Key in keyof Shape & string]: Shape[Key] extends string ? Key : `${Key}.${PathOf<Shape[Key]>}`;
}[keyof Shape & string];

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "console";
    keySeparator: false; // of the types alone
    resources: { console: Record<PathOf<Texts>, string> };
  }
}

/** Only what is read is fetched. */
const LOAD: Record<Language, () => Promise<Texts>> = {
  zh: async () => (await import("../locales/zh.ts")).zh,
  en: async () => (await import("../locales/en.ts")).en,
};

async function speak(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "console")) {
    i18next.addResourceBundle(language, "console", await LOAD[language]());
  }
  // Another one may have been chosen meanwhile.
  if (preferences.get().language === language) await i18next.changeLanguage(language);
}

void i18next.use(initReactI18next).init({
  resources: {},
  defaultNS: "console",
  interpolation: { escapeValue: false }, // React does
  initAsync: false,
});
preferences.subscribe(() => void speak(preferences.get().language));

/** Over once there are texts to show. */
export const spoken: Promise<void> = speak(preferences.get().language);
