import { type Mode, paint } from "../design/palette.ts";
import { Store, useStore } from "./store.ts";
import { readStored, writeStored } from "./stored.ts";

export const LANGUAGES = ["zh", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export interface Preferences {
  language: Language;
  theme: Theme;
  /** What `theme` comes to now. */
  mode: Mode;
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const languageOfBrowser = (): Language => (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
const modeOf = (theme: Theme): Mode => (theme === "system" ? (prefersDark.matches ? "dark" : "light") : theme);

const store = new Store(load());

function load(): Preferences {
  const language = LANGUAGES.find((known) => known === readStored("berth-language")) ?? languageOfBrowser();
  const theme = THEMES.find((known) => known === readStored("berth-theme")) ?? "system";
  return { language, theme, mode: modeOf(theme) };
}

/** Of this browser; each change is seen everywhere at once, and in its other tabs. */
export const preferences = {
  get: store.get,
  subscribe: store.subscribe,
  setLanguage(language: Language): void {
    writeStored("berth-language", language);
    apply({ ...store.get(), language });
  },
  setTheme(theme: Theme): void {
    writeStored("berth-theme", theme);
    apply({ ...store.get(), theme, mode: modeOf(theme) });
  },
};

function apply(next: Preferences): void {
  paint(next.mode);
  document.documentElement.lang = next.language === "zh" ? "zh-CN" : "en";
  store.set(next);
}

prefersDark.addEventListener("change", () => apply({ ...store.get(), mode: modeOf(store.get().theme) }));
addEventListener("storage", ({ key }) => {
  if (key === "berth-language" || key === "berth-theme") apply(load());
});
apply(store.get());

export const usePreferences = (): Preferences => useStore(store);
