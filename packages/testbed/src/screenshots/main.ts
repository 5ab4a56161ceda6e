// `npm run screenshots`: each page of the console, with a lab that is played, in both languages, light and dark, on a
// laptop and on a phone. `npm run screenshots -- home images` takes only these.
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { BrowserUser, type Surroundings } from "../console/browser-user.ts";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import type { ConsoleTab } from "../console/console-tab.ts";
import { findCommand } from "../fleet/command-path.ts";
import { withLock } from "../fleet/lock.ts";
import { installFromDebian, PREPARE_LOCK } from "../fleet/prepare.ts";
import { runCommand } from "../fleet/run-command.ts";
import { fillLab, USER } from "./fill-lab.ts";
import { pagesOf, type ShownPage } from "./pages.ts";
import { ADMIN, startLab } from "./start-lab.ts";

const FOLDER = fileURLToPath(new URL("../../../../docs/screenshots/", import.meta.url));
const LANGUAGES = { "zh-CN": "zh", "en-GB": "en" } as const;
const WIDTHS = [1_440, 390];
const WHO = { admin: ADMIN, user: USER, nobody: null };

async function main(asked: readonly string[]): Promise<void> {
  await getReady();
  mkdirSync(FOLDER, { recursive: true });
  const lab = await startLab();
  const browser = await launchChromium();
  try {
    const all = pagesOf(await fillLab(lab));
    const unknown = asked.filter((name) => all.every((page) => page.name !== name));
    if (unknown.length > 0) throw new Error(`no such page: ${unknown.join(", ")}`);
    const pages = asked.length === 0 ? all : all.filter(({ name }) => asked.includes(name));
    for (const locale of ["zh-CN", "en-GB"] as const) {
      for (const colorScheme of ["light", "dark"] as const) {
        await takeAll(browser, pages, { url: lab.url, locale, colorScheme });
      }
    }
    if (asked.length === 0) removeOthers(all);
  } finally {
    await browser.close();
    await lab.close();
  }
  const files = readdirSync(FOLDER);
  const bytes = files.reduce((sum, file) => sum + statSync(join(FOLDER, file)).size, 0);
  console.log(`${files.length} pictures in docs/screenshots, ${(bytes / 1_000_000).toFixed(1)} MB`);
}

/** A browser, and letters for all that is written. */
async function getReady(): Promise<void> {
  const missing = [...(hasChromium() ? [] : ["chromium"]), ...((await hasChineseFont()) ? [] : ["fonts-noto-cjk"])];
  if (missing.length === 0) return;
  await withLock(PREPARE_LOCK, () => installFromDebian(missing, console.log));
}

const hasChineseFont = async (): Promise<boolean> =>
  findCommand("fc-list") !== null && (await runCommand("fc-list", [":lang=zh-cn"])) !== "";

async function takeAll(browser: Browser, pages: readonly ShownPage[], look: Surroundings): Promise<void> {
  for (const who of ["nobody", "user", "admin"] as const) {
    const user = await BrowserUser.open(browser, look);
    const tab = await user.openTab();
    const account = WHO[who];
    if (account) await tab.signIn(account);
    for (const page of pages.filter((each) => each.who === who)) {
      for (const width of WIDTHS) {
        await tab.page.setViewportSize({ width, height: width < 600 ? 844 : 900 });
        await tab.page.goto(page.path);
        await page.steps?.(tab);
        await settle(tab);
        const file = `${page.name}.${LANGUAGES[look.locale]}.${look.colorScheme}.${width}.webp`;
        const png = await tab.page.screenshot({ animations: "disabled", caret: "hide" });
        await sharp(png).webp({ quality: 82, effort: 6 }).toFile(join(FOLDER, file));
      }
    }
    await user.close();
  }
}

/** All is there that the page has asked for: nothing stands in for what comes. */
async function settle({ page }: ConsoleTab): Promise<void> {
  await page.locator("h1").first().waitFor();
  // No `waitForFunction`: it needs the eval that the page's policy forbids.
  await page.locator(".ant-skeleton, .ant-spin-spinning, [aria-busy=true]").first().waitFor({ state: "detached" });
  await page.evaluate("document.fonts.ready.then(() => undefined)");
  await page.evaluate("Promise.allSettled([...document.images].map((image) => image.decode())).then(() => undefined)");
}

/** Of pages that are no more. */
function removeOthers(pages: readonly ShownPage[]): void {
  for (const file of readdirSync(FOLDER)) {
    if (pages.every(({ name }) => name !== file.split(".")[0])) rmSync(join(FOLDER, file));
  }
}

await main(process.argv.slice(2));
process.exit(0);
