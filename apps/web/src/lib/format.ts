import { type Language, usePreferences } from "./preferences.ts";

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** Made once: it takes long, and a list asks for one a row. */
const formats = { zh: createFormat("zh-CN"), en: createFormat("en-GB") } satisfies Record<Language, unknown>;

function createFormat(tag: string) {
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
  const exact = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "medium" });
  const number = new Intl.NumberFormat(tag);
  return {
    /** "3 minutes ago", "in 5 seconds". */
    relative(at: string, now: number): string {
      const seconds = (Date.parse(at) - now) / 1_000;
      const [unit, size] = UNITS.find(([, long]) => Math.abs(seconds) >= long) ?? (["second", 1] as const);
      return relative.format(Math.round(seconds / size), unit);
    },
    exact: (at: string): string => exact.format(new Date(at)),
    number: (value: number): string => number.format(value),
  };
}

/** Times and numbers as the reader's language writes them. */
export const useFormat = () => formats[usePreferences().language];
