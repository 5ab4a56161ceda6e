import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";

/** Runs Debian's Chromium, which else drops requests whenever an engine that starts beside it changes this host's network. */
const PATH = fileURLToPath(new URL("./chromium-without-netlink.py", import.meta.url));

export const hasChromium = (): boolean => ["/usr/bin/chromium", "/usr/bin/python3"].every((path) => existsSync(path));

/** Without what it would ask of the internet by itself. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: PATH, args: ["--no-sandbox", "--disable-background-networking"] });
