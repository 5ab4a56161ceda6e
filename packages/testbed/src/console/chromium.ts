import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Debian's. */
const PATH = "/usr/bin/chromium";

export const hasChromium = (): boolean => existsSync(PATH);

/** Without what it would ask of the internet by itself. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: PATH, args: ["--no-sandbox", "--disable-background-networking"] });
