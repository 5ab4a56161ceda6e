import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import { onTestFinished } from "vitest";
import { type Berth, startBerth } from "./berth.ts";
import { type ScenarioEngine, startScenarioSimulation } from "./scenario-engine.ts";

export const hasBrowser = hasChromium();

/** The built console at a real server, with a simulated machine `gpu-1` and an image `public/busybox:1`. */
export interface ConsoleStage {
  berth: Berth;
  /** Somebody's own browser, until the test is over. */
  openContext(options?: BrowserContextOptions): Promise<BrowserContext>;
  close(): Promise<void>;
}

export async function openConsoleStage(): Promise<ConsoleStage> {
  const [berth, engine, browser]: [Berth, ScenarioEngine, Browser] = await Promise.all([
    startBerth(),
    startScenarioSimulation("simulated"),
    launchChromium(),
  ]);
  await berth.admin.machine.add.mutate({ ...engine.endpoint, allow_insecure: true, name: "gpu-1" });
  await berth.admin.image.add.mutate({ name: "public/busybox:1", reference: "berth-test/busybox:latest" });
  return {
    berth,
    async openContext(options) {
      const viewport = { width: 1_280, height: 900 };
      const context = await browser.newContext({ locale: "en-GB", baseURL: berth.server.url, viewport, ...options });
      context.setDefaultTimeout(60_000);
      onTestFinished(() => context.close());
      return context;
    },
    async close() {
      await browser.close();
      await berth.close();
      await engine.close();
    },
  };
}

export async function signIn(page: Page, { account, password }: { account: string; password: string }): Promise<void> {
  await page.goto("/login");
  await page.locator("#account").fill(account);
  await page.locator("#password").fill(password);
  await page.locator("button[type=submit]").click();
  await page.locator(".top-bar").waitFor();
}
