export type Mode = "light" | "dark";

/** Every colour of the console, by what it says. `docs/design-language.md` tells when to use which. */
export interface Palette {
  ink: string;
  quiet: string;
  paper: string;
  card: string;
  line: string;
  accent: string;
  on_accent: string;
  good: string;
  busy: string;
  bad: string;
  simulated: string;
}

export const PALETTES: Record<Mode, Palette> = {
  light: {
    ink: "#14232b",
    quiet: "#51646e",
    paper: "#f4f7f8",
    card: "#ffffff",
    line: "#d5dfe3",
    accent: "#0f5f73",
    on_accent: "#ffffff",
    good: "#17693f",
    busy: "#7a4b00",
    bad: "#a3271f",
    simulated: "#5b3aa6",
  },
  dark: {
    ink: "#e6eef1",
    quiet: "#9db1ba",
    paper: "#0e1519",
    card: "#162026",
    line: "#2a3a42",
    accent: "#4fb3c9",
    on_accent: "#06191f",
    good: "#6fd39b",
    busy: "#efbf6b",
    bad: "#ff9a8f",
    simulated: "#bda4f5",
  },
};

/** As custom properties of the page, `--ink` and so on, for style sheets. */
export function paint(mode: Mode): void {
  const { style, dataset } = document.documentElement;
  dataset["mode"] = mode;
  style.colorScheme = mode;
  for (const [name, colour] of Object.entries(PALETTES[mode])) style.setProperty(`--${name.replace("_", "-")}`, colour);
}
